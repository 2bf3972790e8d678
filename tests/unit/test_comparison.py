import numpy as np
import pandas as pd
import pytest

from raremd.analysis.comparison import COLUMNS, compare, costs
from raremd.io.provenance import provenance
from raremd.io.storage import write_json, write_record, write_table
from raremd.kinetics.bootstrap import RATIO_CAP
from raremd.learning.run_record import GenerationRecord, RunRecord
from raremd.study.cell import Cell, Factors
from raremd.study.plans import Budget, ModelPlan, Slicing

DESIGN = (
    "system, coordinate, dimension, interval, partition, recrossing, tau_c, model, replicate, "
    "quantity, i, j, lag, value, low, high, unit"
)
CELLS = [Factors(Cell("toy", "xy", interval, "coarse"), "none", 0.0) for interval in (0.5, 1.0)]
LAGS = [1.0, 10.0]
T_MD = 100.0
T_REFERENCE = 200.0
TIMES = {"lstm": [50.0, 100.0, 200.0], "markov": [25.0, np.nan, np.inf]}
N_SAMPLES = 50


def kinetics_table():
    rows = []

    def add(model, replicate, value):
        for lag in LAGS:
            for quantity in ("timescale", "yardstick_timescale"):
                rows.append((model, replicate, quantity, 1, 0, lag, value, np.nan, np.nan))
        rows.append(
            (model, replicate, "population", 1, 0, 10.0, 0.5 + 0.1 * replicate, *[np.nan] * 2)
        )
        rows.append((model, replicate, "mfpt", 1, 2, 10.0, 3 * value, np.nan, np.nan))
        rows.append((model, replicate, "residence_time", 1, 0, 1.0, value, np.nan, np.nan))
        rows.append((model, replicate, "crossing_rate", 0, 0, 10.0, 1 / value, np.nan, np.nan))
        rows.append((model, replicate, "survival", 1, 0, 10.0, 0.5, np.nan, np.nan))
        rows.append((model, replicate, "states_left_out", 0, 0, np.nan, 0.1, np.nan, np.nan))
        rows.append((model, replicate, "slow_transitions", 0, 0, 10.0, 30.0, np.nan, np.nan))

    add("md", 0, T_MD)
    add("reference", 0, T_REFERENCE)
    for model, values in TIMES.items():
        for replicate, value in enumerate(values, start=1):
            add(model, replicate, value)
    columns = ["model", "replicate", "quantity", "i", "j", "lag", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def run_record(cell, model):
    return RunRecord(
        **vars(provenance()),
        cell=cell,
        model=ModelPlan(model, model, {}, Budget(1000, 1000, 100, 8, 4, 0.01)),
        slicing=Slicing(1, "none", 1),
        seed=1,
        n_states=4,
        weights_sha256="",
        parameters=123,
        training_frames=800,
        validation_frames=200,
        tokens=(1000, 1200, 900),
        cross_entropy=(0.5, 0.6, 0.7),
        leak=(0.01, 0.02, np.nan),
        expected_timescale=(40.0, 80.0, 160.0),
        expected_timescale_moved_log2=(0.1, 0.2, np.nan),
        cross_entropy_moved_log2=(-0.1, -0.2, -0.3),
        peak_memory_gib=0.75,
        generation=GenerationRecord(
            *(16, 100, 400, 10, 1000),
            generated_frames=(100, 100, 1000),
            crossings_found=(400.5, 401.0, 12.0),
            limit_reached=(False, False, True),
            wall_seconds=3.0,
            cpu_seconds=2.5,
        ),
        wall_seconds=11.0,
        cpu_seconds=10.0,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    rng = np.random.default_rng(0)
    kinetics, runs = [], []
    for n, factors in enumerate(CELLS):
        samples = T_MD * 2.0 ** rng.normal(0, 0.01, (len(LAGS), N_SAMPLES, 1))
        arrays = {
            "bootstrap/lags": np.array(LAGS),
            "bootstrap/own": samples,
            "bootstrap/yardstick": samples,
        }
        kinetics.append(folder / f"kinetics_{n}.h5")
        write_table(kinetics[-1], kinetics_table(), arrays, {"dimension": 2, "n_states": 4})
        for model in TIMES:
            runs.append(folder / f"run_{n}_{model}.json")
            write_record(runs[-1], run_record(factors.cell, model))
    write_json(folder / "exact.json", {"timescales": [7700.0, 717.0, 656.0]})
    return CELLS, kinetics, runs, {"toy": folder / "exact.json"}, {"toy": "tau"}


@pytest.fixture(scope="module")
def table(files):
    return compare(*files, seed=1)


def pick(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def one(table, **values):
    found = pick(table, interval=0.5, **values)
    assert len(found) == 1
    return found.iloc[0]


def test_columns_are_those_of_the_design(table):
    assert list(table) == COLUMNS == DESIGN.split(", ")


def test_every_value_appears_once(table):
    key = ["system", "interval", "model", "replicate", "quantity", "i", "j", "lag"]
    assert not table.duplicated(key).any()
    assert table[["system", "coordinate", "model", "quantity", "unit"]].notna().all(axis=None)
    for _, cell in pick(table, system="toy").groupby("interval"):
        assert set(cell["dimension"]) == {2} and set(cell["partition"]) == {"coarse"}


def test_rows_of_the_kinetics_are_kept(table):
    for model, values in TIMES.items():
        found = pick(table, interval=1.0, model=model, quantity="timescale", lag=10.0)
        found = found[found["replicate"] > 0].sort_values("replicate")
        np.testing.assert_array_equal(found["value"], values)
    assert one(table, model="md", quantity="timescale", lag=1.0)["value"] == T_MD


def test_units(table):
    units = table.groupby("quantity")["unit"].unique().map(list)
    for quantity in ("timescale", "yardstick_timescale", "mfpt", "residence_time"):
        assert units[quantity] == ["tau"]
    assert units["crossing_rate"] == ["1/tau"]
    assert units["survival"] == [""]
    for quantity in ("log2_ratio", "yardstick_log2_ratio", "log2_ratio_to_reference"):
        assert units[quantity] == ["log2"]
    assert units["cross_entropy"] == ["nats/frame"]
    assert units["tokens"] == ["frames"]
    assert units["population"] == units["parameters"] == units["slow_transitions"] == [""]


class TestOverReplicates:
    def test_times_have_a_geometric_mean_and_student_bars(self, table):
        row = one(table, model="lstm", quantity="timescale", lag=10.0, replicate=0)
        assert row["value"] == pytest.approx(100.0)
        # log2 values -1, 0, 1: standard error 1 / sqrt(3), t of 2 degrees of freedom 4.303.
        half = 2 ** (4.302653 / np.sqrt(3))
        assert (row["low"], row["high"]) == pytest.approx((100 / half, 100 * half), rel=1e-5)
        passage = one(table, model="lstm", quantity="mfpt", replicate=0)
        assert passage["value"] == pytest.approx(300.0) and passage["j"] == 2

    def test_failures_leave_no_error_bar(self, table):
        row = one(table, model="markov", quantity="timescale", lag=10.0, replicate=0)
        assert row["value"] == pytest.approx(25.0)
        assert np.isnan(row["low"]) and np.isnan(row["high"])

    def test_other_quantities_have_mean_and_range(self, table):
        row = one(table, model="lstm", quantity="population", replicate=0)
        assert [row["value"], row["low"], row["high"]] == pytest.approx([0.7, 0.6, 0.8])

    @pytest.mark.parametrize("quantity", ["cross_entropy", "states_left_out"])
    def test_also_where_there_is_no_lag(self, table, quantity):
        row = one(table, model="lstm", quantity=quantity, replicate=0)
        wanted = {"cross_entropy": [0.6, 0.5, 0.7], "states_left_out": [0.1] * 3}[quantity]
        assert [row["value"], row["low"], row["high"]] == pytest.approx(wanted)

    def test_md_and_reference_are_not_replicates(self, table):
        fixed = table[table["model"].isin(["md", "reference", "exact"])]
        assert (fixed["replicate"] == 0).all()


class TestRatios:
    def test_each_replicate_against_md_and_reference(self, table):
        for quantity in ("log2_ratio", "yardstick_log2_ratio"):
            for suffix, shift in (("", 0.0), ("_to_reference", -1.0)):
                rows = pick(table, interval=0.5, model="lstm", quantity=quantity + suffix, lag=10.0)
                values = rows.set_index("replicate")["value"]
                wanted = {1: -1.0 + shift, 2: shift, 3: 1.0 + shift, 0: shift}
                assert values.to_dict() == pytest.approx(wanted)

    def test_the_mean_has_an_interval_from_md_and_replicates(self, table):
        row = one(table, model="lstm", quantity="log2_ratio", lag=10.0, replicate=0)
        half = 4.302653 / np.sqrt(3)
        assert row["low"] == pytest.approx(-half, rel=0.2)
        assert row["high"] == pytest.approx(half, rel=0.2)

    def test_a_model_without_timescale_counts_as_a_failure(self, table):
        rows = pick(table, interval=0.5, model="markov", quantity="log2_ratio", lag=10.0)
        values = rows.set_index("replicate")["value"]
        assert values[1] == pytest.approx(-2.0)
        assert values[2] == values[3] == RATIO_CAP
        assert values[0] == pytest.approx((2 * RATIO_CAP - 2) / 3)


def test_cross_entropy_tokens_and_parameters(table):
    for replicate, value in enumerate([0.5, 0.6, 0.7], start=1):
        row = one(table, model="markov", quantity="cross_entropy", replicate=replicate)
        assert row["value"] == value
    shared = {"parameters": 123, "states": 4, "training_frames": 800}
    for quantity, value in shared.items():
        assert one(table, model="lstm", quantity=quantity)["value"] == value
    tokens = pick(table, interval=1.0, model="lstm", quantity="tokens")
    assert tokens["value"].tolist() == [1000, 1200, 900]


def test_leak_expected_timescale_and_crossings(table):
    expected = pick(table, interval=0.5, model="lstm", quantity="expected_timescale")
    assert set(expected["unit"]) == {"tau"} and set(expected["lag"]) == {0.5}
    each, summary = expected[expected["replicate"] > 0], expected[expected["replicate"] == 0]
    assert each["value"].tolist() == [20.0, 40.0, 80.0], "in the system's unit"
    assert summary["value"].item() == pytest.approx(40.0)
    leaks = pick(table, interval=0.5, model="lstm", quantity="leak")
    np.testing.assert_array_equal(leaks[leaks["replicate"] > 0]["value"], [0.01, 0.02, np.nan])
    moved = pick(table, interval=0.5, model="lstm", quantity="expected_timescale_moved_log2")
    assert set(moved["unit"]) == {"log2"} and len(moved) == 3
    crossed = pick(table, interval=0.5, model="lstm", quantity="crossings")
    assert crossed["value"].tolist() == [400.5, 401.0, 12.0]


def test_measured_costs_are_a_table_of_their_own(files, table):
    cells, _, runs, *_ = files
    cost = costs(cells, runs)
    assert not table["quantity"].str.contains("seconds").any()
    assert len(cost) == len(CELLS) * len(TIMES)
    assert list(cost["model"].unique()) == ["lstm", "markov"]
    row = pick(cost, interval=0.5, model="lstm").iloc[0]
    assert row["core_seconds"] == row["training_seconds"] + row["generation_seconds"] == 12.5
    assert row["wall_seconds"] == 14.0 and row["peak_memory_gib"] == 0.75


def test_exact_spectrum(table):
    exact = pick(table, model="exact")
    assert exact["i"].tolist() == [1, 2, 3]
    assert exact["value"].tolist() == [7700.0, 717.0, 656.0]
    assert set(exact["unit"]) == {"tau"} and exact["interval"].isna().all()


def test_same_seed_same_table(files, table):
    pd.testing.assert_frame_equal(compare(*files, seed=1), table)
    other = compare(*files, seed=2)
    assert not other["low"].equals(table["low"])


def test_the_order_of_cells_changes_no_error_bar(files, table):
    cells, kinetics, *others = files
    assert len(cells) > 1
    turned = compare(cells[::-1], kinetics[::-1], *others, seed=1)
    order = [name for name in table.columns if name not in ("value", "low", "high")]
    pd.testing.assert_frame_equal(
        turned.sort_values(order, ignore_index=True), table.sort_values(order, ignore_index=True)
    )


def test_goes_through_parquet_and_csv(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)
    table.to_csv(tmp_path / "t.csv", index=False)
    found = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, na_values=[""])
    np.testing.assert_allclose(found["value"], table["value"])


def test_intervals_are_of_the_same_lag_and_process(files, tmp_path):
    """Replicates agree, so that the MD alone scatters: by a factor that tells lag and process."""
    off = np.array([[0.1, 0.2], [0.3, 0.4]])  # (n_lags, n_processes)
    columns = ["model", "replicate", "quantity", "i", "j", "lag", "value", "low", "high"]
    rows = [
        (model, replicate, quantity, i, 0, lag, T_MD, np.nan, np.nan)
        for quantity in ("timescale", "yardstick_timescale")
        for model, replicates in (("md", [0]), ("reference", [0]), ("lstm", [1, 2, 3]))
        for replicate in replicates
        for i in (1, 2)
        for lag in LAGS
    ]
    own = np.repeat(T_MD * 2.0 ** off[:, None], 20, axis=1)
    arrays = {"lags": np.array(LAGS), "own": own, "yardstick": own}
    arrays = {f"bootstrap/{name}": array for name, array in arrays.items()}
    write_table(tmp_path / "k.h5", pd.DataFrame(rows, columns=columns), arrays, {"dimension": 2})
    cells, _, runs, spectra, units = files
    table = compare(cells[:1], [tmp_path / "k.h5"], runs[:2], spectra, units, seed=1)
    mean = pick(table, model="lstm", quantity="log2_ratio", replicate=0)
    np.testing.assert_allclose(mean.pivot_table("high", "lag", "i").to_numpy(), -off)
