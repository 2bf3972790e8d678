"""Causes of a failure, on cells whose cause is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_claims import LAGS, RIGHT, RULES, cell, off

from raremd.analysis.diagnosis import (
    FAILED,
    LEARNED,
    UNCLEAR,
    as_markdown,
    diagnose_cell,
    diagnose_study,
)

VARIED = {"lstm_twice": "budget", "lstm_seen": "prior", "lstm_wide": "size"}


def with_ceiling(ceiling=0.02, **models):
    made = cell(**models)
    rows = [
        ("md", 0, quantity, 1, 0, lag, ceiling)
        for quantity in ("ceiling_log2", "yardstick_ceiling_log2")
        for lag in LAGS
    ]
    return replace(
        made, table=pd.concat([made.table, pd.DataFrame(rows, columns=made.table.columns)])
    )


def diagnose(own=True, **options):
    return diagnose_cell(
        with_ceiling(**options), "lstm", VARIED, own, RULES, np.random.default_rng(2)
    )


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("lstm", "outcome"),
    [(RIGHT, LEARNED), (off(-3.0), FAILED), (off(2.0), FAILED), (off(-0.3, 0.2), UNCLEAR)],
)
def test_outcome(lstm, outcome, own):
    assert diagnose(own, lstm=lstm)["outcome"] == outcome


@pytest.mark.parametrize(
    ("mended_by", "cause"),
    [
        ("lstm_twice", "undertrained"),
        ("lstm_seen", "probability leaks onto jumps that never happen"),
        ("lstm_wide", "too small a network"),
    ],
)
def test_the_control_that_mends_is_the_cause(mended_by, cause):
    models = {control: off(-3.0) for control in VARIED} | {mended_by: RIGHT}
    (found,) = diagnose(lstm=off(-3.0), **models)["causes"]
    assert found.startswith(f"{cause}: `{mended_by}` takes away +2.9")


def test_nothing_mends():
    (found,) = diagnose(lstm=off(-3.0), lstm_twice=off(-3.0), lstm_wide=off(-3.1))["causes"]
    assert found.startswith("no control mends it")


def test_short_md_and_states_with_memory():
    causes = diagnose(ceiling=0.8, lstm=off(-3.0), markov=off(-1.0), lstm_twice=off(-3.0))["causes"]
    assert "two MDs of this length differ by 0.80" in causes[0]
    assert causes[1].startswith("states that are not Markovian")


def test_success_needs_no_cause():
    assert diagnose(lstm=RIGHT, markov=off(-2.0), ceiling=1.0)["causes"] == []


def test_study_reads_every_base_at_both_lags():
    cells = [with_ceiling(lstm=off(-3.0), lstm_twice=RIGHT), with_ceiling(lstm=RIGHT)]
    controls = {"lstm_twice": "lstm"}
    records = diagnose_study(
        cells, {"a": 0, "b": 1}, controls, {"lstm_twice": "budget"}, ["lstm", "gru"], RULES, 1
    )
    assert [(r["system"], r["model"], r["states"]) for r in records] == [
        ("a", "lstm", "own"),
        ("a", "lstm", "yardstick"),
        ("b", "lstm", "own"),
        ("b", "lstm", "yardstick"),
    ]
    text = as_markdown(records, RULES.tolerance)
    assert "- undertrained: 2" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2].count("**+2.98**") == 1, "what the control takes away, in bold"
    assert "failed" in rows[2] and "learned" in rows[4]
    assert "**" not in rows[4]
