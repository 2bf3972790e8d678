"""Invariants of what a study writes, on the smoke study."""

from __future__ import annotations

import json
import re

import h5py
import numpy as np
import pandas as pd
import pytest

import raremd
from raremd.analysis.assessment import Assessment, Cause
from raremd.analysis.claim_records import Judgement
from raremd.analysis.verdicts import Verdict
from raremd.io.storage import read_record, read_typed
from raremd.learning.run_record import RunRecord

COLUMNS = [
    "system", "coordinate", "dimension", "interval", "partition", "recrossing", "tau_c", "model",
    "replicate", "quantity", "i", "j", "lag", "value", "low", "high", "unit",
]  # fmt: skip
CELL = ["system", "coordinate", "interval", "partition"]


@pytest.fixture(scope="module")
def results(smoke):
    return smoke.folder / "results/smoke"


@pytest.fixture(scope="module")
def comparison(results):
    return pd.read_csv(results / "comparison.csv", keep_default_na=True)


def test_comparison_has_the_documented_columns(comparison):
    assert list(comparison) == COLUMNS


def test_csv_and_parquet_agree(comparison, results):
    parquet = pd.read_parquet(results / "comparison.parquet")
    assert len(parquet) == len(comparison)
    np.testing.assert_allclose(parquet["value"], comparison["value"], rtol=1e-12)


def test_every_planned_cell_and_model_is_there(comparison, results):
    cells = pd.read_csv(results / "cells.csv")
    found = comparison[comparison["quantity"] == "timescale"]
    pairs = set(map(tuple, found[[*CELL, "model"]].itertuples(index=False)))
    assert set(map(tuple, cells[[*CELL, "model"]].itertuples(index=False))) <= pairs


def test_rows_of_transition_matrices_and_populations_sum_to_one(comparison):
    single = comparison[(comparison["replicate"] > 0) | comparison["model"].isin(["md"])]
    rows = single[single["quantity"] == "transition_probability"]
    sums = rows.groupby([*CELL, "model", "replicate", "i"])["value"].sum(min_count=1).dropna()
    np.testing.assert_allclose(sums, 1.0, atol=1e-9)
    shares = single[single["quantity"] == "population"]
    sums = shares.groupby([*CELL, "model", "replicate"])["value"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-9)


def test_timescales_are_sorted(comparison):
    times = comparison[(comparison["quantity"] == "timescale") & (comparison["model"] != "exact")]
    for _, group in times.groupby([*CELL, "model", "replicate", "lag"]):
        if group.iloc[0]["replicate"] == 0 and group.iloc[0]["model"] not in ("md", "reference"):
            continue  # means over replicates need not be
        values = group.sort_values("i")["value"].dropna().to_numpy()
        assert (np.diff(values) <= 1e-9 * values[:-1]).all()


def test_intervals_are_ordered(comparison):
    bars = comparison.dropna(subset=["low", "high"])
    assert len(bars) > 100
    assert (bars["low"] <= bars["high"]).all()


def test_discrete_trajectories_use_only_known_states(results):
    states = results / "four_state/xy/states/macrostates.h5"
    with h5py.File(states) as file:
        n_states = json.loads(file.attrs["attributes"])["n_states"]
        for walker in file["md"].values():
            assert walker.dtype == np.int16
            assert walker[...].min() >= 0 and walker[...].max() < n_states


def test_training_and_validation_share_no_frame(results):
    with h5py.File(results / "four_state/xy/states/macrostates.h5") as file:
        split = json.loads(file.attrs["attributes"])
    training = {(t, f) for t, a, b in split["training"] for f in range(a, b)}
    validation = {(t, f) for t, a, b in split["validation"] for f in range(a, b)}
    assert training and validation and not training & validation


def test_run_record_tells_what_was_done(results):
    record = json.loads((results / "four_state/xy/dt_5/macrostates/lstm/run.json").read_text())
    assert record["seed"] == 7 and record["model"]["kind"] == "lstm"
    assert set(record["versions"]) >= {"torch", "numpy", "snakemake"}
    assert len(record["commit"]) >= 7 and len(record["lock_sha256"]) == 64
    assert record["tokens"] == [30000, 30000]
    for part in (record, record["generation"]):
        assert part["wall_seconds"] > 0 and part["cpu_seconds"] > 0
        assert part["precision"] == "float32"  # 16 units
    assert 0 < record["peak_memory_gib"] < 4


def test_a_network_that_is_corrected_is_trained_once(results):
    cell = results / "four_state/xy/dt_5/macrostates"
    plain, after = (
        read_record(RunRecord, cell / m / "run.json") for m in ("lstm", "lstm_corrected")
    )
    assert after.model.corrects == "lstm" and after.tokens == plain.tokens
    assert list((cell / "lstm").glob("checkpoint*"))
    assert not list((cell / "lstm_corrected").glob("checkpoint*"))


def test_replicates_differ_and_are_finite(results):
    with h5py.File(results / "four_state/xy/dt_5/macrostates/lstm/generated.h5") as file:
        first, second = file["replicate_1"][...], file["replicate_2"][...]
    assert first.shape == second.shape == (16, 400)
    assert (first != second).any()


def test_verdicts_follow_from_what_is_kept_beside_them(results):
    judgement = read_typed(Judgement, results / "claims.json")
    page = (results / "claims.md").read_text()
    assert {record.claim for record in judgement.records} == {"C1", "C5", "C6"}
    for record in judgement.records:
        assert record.doubts and record.long_lag.verdict is Verdict.UNDECIDED
        assert record.claim in page


def test_a_study_whose_md_cannot_tell_says_so_on_every_page(results):
    assessment = read_typed(Assessment, results / "four_state/assessment.json")
    assert {doubt.cause for doubt in assessment.doubts} >= {Cause.EVENTS, Cause.REFERENCE}
    pages = {name: (results / f"{name}.md").read_text() for name in ("recommendation", "claims")}
    recommendation = pages["recommendation"]
    assert "Cannot tell" in recommendation and "Yes" not in recommendation
    for doubt in assessment.doubts:
        assert all(doubt.sentences[1:] in page for page in pages.values())
    assert assessment.doubts[0].text in (results / "diagnosis.md").read_text()
    (events,) = set(re.findall(r"(\d+) slow transitions? in its training data", recommendation))
    assert int(events) == assessment.transitions
    rows = [line for line in pages["claims"].splitlines() if line.startswith("| `four_state` |")]
    of_claims = [line for line in rows if "**undecided**" in line]
    assert of_claims and all(f"| {events} |" in line for line in of_claims)


def test_merged_configuration_is_kept(results):
    config = json.loads((results / "config.json").read_text())
    assert config["training"]["tokens"] == 30000
    assert config["tolerance"] == 0.32


def test_a_trained_network_loads_in_one_line(results):
    (path, *_) = sorted(results.glob("*/*/dt_*/*/lstm/model.safetensors"))
    run = read_record(RunRecord, path.with_name("run.json"))
    loaded = raremd.load(path, replicate=2)
    assert loaded.validation_loss == run.cross_entropy[1]
    assert loaded.options.hidden == run.model.settings["hidden"]
    assert loaded.history["tokens"].max() == run.tokens[1]
    walkers = loaded.generate(2, 50, progress=False)
    assert set(np.concatenate(walkers)) <= set(range(run.n_states))
    with pytest.raises(ValueError, match="replicate 9 is not one of 1 to"):
        raremd.load(path, replicate=9)
