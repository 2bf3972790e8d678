"""Each figure drawn from a made-up study: what stands where, with which numbers and labels."""

import copy

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import BASE, CELLS, MODELS
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgb

from raremd.analysis import plotted
from raremd.analysis.claim_records import Judgement
from raremd.analysis.tidy import pick
from raremd.report.figures import (
    claims,
    controls,
    cost,
    factor,
    free_energy,
    heatmap,
    populations_mfpt,
    recrossing,
    residence_times,
    strips,
    style,
    timescales,
    training,
    transition_matrices,
)
from raremd.report.figures.style import Look
from raremd.study.verdict_plans import Control

LOOK = Look(
    models=tuple(MODELS), controls=made_up.CONTROLS, unit="tau", lag=100.0, interval=1.0,
    tolerance=0.32,
)  # fmt: skip
GRID = {"interval": (1.0, 10.0), "partition": ("kmeans_100", "macrostates")}


def look(**changes):
    """The look of the made-up study with some things changed."""
    return Look(**(vars(LOOK) | changes))


@pytest.fixture(scope="module")
def table():
    return made_up.comparison()


@pytest.fixture(scope="module")
def cell(table):
    return pick(table, **BASE._asdict())


@pytest.fixture(scope="module")
def judgement():
    return made_up.judgement()


@pytest.fixture(scope="module")
def landscapes():
    return made_up.landscapes()


@pytest.fixture(scope="module")
def data(table, cell, judgement, landscapes):
    """Module -> what it draws, and its look."""
    some = plotted.Strips({"md": [np.array([0, 0, 1])] * 3, "lstm": [np.arange(3)] * 3}, 3, 0.5)
    return {
        timescales: (table, LOOK),
        heatmap: (plotted.mean_errors(pick(table, coordinate="xy"), 100.0), look(levels=GRID)),
        residence_times: (cell, LOOK),
        factor: (pick(table, partition="kmeans_100"), look(levels={"interval": (1.0, 10.0)})),
        controls: (cell, LOOK),
        recrossing: (plotted.removal_times(made_up.cored(), 100.0), LOOK),
        transition_matrices: (plotted.matrices(cell, ["lstm", "lstm_twice"], 100.0), LOOK),
        populations_mfpt: (cell, LOOK),
        cost: (made_up.costs(table), LOOK),
        training: (made_up.history(), LOOK),
        free_energy: (landscapes, Look()),
        strips: (some, look(unit="ps")),
        claims: (judgement, LOOK),
    }


@pytest.fixture
def drawn(data):
    """Draws the figure of a module."""
    return lambda module: module.draw(*data[module])


def lines_labelled(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def texts(labels):
    return [label.get_text() for label in labels]


def bars(axes):
    """End points (x, low, high) of all vertical intervals."""
    found = [c for c in axes.collections if isinstance(c, LineCollection)]
    return [(s[0, 0], s[0, 1], s[1, 1]) for c in found for s in c.get_segments()]


class TestTimescales:
    def test_a_panel_a_cell_with_units(self, drawn):
        figure = drawn(timescales)
        visible = [a for a in figure.axes if a.get_visible()]
        assert len(visible) == len(CELLS)
        assert figure.get_supxlabel() == "lag time (τ)"
        assert figure.get_supylabel() == "implied timescale (τ)"
        assert {a.get_xscale() + a.get_yscale() for a in visible} == {"loglog"}

    def test_lines_bands_and_intervals(self, table, cell):
        axes, exact = style.new_figure(3, 3).subplots(), pick(table, model="exact")
        timescales.draw_timescales(axes, pick(cell, quantity="timescale"), exact, LOOK.series)
        # Two processes each: MD, reference, exact, three models.
        assert len(axes.lines) == 2 * (3 + len(MODELS))
        (line,) = lines_labelled(axes, "LSTM")
        np.testing.assert_array_equal(line.get_xdata(), made_up.LAGS)
        np.testing.assert_array_equal(line.get_ydata(), [300.0] * 3)
        bands = [c for c in axes.collections if not isinstance(c, LineCollection)]
        assert len(bands) == 2
        assert bands[0].get_paths()[0].vertices[:, 1].min() == 50
        assert bands[0].get_paths()[0].vertices[:, 1].max() == 200
        assert {b[1:] for b in bars(axes)} == {(50.0, 200.0)}

    def test_infinite_limit_reaches_beyond_the_axis(self, table):
        endless = table.assign(high=np.where(table["model"] == "md", np.inf, table["high"]))
        panel = timescales.draw(endless, LOOK).axes[0]
        assert panel.collections[0].get_paths()[0].vertices[:, 1].max() > panel.get_ylim()[1]


class TestFactor:
    def test_one_series_a_model(self, table):
        shown = pick(table, coordinate="xy", interval=1.0)
        figure = factor.draw(shown, look(levels={"partition": GRID["partition"]}))
        for panel in figure.axes:
            (line,) = lines_labelled(panel, "LSTM")
            assert len(line.get_xdata()) == 2
            assert len(lines_labelled(panel, "LSTM, 2 x tokens")[0].get_xdata()) == 1
            dots = [p for p in panel.lines if p.get_marker() == "."]
            assert sum(len(p.get_xdata()) for p in dots) == 3 * (2 + 2 + 1)
            assert {b[1:] for b in bars(panel)} == {(-2.0, 0.5)}

    def test_marks_stand_near_their_interval_and_the_band_is_named(self, drawn):
        figure = drawn(factor)
        for panel in figure.axes:
            marked = [line for line in panel.lines if line.get_marker() in "so^"]
            for x in [line.get_xdata() for line in marked]:
                assert abs(x[:, None] - np.log2([1, 10])).min(1).max() < 0.5, "a factor of 1.4"
        assert "within a factor of 1.25" in texts(figure.legends[0].get_texts())

    def test_interval_axis_is_logarithmic_and_has_a_unit(self, drawn):
        left, right = drawn(factor).axes
        assert left.get_xlabel() == "saving interval (τ)"
        assert left.get_title() == "metastable states, lag 100 τ"
        assert left.get_ylabel() == "log₂(t₁ model / t₁ MD)\n← too fast    too slow →"
        assert np.diff(left.get_xticks()) == pytest.approx(np.log2(10))
        assert texts(right.get_xticklabels()) == ["1", "10"]

    def test_other_numbers_of_states_have_other_fillings_and_a_legend(self, table):
        shown = pick(table, interval=1.0, partition="kmeans_100")
        both = pd.concat([shown, pick(shown, coordinate="x").assign(partition="kmeans_20")])
        states = {"kmeans_20": 20, "kmeans_500": 500}
        figure = factor.draw(both, look(levels={"dimension": ("x", "xy")}, states=states))
        opened = [line for line in figure.axes[0].lines if line.get_fillstyle() == "none"]
        seen = [x for line in opened for x in line.get_xdata()]
        assert len(seen) == 2, "Markov and LSTM, in x alone"
        assert max(seen) < 0.5
        entries = texts(figure.legends[0].get_texts())
        assert "20 states" in entries and "500 states" not in entries

    def test_failures_stay_on_the_scale(self, table):
        shown = pick(table, interval=1.0, partition="kmeans_100")
        failed = shown.assign(value=np.where(shown["replicate"] == 1, 10.0, shown["value"]))
        panel = factor.draw(failed, look(levels={"dimension": ("x", "xy")})).axes[0]
        dots = np.concatenate([p.get_ydata() for p in panel.lines if p.get_marker() == "."])
        assert dots.max() == style.EDGE
        assert texts(panel.get_xticklabels()) == ["x\n(1-D)", "xy\n(2-D)"]


class TestRecrossing:
    def test_a_place_a_time_with_none_first_and_core_sets_last(self):
        x = recrossing.places(made_up.cored())
        assert x["none", 0.0] == 0 and x["core_sets", 0.0] == 3
        assert x["minimum_dwell", 4.0] == x["dynamical_coring", 4.0] == 1
        assert x["dynamical_coring", 50.0] == 2

    def test_over_coring_is_ringed_in_md_and_model(self, drawn):
        figure = drawn(recrossing)
        md, lstm = figure.axes[:2]
        assert [a.get_title() for a in (md, lstm)] == ["MD", "LSTM"]
        for panel, height in ((md, 1.0), (lstm, np.log2(0.1))):
            (ring,) = lines_labelled(panel, "over-cored")
            assert ring.get_ydata() == pytest.approx([height]), "200 is above the interval of 100"
            assert ring.get_xdata() == pytest.approx([2 + recrossing.BESIDE["dynamical_coring"]])
        assert texts(figure.axes[2].get_xticklabels()) == ["none", "4", "50", "cores"]


class TestControls:
    def test_a_row_a_model_that_ran_with_failures_at_the_edge(self, cell):
        failed = cell.assign(value=np.where(cell["replicate"] == 1, 10.0, cell["value"]))
        left, right = controls.draw(failed, look(models=(*MODELS, "gru"))).axes
        assert texts(left.get_yticklabels()) == ["Markov", "LSTM", "LSTM, 2 x tokens"]
        means = [line for line in left.lines if line.get_marker() in "so^v"]
        assert [line.get_ydata().tolist() for line in means] == [[0], [1], [2]]
        dots = [line.get_xdata().max() for line in left.lines if line.get_marker() == "."]
        assert dots == [style.EDGE] * 3
        assert right.get_title() == "own states, lag 1 τ"


class TestHeatmap:
    def test_numbers_and_labels(self, drawn):
        figure = drawn(heatmap)
        panels = [a for a in figure.axes if a.images]
        assert len(panels) == 4  # two models: the control ran in one cell only
        # Replicates are off by -1.5, -2.5 and -3.5.
        assert texts(panels[0].texts) == ["2.5"] * 4
        assert texts(panels[-1].get_xticklabels()) == ["1", "10"]
        assert texts(panels[0].get_yticklabels()) == ["k-means 100", "macrostates"]
        assert panels[-1].get_xlabel() == "saving interval (τ)"

    def test_each_value_in_its_place(self, data):
        errors, _ = data[heatmap]
        odd = (errors["interval"] == 10) & (errors["partition"] == "macrostates")
        changed = errors.assign(error=np.where(odd, 1.0, errors["error"]))
        chosen = pick(changed, model="lstm", quantity="yardstick_log2_ratio")
        np.testing.assert_allclose(heatmap.grid_of(chosen, *GRID.items()), [[2.5, 2.5], [2.5, 1.0]])

    def test_cells_that_were_not_computed_are_hatched(self):
        axes = style.new_figure(2, 2).subplots()
        heatmap.draw_grid(axes, np.array([[0.1, np.nan]]), ["1", "2"], ["a"])
        assert texts(axes.texts) == ["0.1"]
        assert [p.get_hatch() for p in axes.patches] == ["////"]


class TestBaseCell:
    def test_matrices_a_row_a_model_with_states_from_zero(self, drawn):
        figure = drawn(transition_matrices)
        panels = [a for a in figure.axes if a.images]
        assert [a.get_title() for a in panels[:3]] == ["MD", "LSTM", "LSTM − MD"]
        assert len(panels) == 6
        assert texts(panels[0].get_xticklabels()) == ["0", "1"]
        assert texts(panels[0].texts) == ["0.900", "0.100", "0.100", "0.900"]
        assert set(texts(panels[2].texts)) == {"+0.000"}
        assert "transition probability in 100 τ" in {a.get_xlabel() for a in figure.axes}

    def test_unknown_probability_is_a_dash(self):
        axes, values = style.new_figure(2, 2).subplots(), np.array([[np.nan, 1.0]] * 2)
        transition_matrices.draw_matrix(axes, values, "Blues", Normalize(0, 1), ".3f")
        assert texts(axes.texts) == ["–", "1.000"] * 2

    def test_populations_and_first_passages_with_states_from_zero(self, drawn):
        left, right = drawn(populations_mfpt).axes
        for label in ("MD", "Markov", "LSTM"):
            assert len(lines_labelled(left, label)[0].get_xdata()) == 2
        assert texts(left.get_xticklabels()) == ["0", "1"]
        assert texts(right.get_xticklabels()) == ["0→1", "1→0"]
        assert right.get_ylabel() == "mean first-passage time (τ)"
        assert {b[1:] for b in bars(left)} == {(0.4, 0.6)}
        assert min(b[2] for b in bars(right)) > right.get_ylim()[1]

    def test_first_passages_of_many_states_are_a_matrix_for_each_model(self, cell):
        pairs = [(i, j) for i in range(1, 7) for j in range(1, 7) if i != j]
        rows = pick(cell, quantity="mfpt", lag=100.0, replicate=0).drop_duplicates("model")
        many = pd.concat([rows.assign(i=i, j=j) for i, j in pairs])
        slow = many.assign(value=np.where(many["model"] == "lstm", 8.0, 2.0))
        others = cell[cell["quantity"] != "mfpt"]
        shown = look(models=("markov", "lstm"))
        figure = populations_mfpt.draw(pd.concat([others, slow]), shown)
        panels = [a for a in figure.findobj(Axes) if a.images]
        assert [a.get_title() for a in panels] == ["Markov", "LSTM"]
        values = panels[1].images[0].get_array()
        assert values.shape == (6, 6)
        assert np.ma.filled(values, np.nan)[0, 1] == 2.0, "log2 of 8 / 2"

    def test_residence_a_panel_a_state_and_one_of_rates(self, drawn):
        one, two, rates = (a for a in drawn(residence_times).axes if a.get_visible())
        assert one.get_title() == "metastable state 0" and one.get_xlabel() == "time t (τ)"
        for label in ("MD", "LSTM"):
            (line,) = lines_labelled(two, label)
            np.testing.assert_array_equal(line.get_xdata(), [1.0, 10.0, 100.0])
            np.testing.assert_allclose(line.get_ydata(), [1, 10**-0.5, 0.1])
        (band,) = one.collections
        assert band.get_paths()[0].vertices[:, 1].max() == 0.9
        assert texts(rates.get_xticklabels()) == ["1", "100"]
        assert rates.get_ylabel() == "crossings (1/τ)"
        marked = [y for line in lines_labelled(rates, "LSTM") for y in line.get_ydata()]
        assert marked == [0.1, 0.001]

    def test_a_model_that_never_crosses_has_no_rate_on_a_logarithmic_axis(self, cell):
        rates = (cell["quantity"] == "crossing_rate") & (cell["model"] == "lstm")
        stuck = cell.assign(value=np.where(rates, 0.0, cell["value"]))
        panel = residence_times.draw(stuck, LOOK).axes[2]
        assert all(len(line.get_ydata()) == 0 for line in lines_labelled(panel, "LSTM"))

    def test_an_image_a_trajectory(self, drawn):
        figure = drawn(strips)
        (axes,) = figure.axes
        assert len(axes.images) == 6
        assert axes.get_xlim() == (0, 1.5)
        assert axes.get_xlabel() == "time (ps)"
        assert texts(axes.get_yticklabels()) == ["MD", "LSTM"]
        assert texts(figure.legends[0].get_texts()) == ["state 0", "state 1", "state 2"]


class TestTrainingAndCost:
    def test_a_line_a_replicate(self, drawn):
        figure = drawn(training)
        assert len(figure.axes) == 4
        for axes in figure.axes:
            colors = [to_rgb(line.get_color()) for line in axes.lines]
            assert colors.count(LOOK.series["lstm"].color) == 3
            assert colors.count(LOOK.series["markov"].color) == 1
        labels = ["loss (nats/frame)", "expected t₁ (τ)"]
        assert [axes.get_ylabel() for axes in figure.axes] == labels * 2
        for axes in figure.axes[1::2]:
            assert [line.get_ydata()[0] for line in lines_labelled(axes, "MD")] == [90.0]

    def test_cost_one_mark_a_cell(self, drawn):
        (axes,) = drawn(cost).axes
        (line,) = lines_labelled(axes, "LSTM")
        np.testing.assert_array_equal(line.get_xdata(), [20.0] * len(CELLS))
        np.testing.assert_array_equal(line.get_ydata(), [2.5] * len(CELLS))
        assert axes.get_xlabel().endswith("(s)")

    def test_controls_of_a_model_share_a_name(self, drawn):
        entries = texts(drawn(training).legends[0].get_texts())
        assert entries == ["Markov", "LSTM", "controls of LSTM", "MD"]

    def test_and_a_marker_in_the_figure_of_cost(self, table):
        many = [f"lstm_{n}" for n in range(9)]
        models = (*MODELS, *many)
        more = tuple(Control(name, "lstm", "budget", 2.0) for name in many)
        shown = look(models=models, controls=(*made_up.CONTROLS, *more))
        figure = cost.draw(made_up.costs(table), shown)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        assert shown.grouped["lstm_8"].marker == shown.grouped["lstm"].marker
        assert axes.get_position().height > 0.5, "the legend leaves room"


class TestClaims:
    def test_a_line_a_record_below_its_heading(self, judgement, drawn):
        lines = claims.lay_out(judgement.records)
        assert [isinstance(line, str) for _, line in lines] == [True, False, False, True, False]
        (axes,) = drawn(claims).axes
        shown = texts(axes.texts)
        assert shown.count("42") == 3
        assert shown.count("undecided") == shown.count("contradicted") == 1
        # Of each record what is seen at the long lag, then at one step.
        effects = [p.get_xdata()[0] for p in axes.lines if p.get_marker() not in ("None", "", "|")]
        assert effects == [0.1, 0.1, 0.1, 0.1, -style.EDGE, 0.1]
        strokes = [list(p.get_xdata()) for p in axes.lines if p.get_marker() == "|"]
        assert strokes == [[], [-style.EDGE, 0.2], []]
        lows = [c.get_segments()[0][0, 0] for c in axes.collections]
        assert lows == [-0.2, -0.2, -0.2, -0.2, -style.EDGE, -0.2]

    def test_a_study_without_claims(self):
        figure = claims.draw(Judgement((), ()), LOOK)
        assert texts(figure.axes[0].texts) == ["no claim is declared in the configuration"]


def test_nothing_that_is_drawn_changes(data):
    before = copy.deepcopy(list(data.values()))
    for module, shown in data.items():
        module.draw(*shown)
    for (was, _), (now, _) in zip(before, data.values(), strict=True):
        if isinstance(was, pd.DataFrame):
            pd.testing.assert_frame_equal(was, now)
        else:
            assert repr(was) == repr(now)


@pytest.mark.parametrize("module", [factor, free_energy])
def test_same_input_same_bytes(tmp_path, drawn, module):
    for run in "ab":
        style.save(drawn(module), tmp_path / f"{run}.pdf", tmp_path / f"{run}.png")
    for suffix in (".pdf", ".png"):
        first, second = ((tmp_path / f"{run}{suffix}").read_bytes() for run in "ab")
        assert first == second
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()


def test_the_level_of_a_model_without_batches_is_that_of_its_replicates():
    """Each may have MD of its own, so that none stands for all."""
    axes = style.grid(1, 1, 1.0)[1][0]
    times = pd.DataFrame({"model": "markov", "tokens": 0.0, "expected_timescale": [9.0, 5.0, 4.0]})
    look = {"markov": style.Series("black", "o", "Markov")}
    training.draw_history(axes, times.assign(replicate=[1, 2, 3]), look, "expected_timescale")
    assert list(axes.lines[0].get_ydata()) == [5.0, 5.0]
