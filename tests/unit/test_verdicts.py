"""Verdicts as Markdown: every number where a reader looks for it, and nothing twice."""

import itertools

import pytest

from raremd.report.pages.claims import (
    as_markdown,
    claim_table,
    contrast,
    control_table,
    scoreboard,
    varied_table,
)

SYSTEMS = ["four_state", "alanine_dipeptide", "protein", "alanine_tetrapeptide"]
CONTROLS = ["twice", "four_times", "wide"]


def record(
    claim="C4", system="toy", model="lstm", hard="x/dt_1/fine", easy="x/dt_1/coarse", **more
):
    names = [f"{system}/{levels}" for levels in (hard, easy) if levels]
    summary = {"verdict": "supported", "effect": 1.5, "low": 1.0, "high": 2.0}
    control = {
        "at_own_interval": summary | {"verdict": "inconclusive", "effect": 0.25, "low": -0.5},
        "convergence": [
            {
                "cell": names[0], "of": model, "model": f"{model}_{name}",
                "error": 2.92, "error_of_control": 1.0 / n,
            }
            for n, name in enumerate(CONTROLS, start=1)
        ],
        "varied": [
            summary
            | {"change": "four_times", "verdict": "inconclusive", "effect": 0.1, "low": -0.2}
        ],
        "markov": summary | {"effect": -0.75, "low": -1.0, "high": -0.5},
    }  # fmt: skip
    base = {"claim": claim, "statement": "it helps", "system": system, "model": model}
    return (
        base | {"cells": names, "n_events": 42, "doubts": [], "control": control} | summary | more
    )


def rows(lines):
    """Cells of each row, without heading and rule."""
    assert len({line.count("|") for line in lines}) == 1
    return [[c.strip() for c in line.strip("|").split("|")] for line in lines[2:]]


def test_a_row_holds_effect_interval_controls_events_and_doubts():
    doubts = ["only 3 slow transitions in the training data", "it has not levelled off"]
    (row,) = rows(claim_table([record(doubts=doubts, verdict="inconclusive", n_events=3)]))
    assert row == [
        "toy", "LSTM", "`fine` against `coarse`", "**inconclusive**", "+1.50 [+1.00, +2.00]",
        "inconclusive +0.25 [-0.50, +2.00]", "-0.75 [-1.00, -0.50]", "2.92 to 0.33, wide", "3",
        "; ".join(doubts),
    ]  # fmt: skip


def test_what_is_not_known_is_a_dash():
    bare = record(low=None, effect=float("nan"))
    bare["control"] |= {"convergence": [], "varied": []}
    del bare["control"]["markov"]
    (row,) = rows(claim_table([bare]))
    assert row[4] == row[6] == row[7] == row[9] == "–"


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (["a/x/dt_1/fine", "a/xy/dt_1/fine"], "`x` against `xy`"),
        (["a/x/dt_1/fine", "a/xy/dt_20/fine"], "`x/dt_1` against `xy/dt_20`"),
        (["a/x/dt_1/fine"], "`x/dt_1/fine`"),
        (["a/x/dt_1/fine"] * 7, "7 cells"),
    ],
)
def test_contrasts_are_named_by_what_differs(cells, text):
    assert contrast(cells) == text


def test_the_scoreboard_has_a_row_a_claim_and_a_column_a_system():
    records = [
        record("C1", "a"),
        record("C1", "b"),
        record("C1", "b", "transformer", verdict="inconclusive"),
        record("C2", "b"),
    ]
    assert rows(scoreboard(records)) == [
        ["C1 it helps", "LSTM **supported**", "LSTM **supported**, Transformer inconclusive"],
        ["C2 it helps", "–", "LSTM **supported**"],
    ]


def test_the_same_verdict_with_one_thing_changed():
    other = record(model="transformer")
    other["control"]["varied"] = []
    assert rows(varied_table([record(), other])[2:]) == [
        ["toy", "LSTM", "supported +1.50 [+1.00, +2.00]", "inconclusive +0.10 [-0.20, +2.00]"],
        ["toy", "Transformer", "supported +1.50 [+1.00, +2.00]", "–"],
    ]
    assert varied_table([other]) == []


def test_controls_stand_once_however_many_claims_look_at_their_cell():
    records = [record(claim) for claim in ("C2", "C3", "C4")] + [record(model="transformer")]
    assert rows(control_table(records)) == [
        ["`toy/x/dt_1/fine`", name, "2.92", "1.00", "0.50", "0.33"]
        for name in ("LSTM", "Transformer")
    ]
    assert control_table([]) == ["No cell has controls."]


def test_a_large_study_stays_short():
    claims = ("C1", "C2", "C3", "C4", "C5", "C6")
    combined = itertools.product(claims, SYSTEMS, ("lstm", "transformer"))
    text = as_markdown([record(*names) for names in combined])
    assert len(text.splitlines()) < 220
    assert text.count("four_state/x/dt_1/fine") == 2


def test_no_verdict():
    assert as_markdown([]).startswith("# Claims")
