import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from raremd.analysis.tidy import (
    cell_title,
    cells,
    full_grid,
    matrix,
    of_factor,
    of_grid,
    pick,
    pretty,
    removals,
)
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

MODELS = ["markov", "lstm", "lstm_twice"]
CONTROLS = {"lstm_twice": "lstm"}
BASE = {"coordinate": "xy", "interval": 1.0, "partition": "kmeans_100"}
CELLS = [
    ("xy", 1.0, "kmeans_100"),
    ("x", 1.0, "kmeans_100"),
    ("xy", 10.0, "kmeans_100"),
    ("xy", 1.0, "macrostates"),
    ("xy", 10.0, "macrostates"),
]
LAGS = [1.0, 10.0, 100.0]


def rows_of_cell(coordinate, interval, partition):
    cell = {
        "coordinate": coordinate,
        "dimension": len(coordinate),
        "recrossing": "none",
        "tau_c": 0.0,
        "interval": interval,
        "partition": partition,
    }
    empty = {"i": 0, "j": 0, "lag": np.nan, "low": np.nan, "high": np.nan, "unit": ""}
    models = MODELS if cell | BASE == cell else MODELS[:2]
    everyone = [("md", 0), ("reference", 0), *itertools.product(models, range(4))]
    for (model, replicate), lag in itertools.product(everyone, LAGS):
        row = cell | empty | {"model": model, "replicate": replicate, "lag": lag}
        times = {"low": 50.0, "high": 200.0} if replicate == 0 else {}
        ratios = {"low": -2.0, "high": 0.5} if replicate == 0 else {}
        for i in (1, 2, 3) if lag >= interval else ():
            yield row | times | {"quantity": "timescale", "i": i, "value": 300.0 / i, "unit": "tau"}
            for quantity in ("log2_ratio", "yardstick_log2_ratio") if model in models else ():
                yield row | ratios | {"quantity": quantity, "i": i, "value": -0.5 - replicate}
    for model, replicate in everyone:
        row = cell | empty | {"model": model, "replicate": replicate, "lag": 100.0}
        for i, j in itertools.product((1, 2), (1, 2)):
            p = 0.9 if i == j else 0.1
            yield row | {"quantity": "transition_probability", "i": i, "j": j, "value": p}
            if i != j:
                times = {"value": 1000.0, "low": 500.0, "high": np.inf, "unit": "tau"}
                yield row | {"quantity": "mfpt", "i": i, "j": j} | times
        for i in (1, 2):
            shares = {"value": 0.5, "low": 0.4, "high": 0.6}
            yield row | {"quantity": "population", "i": i} | shares
        for t, i in itertools.product((interval, 10 * interval, 100 * interval), (1, 2)):
            stay = {"value": (interval / t) ** (1 / i), "low": 0.02, "high": 0.9}
            yield row | {"quantity": "survival", "i": i, "lag": t} | stay
        for lag in sorted({interval, 100.0}):
            rate = {"value": 0.1 / lag, "low": 0.05 / lag, "high": 0.2 / lag, "unit": "1/tau"}
            yield row | {"quantity": "crossing_rate", "lag": lag} | rate


def exact_rows():
    row = {"coordinate": "", "dimension": 0, "partition": "", "model": "exact", "replicate": 0}
    for i in (1, 2, 3):
        yield row | {"quantity": "timescale", "i": i, "j": 0, "value": 310.0 / i, "unit": "tau"}


@pytest.fixture(scope="module")
def table():
    rows = [row for cell in CELLS for row in rows_of_cell(*cell)]
    return pd.DataFrame([*rows, *exact_rows()])


@pytest.fixture(scope="module")
def seconds():
    """Measured cost of each cell and model."""
    names = ["coordinate", "interval", "partition", "model"]
    rows = [(*key, model) for key in CELLS for model in MODELS]
    return pd.DataFrame(rows, columns=names).assign(core_seconds=20.0)


@pytest.fixture(scope="module")
def looks():
    return style.series(MODELS, CONTROLS)


@pytest.fixture(scope="module")
def history():
    rows = []
    for (coordinate, interval, partition), model in itertools.product(CELLS[:2], MODELS):
        for replicate, step in itertools.product((1, 2, 3), (1, 2, 3)):
            rows.append(
                {
                    "coordinate": coordinate,
                    "interval": interval,
                    "partition": partition,
                    "model": model,
                    "replicate": replicate,
                    "tokens": 0 if model == "markov" else 1000 * step,
                    "validation_loss": 1.0 / step,
                }
            )
    return pd.DataFrame(rows)


def record(**changes):
    return {
        "claim": "C1",
        "statement": "it can be learned",
        "system": "four_state",
        "model": "lstm",
        "verdict": "supported",
        "effect": 0.1,
        "low": -0.2,
        "high": 0.3,
        "n_events": 42,
        "doubts": [],
        "control": {"varied": []},
    } | changes


RECORDS = [
    record(),
    record(
        model="transformer",
        verdict="inconclusive",
        doubts=["only 3 transitions"],
        control={"varied": [{"effect": -8.0}, {"effect": 0.2}]},
    ),
    record(claim="C6", statement="not superior", verdict="contradicted", low=-10.0, effect=-7.0),
]
PLANE = free_energy.Map(
    title="macrostates",
    names=["phi", "x"],
    periods=np.array([360.0, 0.0]),
    counts=np.where(np.arange(16).reshape(4, 4) < 12, 5, 0),
    edges=[np.linspace(-180, 180, 5), np.arange(5.0)],
    states=np.repeat([[0, 0, 1, 1]], 4, axis=0),
)
LINE = free_energy.Map(
    title="x",
    names=["x"],
    periods=np.zeros(1),
    counts=np.array([1, 8, 1]),
    edges=[np.arange(4.0)],
    states=np.array([0, 1, 1]),
)


def lines_labelled(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def bars(axes):
    """End points (x, low, high) of all vertical intervals."""
    found = [c for c in axes.collections if isinstance(c, LineCollection)]
    return [(s[0, 0], s[0, 1], s[1, 1]) for c in found for s in c.get_segments()]


class TestSelection:
    def test_pick_compares_numbers_with_tolerance(self):
        table = pd.DataFrame({"lag": [0.1 + 0.2, 0.4], "model": ["md", "lstm"]})
        assert list(pick(table, lag=0.3)["model"]) == ["md"]
        assert list(pick(table, model=["lstm", "md"])["model"]) == ["md", "lstm"]

    @pytest.mark.parametrize("name, n", [("dimension", 2), ("interval", 2), ("partition", 2)])
    def test_factor_keeps_cells_that_differ_in_it_alone(self, table, name, n):
        assert len(list(cells(of_factor(table, name, BASE)))) == n

    def test_matrix_is_indexed_from_and_to(self):
        table = pd.DataFrame({"i": [1, 2], "j": [2, 1], "value": [0.3, 0.7], "replicate": 0})
        table = table.assign(model="md", quantity="p")
        np.testing.assert_array_equal(matrix(table, "p", "md"), [[np.nan, 0.3], [0.7, np.nan]])

    def test_names_for_people(self):
        assert pretty("phi_psi") == "φ ψ"
        assert pretty("kmeans_100") == "k-means 100"
        assert cell_title(BASE, "tau") == "xy · Δt 1 τ\nk-means 100"


class TestStyle:
    def test_control_is_a_lighter_tone_of_its_model(self, looks):
        assert looks["lstm_twice"].marker == looks["lstm"].marker
        assert all(np.array(looks["lstm_twice"].color) > np.array(looks["lstm"].color))

    def test_models_of_users_differ_from_all_others(self):
        found = style.series(["lstm", "mine", "yours"], {})
        assert len({(s.color, s.marker) for s in found.values()}) == 3

    def test_values_off_the_scale_are_at_its_edge(self):
        np.testing.assert_array_equal(style.within([-10, 1, np.inf]), [-5, 1, 5])


class TestTimescales:
    def test_a_panel_a_cell_with_units(self, table, looks):
        figure = timescales.draw(table, looks)
        visible = [a for a in figure.axes if a.get_visible()]
        assert len(visible) == len(CELLS)
        assert figure.get_supxlabel() == "lag time (τ)"
        assert figure.get_supylabel() == "implied timescale (τ)"
        assert {a.get_xscale() + a.get_yscale() for a in visible} == {"loglog"}

    def test_lines_bands_and_intervals(self, table, looks):
        rows = pick(table, quantity="timescale", **BASE)
        axes = style.new_figure(3, 3).subplots()
        timescales.draw_timescales(axes, rows, pick(table, model="exact"), looks)
        # Two processes each: MD, reference, exact, three models.
        assert len(axes.lines) == 2 * (3 + len(MODELS))
        (line,) = lines_labelled(axes, "LSTM")
        np.testing.assert_array_equal(line.get_xdata(), LAGS)
        np.testing.assert_array_equal(line.get_ydata(), [300.0] * 3)
        bands = [c for c in axes.collections if not isinstance(c, LineCollection)]
        assert len(bands) == 2
        assert bands[0].get_paths()[0].vertices[:, 1].min() == 50
        assert bands[0].get_paths()[0].vertices[:, 1].max() == 200
        assert {b[1:] for b in bars(axes)} == {(50.0, 200.0)}

    def test_infinite_limit_reaches_beyond_the_axis(self, table, looks):
        endless = table.assign(high=np.where(table["model"] == "md", np.inf, table["high"]))
        panel = timescales.draw(endless, looks).axes[0]
        tops = [c.get_paths()[0].vertices[:, 1].max() for c in panel.collections[:1]]
        assert tops[0] > panel.get_ylim()[1]


class TestFactor:
    def draw(self, table, looks, name, levels, states=None):
        return factor.draw(table, name, levels, BASE, 100.0, 0.32, looks, states or {})

    def test_one_series_a_model(self, table, looks):
        figure = self.draw(table, looks, "partition", ["kmeans_100", "macrostates"])
        for panel in figure.axes:
            (line,) = lines_labelled(panel, "LSTM")
            assert len(line.get_xdata()) == 2
            assert len(lines_labelled(panel, "LSTM twice")[0].get_xdata()) == 1
            dots = [p for p in panel.lines if p.get_marker() == "."]
            assert sum(len(p.get_xdata()) for p in dots) == 3 * (2 + 2 + 1)
            assert {b[1:] for b in bars(panel)} == {(-2.0, 0.5)}

    def test_interval_axis_is_logarithmic_and_has_a_unit(self, table, looks):
        left, right = self.draw(table, looks, "interval", [1.0, 10.0]).axes
        assert left.get_xlabel() == "saving interval (τ)"
        assert left.get_title() == "metastable states, lag 100 τ"
        assert left.get_ylabel() == "log₂(t₁ model / t₁ MD)"
        ticks = left.get_xticks()
        assert ticks[1] - ticks[0] == pytest.approx(np.log2(10))
        assert [t.get_text() for t in right.get_xticklabels()] == ["1", "10"]

    def test_other_numbers_of_states_have_other_fillings_and_a_legend(self, table, looks):
        few = pick(table, coordinate="x").assign(partition="kmeans_20")
        both = pd.concat([table, few])
        states = {"kmeans_20": 20, "kmeans_500": 500}
        figure = self.draw(both, looks, "dimension", ["x", "xy"], states)
        opened = [line for line in figure.axes[0].lines if line.get_fillstyle() == "none"]
        seen = [x for line in opened for x in line.get_xdata()]
        assert len(seen) == 2, "Markov and LSTM, in x alone"
        assert max(seen) < 0.5
        entries = [text.get_text() for text in figure.legends[0].get_texts()]
        assert "20 states" in entries and "500 states" not in entries

    def test_failures_stay_on_the_scale(self, table, looks):
        failed = table.assign(value=np.where(table["replicate"] == 1, 10.0, table["value"]))
        panel = self.draw(failed, looks, "dimension", ["x", "xy"]).axes[0]
        dots = np.concatenate([p.get_ydata() for p in panel.lines if p.get_marker() == "."])
        assert dots.max() == style.EDGE
        assert [t.get_text() for t in panel.get_xticklabels()] == ["x\n(1-D)", "xy\n(2-D)"]


def cored():
    """MD of 100 at long lag, 40 at short; coring for 4 mends that, for 50 it gives 200."""
    short = {("none", 0.0): 40.0, ("dynamical_coring", 4.0): 100.0, ("core_sets", 0.0): 90.0}
    short |= {("dynamical_coring", 50.0): 200.0, ("minimum_dwell", 4.0): 95.0}
    rows = []
    for (method, tau_c), time in short.items():
        long = max(100.0, time)
        for model, lag, value in (("md", 1.0, time), ("md", 100.0, long), ("lstm", 1.0, 10.0)):
            row = BASE | {"recrossing": method, "tau_c": tau_c, "model": model, "lag": lag}
            row |= {"quantity": "timescale", "replicate": 0, "i": 1, "j": 0, "unit": "tau"}
            rows.append(row | {"value": value, "low": value / 1.25, "high": value * 1.25})
    return pd.DataFrame(rows)


class TestRecrossing:
    def test_the_largest_group_that_differs_in_the_removal_only(self):
        names = ["a", "a_cored", "a_dwell", "b", "b_cored", "c_cored"]
        table = pd.DataFrame({"partition": names, "coordinate": "x", "interval": 1.0})
        of = {"a_cored": "a", "a_dwell": "a", "b_cored": "b", "c_cored": "c"}
        base = {"coordinate": "x", "interval": 1.0, "partition": "b"}
        found = removals(table, of, base)
        assert found == {
            "coordinate": "x",
            "interval": 1.0,
            "partition": ["a", "a_cored", "a_dwell"],
        }
        assert removals(table[table["partition"] != "a"], of, base)["partition"] == ["b", "b_cored"]
        assert removals(table[table["partition"] == "c_cored"], of, base) == {}

    def test_a_place_a_time_with_none_first_and_core_sets_last(self):
        x = recrossing.places(cored())
        assert x["none", 0.0] == 0 and x["core_sets", 0.0] == 3
        assert x["minimum_dwell", 4.0] == x["dynamical_coring", 4.0] == 1
        assert x["dynamical_coring", 50.0] == 2

    def test_over_coring_is_ringed_in_md_and_model(self, looks):
        figure = recrossing.draw(cored(), 100.0, looks)
        md, lstm = figure.axes[:2]
        assert [a.get_title() for a in (md, lstm)] == ["MD", "LSTM"]
        for panel, height in ((md, 1.0), (lstm, np.log2(0.1))):
            rings = [line for line in panel.lines if line.get_label() == "over-cored"]
            assert len(rings) == 1, "200 is above the interval of 100"
            assert rings[0].get_ydata() == pytest.approx([height])
            assert rings[0].get_xdata() == pytest.approx(
                [2 + recrossing.BESIDE["dynamical_coring"]]
            )
        assert [t.get_text() for t in figure.axes[2].get_xticklabels()] == [
            "none",
            "4",
            "50",
            "cores",
        ]


class TestControls:
    def test_a_row_a_model_that_ran_with_failures_at_the_edge(self, table, looks):
        cell = pick(table, coordinate="xy", interval=1.0, partition="kmeans_100")
        failed = cell.assign(value=np.where(cell["replicate"] == 1, 10.0, cell["value"]))
        left, right = controls.draw(failed, looks | {"gru": looks["lstm"]}, 100.0, 0.32).axes
        assert [t.get_text() for t in left.get_yticklabels()] == ["Markov", "LSTM", "LSTM twice"]
        means = [line for line in left.lines if line.get_marker() in "so^v"]
        assert [line.get_ydata().tolist() for line in means] == [[0], [1], [2]]
        dots = [line.get_xdata().max() for line in left.lines if line.get_marker() == "."]
        assert dots == [style.EDGE] * 3
        assert right.get_title() == "own states, lag 1 τ"


GRID = {"interval": [1.0, 10.0], "partition": ["kmeans_100", "macrostates"]}


class TestHeatmap:
    def test_grid_is_the_most_combinations_that_are_all_there(self):
        cells = [(1.0, "a"), (2.0, "a"), (4.0, "a"), (1.0, "b"), (4.0, "b"), (4.0, "c"), (1.0, "c")]
        table = pd.DataFrame(cells, columns=["interval", "partition"])
        assert full_grid(table, "interval", "partition") == ([1.0, 4.0], ["a", "b", "c"])
        assert full_grid(table[:4], "interval", "partition") == ([], [])

    def test_cells_of_a_grid_agree_in_the_third_factor(self, table):
        found = list(cells(of_grid(table, GRID, BASE)))
        assert len(found) == 4
        assert {levels["coordinate"] for levels, _ in found} == {"xy"}

    def test_numbers_and_labels(self, table, looks):
        figure = heatmap.draw(table, GRID, BASE, 100.0, looks)
        panels = [a for a in figure.axes if a.images]
        assert len(panels) == 4  # two models: the control ran in one cell only
        # Replicates are off by -1.5, -2.5 and -3.5.
        assert [t.get_text() for t in panels[0].texts] == ["2.5"] * 4
        assert [t.get_text() for t in panels[-1].get_xticklabels()] == ["1", "10"]
        assert [t.get_text() for t in panels[0].get_yticklabels()] == ["k-means 100", "macrostates"]
        assert panels[-1].get_xlabel() == "saving interval (τ)"

    def test_each_value_in_its_place(self, table):
        odd = (table["interval"] == 10) & (table["partition"] == "macrostates")
        changed = table.assign(value=np.where(odd, -1.0, table["value"]))
        at_lag = pick(of_grid(changed, GRID, BASE), lag=100.0)
        axes = [("interval", GRID["interval"]), ("partition", GRID["partition"])]
        found = heatmap.errors(at_lag, "lstm", axes, "yardstick_log2_ratio")
        np.testing.assert_allclose(found, [[2.5, 2.5], [2.5, 1.0]])

    def test_cells_that_were_not_computed_are_hatched(self):
        axes = style.new_figure(2, 2).subplots()
        heatmap.draw_grid(axes, np.array([[0.1, np.nan]]), ["1", "2"], ["a"])
        assert [t.get_text() for t in axes.texts] == ["0.1"]
        assert [p.get_hatch() for p in axes.patches] == ["////"]


class TestBaseCell:
    def test_matrices_a_row_a_model(self, table):
        figure = transition_matrices.draw(pick(table, **BASE), ["lstm", "lstm_twice"], 100.0)
        panels = [a for a in figure.axes if a.images]
        assert [a.get_title() for a in panels[:3]] == ["MD", "LSTM", "LSTM − MD"]
        assert len(panels) == 6
        assert [t.get_text() for t in panels[0].texts] == ["0.900", "0.100", "0.100", "0.900"]
        assert {t.get_text() for t in panels[2].texts} == {"+0.000"}
        labels = {a.get_xlabel() for a in figure.axes}
        assert "transition probability in 100 τ" in labels

    def test_unknown_probability_is_a_dash(self):
        axes = style.new_figure(2, 2).subplots()
        norm = transition_matrices.Normalize(0, 1)
        transition_matrices.draw_matrix(axes, np.array([[np.nan, 1.0]] * 2), "Blues", norm, ".3f")
        assert [t.get_text() for t in axes.texts] == ["–", "1.000"] * 2

    def test_populations_and_first_passages(self, table, looks):
        left, right = populations_mfpt.draw(pick(table, **BASE), looks, 100.0).axes
        for label in ("MD", "Markov", "LSTM"):
            assert len(lines_labelled(left, label)[0].get_xdata()) == 2
        assert [t.get_text() for t in right.get_xticklabels()] == ["1→2", "2→1"]
        assert right.get_ylabel() == "mean first-passage time (τ)"
        assert {b[1:] for b in bars(left)} == {(0.4, 0.6)}
        assert min(b[2] for b in bars(right)) > right.get_ylim()[1]

    def test_residence_a_panel_a_state_and_one_of_rates(self, table, looks):
        one, two, rates = (
            a for a in residence_times.draw(pick(table, **BASE), looks).axes if a.get_visible()
        )
        assert one.get_title() == "metastable state 1" and one.get_xlabel() == "time t (τ)"
        for label in ("MD", "LSTM"):
            (line,) = lines_labelled(two, label)
            np.testing.assert_array_equal(line.get_xdata(), [1.0, 10.0, 100.0])
            np.testing.assert_allclose(line.get_ydata(), [1, 10**-0.5, 0.1])
        (band,) = one.collections
        assert band.get_paths()[0].vertices[:, 1].max() == 0.9
        assert [t.get_text() for t in rates.get_xticklabels()] == ["1", "100"]
        assert rates.get_ylabel() == "crossings (1/τ)"
        marked = [y for line in lines_labelled(rates, "LSTM") for y in line.get_ydata()]
        assert marked == [0.1, 0.001]

    def test_a_model_that_never_crosses_has_no_rate_on_a_logarithmic_axis(self, table, looks):
        rates = (table["quantity"] == "crossing_rate") & (table["model"] == "lstm")
        stuck = table.assign(value=np.where(rates, 0.0, table["value"]))
        panel = residence_times.draw(pick(stuck, **BASE), looks).axes[2]
        assert all(len(line.get_ydata()) == 0 for line in lines_labelled(panel, "LSTM"))

    def test_cost_one_mark_a_cell(self, table, seconds, looks):
        (axes,) = cost.draw(table, seconds, looks, 100.0, 0.32).axes
        (line,) = lines_labelled(axes, "LSTM")
        np.testing.assert_array_equal(line.get_xdata(), [20.0] * len(CELLS))
        np.testing.assert_array_equal(line.get_ydata(), [0.5] * len(CELLS))
        assert axes.get_xlabel().endswith("(s)")


class TestTraining:
    def test_a_line_a_replicate(self, history, looks):
        figure = training.draw(history, looks, "tau")
        assert len(figure.axes) == 2
        for axes in figure.axes:
            colors = [to_rgb(line.get_color()) for line in axes.lines]
            assert colors.count(looks["lstm"].color) == 3
            assert colors.count(looks["markov"].color) == 1
        assert figure.get_supylabel() == "validation loss (nats/frame)"

    def test_controls_of_a_model_share_a_name(self, history):
        models = [*MODELS, "lstm_wide"]
        of = CONTROLS | {"lstm_wide": "lstm"}
        figure = training.draw(history, style.together(style.series(models, of), of), "tau")
        entries = [text.get_text() for text in figure.legends[0].get_texts()]
        assert entries == ["Markov", "LSTM", "controls of LSTM"]

    def test_and_a_marker_in_the_figure_of_cost(self, table, seconds):
        models = [*MODELS, *(f"lstm_{n}" for n in range(9))]
        of = CONTROLS | {name: "lstm" for name in models[3:]}
        looks = style.together(style.series(models, of), of)
        figure = cost.draw(table, seconds, looks, 100.0, 0.32)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        assert looks["lstm_8"].marker == looks["lstm"].marker
        assert axes.get_position().height > 0.5, "the legend leaves room"


class TestFreeEnergy:
    def test_minus_log_above_the_minimum(self):
        np.testing.assert_allclose(
            free_energy.free_energy(np.array([1, 8, 0])), [np.log(8), 0, np.nan]
        )

    def test_borders_run_between_states(self):
        axes = free_energy.draw([PLANE]).axes[0]
        sides = np.concatenate([s for s in axes.collections[1].get_segments()])
        assert len(axes.collections[1].get_segments()) == 4
        assert set(sides[:, 1]) == {2.0}
        assert axes.get_xlabel() == "φ (°)"
        assert axes.get_xlim() == (-180, 180)

    def test_curve_of_one_coordinate(self):
        (axes,) = free_energy.draw([LINE]).axes
        assert [line.get_xdata()[0] for line in axes.lines] == [1.0]
        assert axes.get_ylabel() == "free energy (kT)"


SOURCES = {"md": [np.array([0, 1, 2, 2, 2])] * 4, "lstm": [np.array([2, 1, 0, 0])] * 4}


class TestStrips:
    def test_equal_spans_in_metastable_states(self):
        chosen = strips.choose(SOURCES, np.array([0, 0, 1]), np.inf)
        assert {k: len(v) for k, v in chosen.items()} == {"md": 3, "lstm": 3}
        np.testing.assert_array_equal(chosen["md"][0], [0, 0, 1, 1])
        np.testing.assert_array_equal(chosen["lstm"][0], [1, 0, 0, 0])

    def test_a_few_slow_timescales_where_there_is_more(self):
        chosen = strips.choose({"md": [np.zeros(500, int)]}, np.array([0]), 10.0)
        assert len(chosen["md"][0]) == strips.SPAN * 10

    def test_an_image_a_trajectory(self):
        chosen = strips.choose(SOURCES, np.arange(3), np.inf)
        figure = strips.draw(chosen, 0.5, 3, "ps")
        (axes,) = figure.axes
        assert len(axes.images) == 6
        assert axes.get_xlim() == (0, 2.0)
        assert axes.get_xlabel() == "time (ps)"
        assert [t.get_text() for t in axes.get_yticklabels()] == ["MD", "LSTM"]


class TestClaims:
    def test_a_line_a_record_below_its_heading(self):
        lines = claims.lay_out(RECORDS)
        assert [isinstance(line, str) for _, line in lines] == [True, False, False, True, False]
        (axes,) = claims.draw(RECORDS, 0.32).axes
        texts = [t.get_text() for t in axes.texts]
        assert texts.count("42") == 3
        assert "inconclusive*" in texts and "supported" in texts
        effects = [p.get_xdata()[0] for p in axes.lines if p.get_marker() not in ("None", "", "|")]
        assert effects == [0.1, 0.1, -style.EDGE]
        strokes = [list(p.get_xdata()) for p in axes.lines if p.get_marker() == "|"]
        assert strokes == [[], [-style.EDGE, 0.2], []]
        lows = [c.get_segments()[0][0, 0] for c in axes.collections]
        assert lows == [-0.2, -0.2, -style.EDGE]

    def test_a_study_without_claims(self, tmp_path):
        figure = claims.draw([], 0.32)
        assert [t.get_text() for t in figure.axes[0].texts] == [
            "no claim is declared in the configuration"
        ]
        style.save(figure, tmp_path / "claims.pdf", tmp_path / "claims.png")


def drawings(table, seconds, looks, history):
    cell = pick(table, **BASE)
    return {
        "timescales": lambda: timescales.draw(table, looks),
        "heatmap": lambda: heatmap.draw(table, GRID, BASE, 100.0, looks),
        "residence_times": lambda: residence_times.draw(cell, looks),
        "factor": lambda: factor.draw(table, "interval", [1.0, 10.0], BASE, 100.0, 0.32, looks, {}),
        "controls": lambda: controls.draw(cell, looks, 100.0, 0.32),
        "recrossing": lambda: recrossing.draw(cored(), 100.0, looks),
        "matrices": lambda: transition_matrices.draw(cell, ["lstm"], 100.0),
        "populations": lambda: populations_mfpt.draw(cell, looks, 100.0),
        "cost": lambda: cost.draw(table, seconds, looks, 100.0, 0.32),
        "training": lambda: training.draw(history, looks, "tau"),
        "free_energy": lambda: free_energy.draw([PLANE, LINE]),
        "claims": lambda: claims.draw(RECORDS, 0.32),
    }


def test_nothing_that_is_drawn_changes(table, seconds, looks, history):
    before = table.copy(deep=True), history.copy(deep=True), [dict(r) for r in RECORDS]
    counts = PLANE.counts.copy()
    for draw in drawings(table, seconds, looks, history).values():
        draw()
    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(history, before[1])
    assert before[2] == RECORDS
    np.testing.assert_array_equal(PLANE.counts, counts)


@pytest.mark.parametrize("name", ["factor", "free_energy"])
def test_same_input_same_bytes(tmp_path, table, seconds, looks, history, name):
    draw = drawings(table, seconds, looks, history)[name]
    for run in "ab":
        style.save(draw(), tmp_path / f"{run}.pdf", tmp_path / f"{run}.png")
    for suffix in (".pdf", ".png"):
        first, second = ((tmp_path / f"{run}{suffix}").read_bytes() for run in "ab")
        assert first == second
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
