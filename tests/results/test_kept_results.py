"""The committed results are those of the study that `make study` plans today."""

import json
from pathlib import Path

import pytest
import yaml

from raremd.io.storage import read_parquet
from raremd.study.load import load_study
from raremd.study.settings.study import read_settings

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "results"
FACTORS = ["system", "coordinate", "interval", "partition"]
CLAIMS = ["C1", "C2", "C3", "C4", "C5", "C6"]
CHANGES = {"twice", "four_times", "wide", "long_window", "seen_jumps"}


@pytest.fixture(scope="module")
def planned():
    return load_study(yaml.safe_load((ROOT / "config/study.yaml").read_text()))


@pytest.fixture(scope="module")
def kept():
    return read_parquet(KEPT / "comparison.parquet")


def test_the_configuration_kept_is_that_of_the_study(planned):
    kept_config = json.loads((KEPT / "config.json").read_text())
    assert read_settings(kept_config) == planned.settings


def test_every_planned_model_of_every_cell_has_all_its_replicates(planned, kept):
    entropy = kept[(kept["quantity"] == "cross_entropy") & (kept["replicate"] > 0)]
    found = entropy.groupby([*FACTORS, "model"])["replicate"].nunique().to_dict()
    expected = {
        tuple(row[f] for f in [*FACTORS, "model"]): planned.settings.replicates
        for row in planned.table().to_dict("records")
    }
    assert found == expected
    assert planned.settings.replicates >= 5


def test_every_claim_is_judged_on_every_system_with_all_that_belongs_to_it(planned):
    records = json.loads((KEPT / "claims.json").read_text())
    judged = {(r["claim"], r["system"]) for r in records}
    assert judged == {(c, s) for c in CLAIMS for s in planned.settings.systems}
    for record in records:
        assert record["n_events"] >= 0
        assert record["low"] <= record["effect"] <= record["high"]
        assert record["claim"] == "C6" or "markov" in record["control"]
        assert {v["change"] for v in record["control"]["varied"]} == CHANGES


def test_the_commit_that_made_it_is_known():
    provenance = json.loads((KEPT / "provenance.json").read_text())
    for made in provenance:
        assert len(made["commit"]) == 40
        assert made["versions"]["torch"]


def test_the_method_names_every_quantity(kept):
    page = (ROOT / "docs" / "method.md").read_text()
    assert [q for q in kept["quantity"].unique() if f"`{q}`" not in page] == []
