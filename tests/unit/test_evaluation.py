from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chains import double_well, sample_chain, two_state

from raremd.analysis.cell_kinetics import Seen, evaluate_cell, md_rows, point_rows
from raremd.analysis.rows import COLUMNS, as_table
from raremd.analysis.yardstick import Yardstick
from raremd.io.storage import read_arrays, read_attributes, read_table, write_arrays
from raremd.states.recrossing import dynamical_coring
from raremd.study.plans import KineticsPlan, Slicing


def write_states(path, md, n_states, training, validation=(), reference=(), dimension=2):
    arrays = {f"md/{n:04d}": d for n, d in enumerate(md)}
    arrays |= {f"reference/{n:04d}": d for n, d in enumerate(reference)}
    attributes = {
        "n_states": n_states,
        "dimension": dimension,
        "training": [list(s) for s in training],
        "validation": [list(s) for s in validation],
    }
    write_arrays(path, arrays, attributes)


FLIP = two_state(0.01, 0.02)  # of the metastable states, a frame of the source
N_FRAMES = 6000
LAGS = [1, 5, 10]
PLAN = KineticsPlan(
    slicing=Slicing(stride=2, recrossing="none", tau=1),
    interval=0.5,
    lags=tuple(LAGS),
    timescales=2,
    yardstick_lag=5,
    block=2000,
    samples=40,
    seed=3,
)


def micro(coarse, seed):
    """Four microstates, two of each metastable state at random."""
    return (2 * coarse + np.random.default_rng(seed).integers(2, size=len(coarse))).astype(np.int16)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    coarse = [sample_chain(FLIP, N_FRAMES, seed) for seed in range(5)]
    coarse[4][:] = 0  # validation: what it holds must not show
    fine = [micro(c, n) for n, c in enumerate(coarse)]
    training = [(n, 0, N_FRAMES) for n in range(4)]
    other = [sample_chain(FLIP, 40_000, seed=9)]
    write_states(
        folder / "fine.h5",
        fine,
        4,
        training,
        [(4, 0, N_FRAMES)],
        [micro(c, 100) for c in other],
    )
    write_states(folder / "coarse.h5", coarse, 2, training, [(4, 0, N_FRAMES)], other, 1)
    chain = np.linalg.matrix_power(FLIP, 2)  # at the saving interval
    walkers = {
        f"replicate_{r}": np.array(
            [micro(sample_chain(chain, 4000, 50 * r + w), r + w) for w in range(6)]
        )
        for r in (1, 2, 10)
    }
    write_arrays(folder / "lstm.h5", walkers)
    write_arrays(folder / "stuck.h5", {"replicate_1": np.zeros((3, 500), np.int16)})
    return folder


def evaluated(study, models=("lstm",), **changes):
    generated = {name: study / f"{name}.h5" for name in models}
    return evaluate_cell(
        study / "fine.h5", study / "coarse.h5", generated, replace(PLAN, **changes)
    )


@pytest.fixture(scope="module")
def result(study):
    return evaluated(study)


class TestEvaluateCell:
    def test_table_is_complete(self, result):
        table = result.table
        assert list(table) == COLUMNS
        assert (result.dimension, result.n_states) == (2, 4)
        found = set(zip(table["model"], table["replicate"], strict=True))
        assert found == {("md", 0), ("reference", 0), ("lstm", 1), ("lstm", 2), ("lstm", 10)}
        quantities = {k: set(g["quantity"]) for k, g in table.groupby(["model", "replicate"])}
        ceilings = {"ceiling_log2", "yardstick_ceiling_log2"}
        assert quantities.pop(("md", 0)) - ceilings == quantities["lstm", 1]
        assert all(q == quantities["lstm", 1] for q in quantities.values())
        assert table["i"].dtype == table["j"].dtype == np.int64
        key = ["model", "replicate", "quantity", "i", "j", "lag"]
        assert not table.duplicated(key).any()

    def test_times_are_in_the_unit_of_the_system(self, result):
        table = result.table
        exact = -0.25 / np.log(1 - 0.01 - 0.02)  # 0.25 time units a frame of the source
        at = table[(table["quantity"] == "yardstick_timescale") & (table["i"] == 1)]
        assert sorted(at["lag"].unique()) == [0.5, 2.5, 5.0]
        np.testing.assert_allclose(at["value"], exact, rtol=0.3)
        reference = at[at["model"] == "reference"]
        np.testing.assert_allclose(reference["value"], exact, rtol=0.15)
        passage = table[(table["quantity"] == "mfpt") & (table["model"] == "reference")]
        jump = np.linalg.matrix_power(FLIP, 10)  # ten frames of the source are the lag of 2.5
        np.testing.assert_allclose(passage["value"], 2.5 / jump[[0, 1], [1, 0]], rtol=0.15)

    def test_a_process_that_does_not_exist_is_nan(self, result):
        table = result.table
        second = table[(table["quantity"] == "yardstick_timescale") & (table["i"] == 2)]
        assert len(second) and second["value"].isna().all()

    def test_md_has_error_bars_and_nobody_else(self, result):
        table = result.table
        md = table[table["model"] == "md"]
        with_bars = ["timescale", "yardstick_timescale", "population", "transition_probability"]
        with_bars += ["mfpt", "residence_time", "survival", "crossing_rate"]
        barred = md[md["quantity"].isin(with_bars) & md["value"].between(1e-9, np.inf)]
        assert set(barred["quantity"]) == set(with_bars)
        assert (barred["low"] < barred["high"]).all()
        inside = (barred["low"] <= barred["value"]) & (barred["value"] <= barred["high"])
        assert inside.mean() > 0.9
        assert table.loc[table["model"] != "md", ["low", "high"]].isna().all(axis=None)
        samples = result.bootstrap.yardstick[1, :, 0]
        row = md[(md["quantity"] == "yardstick_timescale") & (md["lag"] == 2.5) & (md["i"] == 1)]
        assert samples.min() <= row["low"].item() <= np.median(samples) <= row["high"].item()

    def test_bootstrap(self, result, study):
        samples = result.bootstrap
        assert samples.lags.tolist() == [0.5, 2.5, 5.0]
        assert samples.own.shape == samples.yardstick.shape == (3, 40, 2)
        # Another interval sees the same resampled MD: at the same lag the samples go together.
        at = {"interval": 0.25, "lags": (10,), "yardstick_lag": 10}
        other = evaluated(study, (), slicing=Slicing(1, "none", 1), **at).bootstrap
        a, b = samples.yardstick[1, :, 0], other.yardstick[0, :, 0]
        assert np.corrcoef(a, b)[0, 1] > 0.95

    def test_metastable_states_are_found_by_majority(self, result):
        assert result.of_state.tolist() == [0, 0, 1, 1]

    def test_validation_frames_do_not_show(self, result):
        table = result.table
        population = table[(table["quantity"] == "population") & (table["model"] == "md")]
        np.testing.assert_allclose(population["value"], [2 / 3, 1 / 3], atol=0.08)

    def test_replicates_are_taken_apart(self, result, study):
        table = result.table
        walkers = read_arrays(study / "lstm.h5")["replicate_10"]
        md = [d[::2] for d in read_arrays(study / "coarse.h5", "md").values()][:4]
        yardstick = Yardstick.of(md, 2, np.array([0, 0, 1, 1], np.int16), 5)
        found = list(walkers)
        rows = point_rows(Seen(found, yardstick.map(found), 4, yardstick, tuple(LAGS), 2))
        wanted = as_table(rows)
        times = wanted["quantity"].str.endswith("timescale")
        times |= wanted["quantity"].isin(["mfpt", "residence_time"])
        wanted.loc[times, "value"] *= 0.5
        wanted.loc[wanted["quantity"] == "crossing_rate", "value"] /= 0.5
        mine = table[(table["model"] == "lstm") & (table["replicate"] == 10)]
        np.testing.assert_array_equal(mine["value"], wanted["value"])

    def test_same_seed_same_numbers(self, result, study):
        again = evaluated(study)
        pd.testing.assert_frame_equal(again.table, result.table)
        for name, values in vars(again.bootstrap).items():
            np.testing.assert_array_equal(values, getattr(result.bootstrap, name))

    def test_removal_changes_the_cell_but_not_the_yardstick(self, study, result):
        cored = evaluated(study, slicing=Slicing(2, "dynamical_coring", 3)).table

        def pick(table, quantity):
            return table[(table["model"] == "md") & (table["quantity"] == quantity)]["value"]

        np.testing.assert_array_equal(
            pick(cored, "yardstick_timescale"), pick(result.table, "yardstick_timescale")
        )
        assert not np.allclose(pick(cored, "timescale"), pick(result.table, "timescale"))
        md = [d[::2] for d in read_arrays(study / "fine.h5", "md").values()][:4]
        yardstick = Yardstick.of(md, 4, np.arange(4, dtype=np.int16), 5)
        removed = [dynamical_coring(d, 3) for d in md]
        rows = point_rows(Seen(removed, md, 4, yardstick, tuple(LAGS), 2))
        wanted = [r.value * 0.5 for r in rows if r.quantity == "timescale"]
        np.testing.assert_allclose(pick(cored, "timescale"), wanted)

    def test_without_a_reference_it_is_the_whole_md(self, tmp_path):
        coarse = [sample_chain(FLIP, 3000, seed) for seed in range(4)]
        write_states(tmp_path / "s.h5", coarse, 2, [(n, 0, 3000) for n in range(3)])
        table = evaluate_cell(
            tmp_path / "s.h5", tmp_path / "s.h5", {}, replace(PLAN, block=3000)
        ).table
        row = table[(table["model"] == "reference") & (table["quantity"] == "population")]
        sliced = [d[::2] for d in coarse]
        yardstick = Yardstick.of(sliced, 2, np.arange(2, dtype=np.int16), 5)
        wanted = [
            r.value
            for r in point_rows(Seen(sliced, sliced, 2, yardstick, (1,), 1))
            if r.quantity == "population"
        ]
        np.testing.assert_allclose(row["value"], wanted)

    def test_a_model_that_never_moves_is_a_failure_not_an_error(self, study):
        table = evaluated(study, ("stuck",)).table
        stuck = table[table["model"] == "stuck"]
        assert stuck[stuck["quantity"].str.endswith("timescale")]["value"].isna().all()
        assert stuck[stuck["quantity"] == "population"]["value"].tolist() == [1.0, 0.0]
        assert stuck[stuck["quantity"] == "slow_transitions"]["value"].item() == 0

    def test_can_be_written_and_read(self, result, tmp_path):
        result.write(tmp_path / "kinetics.h5")
        found = read_table(tmp_path / "kinetics.h5")
        pd.testing.assert_frame_equal(
            found.astype({"model": object, "quantity": object}),
            result.table.astype({"model": object, "quantity": object}),
        )
        assert set(read_arrays(tmp_path / "kinetics.h5", "bootstrap")) == {
            "lags",
            "own",
            "yardstick",
        }


def test_samples_of_blocks_without_pairs_are_left_out():
    """A trajectory shorter than the lag may be all that a bootstrap sample holds."""
    dtrajs = [sample_chain(double_well(4, 1.0), n, seed=n) for n in (3000, 8)]
    yardstick = Yardstick.of(dtrajs, 4, np.arange(4, dtype=np.int16), 10)
    rows, bootstrap = md_rows(
        Seen(dtrajs, dtrajs, 4, yardstick, (1, 10), 1),
        [(0, 0, 3000), (1, 0, 8)],
        30,
        np.random.default_rng(0),
    )
    assert np.isnan(bootstrap.yardstick[1]).any()  # there are such samples
    table = as_table(rows)
    barred = table[table["quantity"] == "population"]
    assert np.isfinite(barred[["value", "low", "high"]]).all(axis=None)


def test_many_states_have_timescales_without_error_bars(monkeypatch):
    dtrajs = [sample_chain(double_well(12, 1.0), 4000, seed=k) for k in range(3)]
    yardstick = Yardstick.of([d // 6 for d in dtrajs], 2, np.repeat([0, 1], 6).astype("i2"), 4)
    seen = Seen(dtrajs, yardstick.map(dtrajs), 12, yardstick, (1, 4), 2)
    blocks = [(k, 0, 4000) for k in range(3)]

    def table():
        return md_rows(seen, blocks, 20, np.random.default_rng(0))

    rows, few = table()
    monkeypatch.setattr("raremd.analysis.cell_kinetics.MANY", 11)
    without, many = table()
    assert np.isfinite(few.own).all() and np.isnan(many.own).all()
    assert many.own.shape == few.own.shape
    np.testing.assert_array_equal(many.yardstick, few.yardstick)
    barred = {"timescale", "ceiling_log2"}
    assert [(r.quantity, r.i, r.lag) for r in without] == [(r.quantity, r.i, r.lag) for r in rows]
    for one, other in zip(without, rows, strict=True):
        if one.quantity not in barred:
            np.testing.assert_array_equal(one[2:], other[2:])
        elif one.quantity == "timescale":
            assert one.value == other.value and np.isnan([one.low, one.high]).all()
        else:
            assert np.isnan(one.value) and np.isfinite(other.value)


def test_cores_leave_the_yardstick_as_it_is(study, tmp_path):
    arrays = read_arrays(study / "fine.h5")
    for name, dtraj in list(arrays.items()):
        kind, _, number = name.partition("/")
        cores = np.where(np.arange(len(dtraj)) % 5 > 0, dtraj, -1).astype(np.int16)
        arrays[f"{kind}_cores/{number}"] = cores
    write_arrays(tmp_path / "fine.h5", arrays, read_attributes(study / "fine.h5"))
    plain, cored = (
        evaluate_cell(
            tmp_path / "fine.h5", study / "coarse.h5", {}, replace(PLAN, samples=2, slicing=how)
        ).table
        for how in (Slicing(2, "none", 1), Slicing(2, "core_sets", 1))
    )
    for quantity in ("yardstick_timescale", "population", "residence_time", "slow_transitions"):
        mine, other = (t[t["quantity"] == quantity][["model", "value"]] for t in (cored, plain))
        assert set(mine["model"]) == {"md", "reference"}
        pd.testing.assert_frame_equal(mine, other)


def test_the_ceiling_of_one_of_several_sets():
    """Two MDs as long as one of four sets deviate by twice as much as those as long as all."""
    dtrajs = [sample_chain(FLIP, 1000, seed) for seed in range(4)]
    yardstick = Yardstick.of(dtrajs, 2, np.arange(2, dtype=np.int16), 2)
    seen, blocks = Seen(dtrajs, dtrajs, 2, yardstick, (1, 2), 1), [(k, 0, 1000) for k in range(4)]
    rows = [md_rows(seen, blocks, 20, np.random.default_rng(0), n)[0] for n in (1, 4)]
    one, four = ([r.value for r in each if "ceiling" in r.quantity] for each in rows)
    assert len(one) == 4 and four == pytest.approx(2 * np.array(one))
