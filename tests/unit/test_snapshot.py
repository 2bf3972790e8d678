import numpy as np
import pandas as pd
import pytest
from PIL import Image
from spot_check import compare_cell

from raremd import snapshot


def row(**changes):
    base = {"system": "toy", "coordinate": "x", "interval": 1.0, "partition": "fine"}
    base |= {"model": "lstm", "replicate": 1, "quantity": "timescale", "i": 1, "j": 0, "lag": 1.0}
    return base | {"value": 8.0, "low": np.nan, "high": np.nan} | changes


def test_large_figures_shrink_and_keep_their_proportions(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (600, 900, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    snapshot.compress(tmp_path / "large.png", tmp_path / "small.png", 60_000)
    assert (tmp_path / "small.png").stat().st_size <= 60_000
    width, height = Image.open(tmp_path / "small.png").size
    assert width / height == pytest.approx(1.5, rel=0.02)


def test_what_is_kept():
    table = pd.DataFrame(
        [
            row(),
            row(lag=2.0),  # neither the interval nor the yardstick's lag
            row(lag=5.0, quantity="yardstick_timescale"),
            row(quantity="survival"),
            row(quantity="log2_ratio"),  # of one replicate: follows from the timescales
            row(quantity="log2_ratio", replicate=0),
            row(quantity="cross_entropy", lag=np.nan),
        ]
    )
    kept = snapshot.reduce(table, {"toy": 5.0})
    assert kept["quantity"].tolist() == [
        "timescale",
        "yardstick_timescale",
        "log2_ratio",
        "cross_entropy",
    ]


class TestSpotCheck:
    kept = pd.DataFrame(
        [row(), row(replicate=2, value=2.0), row(replicate=0, value=4.0, low=3.0, high=5.0)]
    )

    def again(self, *values):
        return pd.DataFrame([row(replicate=n, value=v) for n, v in enumerate(values, start=1)])

    def test_the_same(self):
        assert compare_cell(self.kept, self.again(8.0, 2.0)) == (0.0, 1.0)

    def test_within_error_bars(self):
        difference, inside = compare_cell(self.kept, self.again(4.0, 4.0))
        assert difference == 1.0 and inside == 1.0

    def test_another_answer(self):
        assert compare_cell(self.kept, self.again(8.0, 8.0)) == (3.0, 0.0)
        assert compare_cell(self.kept, self.again(np.nan, 2.0))[0] == np.inf

    def test_missing_values(self):
        with pytest.raises(SystemExit, match="2 committed values, 1 recomputed"):
            compare_cell(self.kept, self.again(8.0))
