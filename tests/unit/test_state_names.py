"""Metastable states are called as their user calls them, in every figure that shows them."""

from __future__ import annotations

from dataclasses import replace

import made_up
import numpy as np
import pytest
from made_up import BASE
from matplotlib.text import Text

from raremd.analysis.plotted import Strips, matrices
from raremd.analysis.tidy import pick
from raremd.report.figures import populations_mfpt, residence_times, strips, transition_matrices
from raremd.report.figures.style import Look

LOOK = Look(models=("lstm",), unit="ps", lag=100.0, interval=1.0)
NUMBERED = {"0", "1", "state 0", "0→1", "metastable state 0"}
NAMED = {"beta", "alpha", "state beta", "beta→alpha", "metastable state beta"}


@pytest.fixture(scope="module")
def data():
    cell = pick(made_up.comparison(), **BASE._asdict())
    return {
        residence_times: cell,
        populations_mfpt: cell,
        transition_matrices: matrices(cell, ["lstm"], 100.0),
        strips: Strips({"md": [np.array([0, 1, 1])] * 3}, 2, 0.5),
    }


def texts(figure):
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize("module", [residence_times, populations_mfpt, transition_matrices, strips])
def test_figures(data, module):
    assert texts(module.draw(data[module], LOOK)) & NUMBERED
    named = replace(LOOK, names=("beta", "alpha"))
    found = texts(module.draw(data[module], named))
    assert found & NAMED
    assert not found & (NUMBERED - {"0", "1"})
