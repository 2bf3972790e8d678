"""The free-energy landscape of a coordinate: borders, names of states, and the curve in 1-D."""

import made_up
import numpy as np
import pytest

from raremd.report.figures import free_energy
from raremd.report.figures.style import Look


@pytest.fixture(scope="module")
def landscapes():
    return made_up.landscapes()


def test_borders_run_between_states(landscapes):
    axes = free_energy.draw(landscapes[:1], Look()).axes[0]
    sides = np.concatenate(axes.collections[1].get_segments())
    assert len(axes.collections[1].get_segments()) == 4
    assert set(sides[:, 1]) == {2.0}
    assert axes.get_xlabel() == "φ (°)"
    assert axes.get_xlim() == (-180, 180)


@pytest.mark.parametrize(
    ("names", "wanted"), [((), ["0", "1"]), (("A", "B"), ["A", "B"]), (("A",), ["0", "1"])]
)
def test_states_are_named_where_their_free_energy_is_lowest(landscapes, names, wanted):
    axes = free_energy.draw(landscapes[:1], Look(names=names)).axes[0]
    assert [text.get_text() for text in axes.texts] == wanted
    below, above = (text.get_position()[1] for text in axes.texts)
    assert below < 2.0 < above


def test_curve_of_one_coordinate(landscapes):
    (axes,) = free_energy.draw(landscapes[1:], Look()).axes
    assert [line.get_xdata()[0] for line in axes.lines] == [1.0]
    assert axes.get_ylabel() == "free energy (kT)"


def test_the_first_coordinate_is_across(landscapes):
    mesh = free_energy.draw(landscapes[:1], Look()).axes[0].collections[0]
    shown = np.ma.filled(mesh.get_array(), np.nan).reshape(4, 4)  # rows: the second coordinate
    assert np.isnan(shown[:, 3]).all() and np.isfinite(shown[:, :3]).all()
