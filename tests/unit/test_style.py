"""How figures look: colours, marks, edges and names."""

import made_up
import numpy as np
from made_up import BASE, MODELS

from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import cell_title, pretty


def test_control_is_a_lighter_tone_of_its_model():
    look = Look(models=tuple(MODELS), controls=made_up.CONTROLS)
    control, of = (look.series[model] for model in ("lstm_twice", "lstm"))
    assert control.marker == of.marker
    assert all(np.array(control.color) > np.array(of.color))


def test_models_of_users_differ_from_all_others():
    found = Look(models=("lstm", "mine", "yours")).series
    assert len({(s.color, s.marker) for s in found.values()}) == 3


def test_values_off_the_scale_are_at_its_edge():
    np.testing.assert_array_equal(style.within([-10, 1, np.inf]), [-5, 1, 5])


def test_names_for_people():
    assert pretty("phi_psi") == "φ ψ"
    assert pretty("kmeans_100") == "k-means 100"
    assert cell_title(BASE, "tau") == "xy · Δt 1 τ\nk-means 100"
