"""How figures look: colours, marks, edges and names."""

import made_up
import numpy as np
from made_up import BASE, MODELS

from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import cell_title, change, named, pretty
from raremd.study.verdict_plans import Control


def test_control_is_a_lighter_tone_of_its_model():
    look = Look(models=tuple(MODELS), controls=made_up.CONTROLS)
    control, of = (look.series[model] for model in ("lstm_twice", "lstm"))
    assert control.marker == of.marker
    assert all(np.array(control.color) > np.array(of.color))


def test_models_of_users_differ_from_all_others():
    found = Look(models=("lstm", "mine", "yours")).series
    assert len({(s.color, s.marker) for s in found.values()}) == 3


def test_short_logarithmic_axes_have_labels_that_do_not_overlap():
    edge, labels = (15, 600), ["20", "50", "100", "200", "500"]
    figure = style.new_figure(style.SINGLE, 2)
    axes = figure.subplots()
    axes.set(xscale="log", xlim=edge)
    style.log_ticks(axes.xaxis, *edge)
    figure.draw_without_rendering()
    shown = [
        t.get_text()
        for t in axes.get_xticklabels(which="both")
        if edge[0] <= t.get_position()[0] <= edge[1]
    ]
    assert [text for text in shown if text] == labels


def test_values_off_the_scale_are_at_its_edge():
    np.testing.assert_array_equal(style.within([-10, 1, np.inf]), [-5, 1, 5])


def test_controls_are_called_by_what_they_vary_not_by_their_names():
    controls = (
        Control("lstm_sixteen_times", "lstm", "budget", 16.0),
        Control("lstm_corrected", "lstm", "prior", 4.0),
        Control("lstm_masked_4", "lstm", "prior", 4.0),
        Control("tsai_64", "lstm", "size", 1.0),
    )
    names = ["LSTM", "LSTM, 16 x tokens", "LSTM with corrected jumps, 4 x tokens"]
    names += ["LSTM masked, 4 x tokens", "tsai 64"]
    models = ["lstm", *(control.name for control in controls)]
    assert [named(model, controls) for model in models] == names
    assert [s.label for s in Look(models=tuple(models), controls=controls).series.values()] == names
    changes = ["16 x tokens", "corrected, 4 x tokens", "masked, 4 x tokens", "tsai 64"]
    assert [change(control) for control in controls] == changes


def test_names_for_people():
    assert pretty("phi_psi") == "φ ψ"
    assert pretty("kmeans_100") == "k-means 100"
    assert cell_title(BASE, "frame").startswith("xy · Δt 1 frame\n")
    assert cell_title(BASE, "tau") == "xy · Δt 1 τ\nk-means 100"
