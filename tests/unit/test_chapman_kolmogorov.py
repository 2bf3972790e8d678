"""The figure of the Chapman-Kolmogorov test, with many states."""

import numpy as np
import pandas as pd

from raremd.report.figures import chapman_kolmogorov
from raremd.report.figures.style import Look


def test_the_prediction_is_dashed_and_panels_are_few():
    kinds = {"ck_predicted": 0.5, "ck_estimated": 0.7}
    told = [
        {"model": "md", "replicate": 0, "quantity": q, "i": i, "lag": lag, "value": value}
        for q, value in kinds.items()
        for i in range(1, 201)
        for lag in (100.0, 200.0)
    ]
    table = pd.DataFrame(told).assign(low=np.nan, high=np.nan)
    figure = chapman_kolmogorov.draw(table, Look(unit="tau", lag=100.0))
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == chapman_kolmogorov.MOST
    drawn = {line.get_linestyle(): line.get_ydata() for line in panels[1].lines}
    assert {style: set(y) for style, y in drawn.items()} == {"--": {0.5}, "None": {0.7}}
