import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from raremd.analysis.claims import (
    CLAIMS,
    CONTRADICTED,
    INCONCLUSIVE,
    SUPPORTED,
    CellResult,
    Rules,
    judge_contrast,
    judge_models,
    judge_study,
)
from raremd.kinetics.bootstrap import LOG2_CAP

RULES = Rules(tolerance=0.32, minimum_transitions=20)
LAGS = [1.0, 10.0, 20.0]
T_MD = 10.0  # log2 of the timescale
CONTRASTS = ["C2", "C3", "C4", "C5"]
RIGHT = [-0.03, 0.0, 0.03]  # log2(model / MD) of three replicates


def off(by, spread=0.03):
    return [by - spread, by, by + spread]


def cell(name="easy", lags=LAGS, events=50, reference=(0.0, 0.0, 0.0), md=0.01, seed=0, **models):
    """A cell whose models deviate by the given log2 ratios; `md` is the MD's log2 error."""
    noise = np.random.default_rng(seed).normal(0.0, md, (len(lags), 200, 1))
    rows = []

    def add(model, replicate, log2_times):
        for lag, log2_time in zip(lags, log2_times, strict=True):
            for quantity in ("timescale", "yardstick_timescale"):
                for i in (1, 2):  # the second must never be taken
                    value = 2.0 ** (log2_time + 1 - i)
                    rows.append((model, replicate, quantity, i, 0, lag, value))

    add("md", 0, [T_MD] * len(lags))
    add("reference", 0, [T_MD + r for r in reference])
    for model, deviations in models.items():
        add(model, 0, [99.0] * len(lags))  # the mean over replicates must not be taken either
        for replicate, deviation in enumerate(deviations, start=1):
            add(model, replicate, [T_MD + deviation] * len(lags))
    rows.append(("md", 0, "slow_transitions", 0, 0, lags[1], float(events)))
    columns = ["model", "replicate", "quantity", "i", "j", "lag", "value"]
    samples = 2.0 ** (T_MD + noise)
    return CellResult(
        name,
        lags[0],
        lags[1],
        pd.DataFrame(rows, columns=columns),
        {"lags": np.array(lags), "own": samples, "yardstick": samples},
    )


def judge(claim, hard, easy, model="lstm", controls=None):
    rng = np.random.default_rng(1)
    return judge_contrast(claim, "toy", model, hard, easy, controls or {}, RULES, rng)


def contrast(hard, easy, claim="C4", **options):
    return judge(claim, cell("hard", lstm=hard), cell("easy", lstm=easy), **options)


class TestContrasts:
    @pytest.mark.parametrize("claim", CONTRASTS)
    def test_true_effect_is_supported(self, claim):
        record = contrast(off(-3.0), RIGHT, claim)
        assert record["verdict"] == SUPPORTED
        assert record["effect"] == pytest.approx(3.0, abs=0.1)
        assert 2.5 < record["low"] < record["effect"] < record["high"] < 3.5
        assert record["doubts"] == []
        assert record["statement"] == CLAIMS[claim]
        assert record["cells"] == ["hard", "easy"]
        assert record["unit"] == "log2" and record["n_events"] == 50

    @pytest.mark.parametrize("claim", CONTRASTS)
    def test_reversed_effect_contradicts(self, claim):
        record = contrast(RIGHT, off(2.0), claim)
        assert record["verdict"] == CONTRADICTED
        assert record["effect"] == pytest.approx(-2.0, abs=0.1)

    @pytest.mark.parametrize("claim", CONTRASTS)
    def test_no_effect_is_inconclusive(self, claim):
        assert contrast(off(-1.0), off(-1.01), claim)["verdict"] == INCONCLUSIVE

    def test_too_slow_is_as_wrong_as_too_fast(self):
        assert contrast(off(3.0), RIGHT)["verdict"] == SUPPORTED
        assert contrast(off(2.0), off(-2.0))["verdict"] == INCONCLUSIVE

    def test_spread_over_replicates_hides_an_effect(self):
        assert contrast(off(-1.0, spread=0.9), RIGHT)["verdict"] == INCONCLUSIVE

    def test_short_md_hides_an_effect(self):
        hard, easy = off(-0.6), off(-0.1, 0.01)
        assert contrast(hard, easy)["verdict"] == SUPPORTED
        # The errors differ little where the MD itself may be off by a factor of four.
        sides = [cell(n, md=2.0, lstm=d) for n, d in (("hard", hard), ("easy", easy))]
        assert judge("C4", *sides)["verdict"] == INCONCLUSIVE

    def test_few_transitions_are_inconclusive(self):
        for events, verdict in ((20, SUPPORTED), (19, INCONCLUSIVE)):
            sides = cell("hard", lstm=off(-3.0)), cell("easy", events=events, lstm=RIGHT)
            record = judge("C4", *sides)
            assert record["verdict"] == verdict
            assert record["n_events"] == events
        assert record["doubts"] == ["only 19 slow transitions in the training data"]
        assert record["effect"] == pytest.approx(3.0, abs=0.1)

    @pytest.mark.parametrize(
        ("reference", "level"),
        [
            ((-3.0, 0.0, 0.0), True),  # what comes before the yardstick's lag does not matter
            ((0.0, 0.0, 0.3), True),
            ((0.0, 0.0, 0.4), False),
            ((0.0, 0.0, -0.4), False),
            ((0.0, 0.0, np.nan), False),
            ((0.0, 0.0, np.inf), False),
            ((0.0, np.inf, np.inf), False),
        ],
    )
    def test_a_reference_that_has_not_levelled_off_is_inconclusive(self, reference, level):
        hard = cell("hard", reference=reference, lstm=off(-3.0))
        record = judge("C4", hard, cell("easy", lstm=RIGHT))
        assert (record["verdict"] == SUPPORTED) == level
        if not level:
            assert record["verdict"] == INCONCLUSIVE
            assert record["doubts"] == ["the reference has not levelled off with lag in hard"]

    def test_without_a_longer_lag_levelling_off_cannot_be_told(self):
        sides = [
            cell(n, lags=[1.0, 10.0], reference=(0.0, 0.0), lstm=d)
            for n, d in (("hard", off(-3.0)), ("easy", RIGHT))
        ]
        assert judge("C4", *sides)["verdict"] == INCONCLUSIVE

    def test_one_replicate_is_inconclusive(self):
        record = contrast([-3.0], [0.0])
        assert record["verdict"] == INCONCLUSIVE
        assert record["doubts"] == ["one replicate shows no spread"]
        assert np.isnan(record["low"]) and np.isnan(record["high"])

    @pytest.mark.parametrize("failure", [np.nan, np.inf])
    def test_a_model_without_timescale_counts_as_a_failure(self, failure):
        record = contrast([failure] * 3, RIGHT)
        assert record["verdict"] == SUPPORTED
        assert record["effect"] == pytest.approx(LOG2_CAP, abs=0.1)
        assert contrast(RIGHT, [failure] * 3)["verdict"] == CONTRADICTED

    def test_one_failure_of_three_is_not_dropped(self):
        record = contrast([np.nan, 0.0, 0.0], RIGHT)
        assert record["verdict"] == INCONCLUSIVE
        assert record["effect"] > 2.0

    def test_lags_that_are_rounded_are_found(self):
        """Three intervals of 0.1 are not exactly 0.3."""
        lags = [0.1, 3 * 0.1, 6 * 0.1]
        sides = [
            replace(cell(n, lags=lags, lstm=d), yardstick_lag=0.3)
            for n, d in (("hard", off(-3.0)), ("easy", RIGHT))
        ]
        assert lags[1] != 0.3
        record = judge("C4", *sides)
        assert record["verdict"] == SUPPORTED and record["n_events"] == 50


class TestC1:
    @pytest.mark.parametrize(
        ("deviations", "verdict"),
        [
            (RIGHT, SUPPORTED),
            (off(0.2), SUPPORTED),
            (off(-0.2), SUPPORTED),
            (off(0.3), INCONCLUSIVE),  # the interval reaches over the tolerance
            (off(-1.0), CONTRADICTED),
            (off(1.0), CONTRADICTED),
            (off(0.0, spread=1.0), INCONCLUSIVE),
            ([np.nan] * 3, CONTRADICTED),
            ([0.0], INCONCLUSIVE),
        ],
    )
    def test_tolerance(self, deviations, verdict):
        record = judge("C1", None, cell(lstm=deviations))
        assert record["verdict"] == verdict
        assert record["cells"] == ["easy"]

    def test_effect_has_a_sign(self):
        assert judge("C1", None, cell(lstm=off(-1.0)))["effect"] == pytest.approx(-1.0, abs=0.1)

    def test_doubts_come_first(self):
        assert judge("C1", None, cell(events=3, lstm=RIGHT))["verdict"] == INCONCLUSIVE

    def test_uncertain_md(self):
        assert judge("C1", None, cell(md=0.3, lstm=RIGHT))["verdict"] == INCONCLUSIVE


class TestC6:
    def judge(self, *cells, controls=None):
        return judge_models("toy", list(cells), controls or {}, RULES, np.random.default_rng(1))

    @pytest.mark.parametrize(
        ("lstm", "transformer", "verdict"),
        [
            (RIGHT, off(-2.0), SUPPORTED),
            (off(-0.5), off(-0.5), SUPPORTED),
            (off(-2.0), RIGHT, CONTRADICTED),
            (off(-0.5, 0.01), off(-0.3, 0.01), CONTRADICTED),  # better, if only by a little
            (off(-1.0, 0.5), off(-1.0, 0.5), INCONCLUSIVE),
        ],
    )
    def test_verdict(self, lstm, transformer, verdict):
        record = self.judge(cell("a", lstm=lstm, transformer=transformer))
        assert record["verdict"] == verdict
        assert (record["claim"], record["model"]) == ("C6", "transformer")

    def test_mean_over_cells(self):
        record = self.judge(
            cell("a", lstm=off(-1.0), transformer=RIGHT),
            cell("b", lstm=off(-2.0), transformer=RIGHT),
        )
        assert record["effect"] == pytest.approx(1.5, abs=0.1)
        assert record["cells"] == ["a", "b"]

    def test_only_cells_with_both_and_without_doubts_count(self):
        record = self.judge(
            cell("both", lstm=RIGHT, transformer=off(-2.0)),
            cell("one", lstm=RIGHT),
            cell("few", events=3, lstm=off(-5.0), transformer=RIGHT),
            cell("rising", reference=(0.0, 0.0, 1.0), lstm=off(-5.0), transformer=RIGHT),
        )
        assert record["cells"] == ["both"] and record["verdict"] == SUPPORTED

    def test_only_doubtful_cells_are_inconclusive(self):
        record = self.judge(cell("few", events=3, lstm=off(-5.0), transformer=RIGHT))
        assert record["verdict"] == INCONCLUSIVE
        assert record["cells"] == ["few"] and record["doubts"]


class TestControls:
    def test_markov_and_convergence_stand_beside_the_verdict(self):
        hard = cell("hard", lstm=off(-3.0), lstm_twice=off(-1.0), markov=off(-2.0))
        easy = cell("easy", lstm=RIGHT, markov=RIGHT)
        control = judge("C4", hard, easy, controls={"lstm_twice": "lstm"})["control"]
        assert control["markov"]["effect"] == pytest.approx(2.0, abs=0.1)
        assert control["at_own_interval"]["effect"] == pytest.approx(3.0, abs=0.1)
        (row,) = control["convergence"]
        assert (row["cell"], row["of"], row["model"]) == ("hard", "lstm", "lstm_twice")
        assert row["error"] == pytest.approx(3.0, abs=0.01)
        assert row["error_of_control"] == pytest.approx(1.0, abs=0.01)

    def test_the_same_claim_with_one_thing_changed_on_both_sides(self):
        """Undertrained: with four times the budget the effect is gone; C1 has one side."""
        controls = {"lstm_four_times": "lstm", "lstm_wide": "lstm", "gru_wide": "gru"}
        hard = cell("hard", lstm=off(-3.0), lstm_four_times=RIGHT, lstm_wide=off(-2.0))
        easy = cell("easy", lstm=RIGHT, lstm_four_times=RIGHT)
        record = judge("C4", hard, easy, controls=controls)
        assert record["verdict"] == SUPPORTED
        (varied,) = record["control"]["varied"]  # wide has no easy side
        assert (varied["change"], varied["verdict"]) == ("four_times", INCONCLUSIVE)
        assert varied["effect"] == pytest.approx(0.0, abs=0.1)
        varied = judge("C1", None, hard, controls=controls)["control"]["varied"]
        assert [(v["change"], v["verdict"]) for v in varied] == [
            ("four_times", SUPPORTED),
            ("wide", CONTRADICTED),
        ]

    def test_both_networks_are_varied_alike(self):
        controls = {
            "lstm_twice": "lstm",
            "lstm_wide": "lstm",
            "transformer_twice": "transformer",
            "gru_wide": "gru",
        }
        plain = {"lstm": off(-1.0), "transformer": off(-2.0)}
        twice = {"lstm_twice": off(-1.0), "transformer_twice": off(-0.5), "lstm_wide": RIGHT}
        record = judge_models(
            "toy",
            [cell("a", **plain), cell("b", **plain, **twice)],
            controls,
            RULES,
            np.random.default_rng(1),
        )
        assert record["effect"] == pytest.approx(-1.0, abs=0.1)
        (varied,) = record["control"]["varied"]
        assert (varied["change"], varied["verdict"]) == ("twice", CONTRADICTED)
        assert varied["effect"] == pytest.approx(0.5, abs=0.1)

    def test_no_markov_where_one_cell_has_none(self):
        record = judge("C4", cell("hard", lstm=RIGHT, markov=RIGHT), cell("easy", lstm=RIGHT))
        assert "markov" not in record["control"]
        assert record["control"]["convergence"] == []

    def test_own_states_at_own_interval(self):
        """The control reads other rows than the verdict."""
        hard = cell("hard", lstm=off(-3.0))
        own = (hard.table["quantity"] == "timescale") & (hard.table["lag"] == 1.0)
        models = own & (hard.table["model"] == "lstm")
        hard.table.loc[models, "value"] *= 4.0
        record = judge("C4", hard, cell("easy", lstm=RIGHT))
        assert record["effect"] == pytest.approx(3.0, abs=0.1)
        assert record["control"]["at_own_interval"]["effect"] == pytest.approx(1.0, abs=0.1)

    def test_own_interval_has_a_verdict_of_its_own(self):
        hard, easy = cell("hard", lstm=off(-3.0)), cell("easy", lstm=RIGHT)
        for side in (hard, easy):
            own = (side.table["quantity"] == "timescale") & (side.table["model"] == "lstm")
            side.table.loc[own & (side.table["lag"] == 1.0), "value"] = 2.0**T_MD
        record = judge("C4", hard, easy)
        assert record["verdict"] == SUPPORTED
        assert record["control"]["at_own_interval"]["verdict"] == INCONCLUSIVE
        few = judge("C4", replace(hard, table=cell(events=3, lstm=RIGHT).table), easy)
        assert few["control"]["at_own_interval"]["verdict"] == INCONCLUSIVE


def whole_study(seed=0):
    hard = {"lstm": off(-3.0), "transformer": off(-3.0), "markov": off(-2.0)}
    easy = {"lstm": RIGHT, "transformer": RIGHT, "markov": RIGHT, "lstm_twice": RIGHT}
    cells = [cell("b/hard", **hard), cell("b/easy", **easy), cell("a/easy", lstm=RIGHT)]
    contrasts = [
        {"system": "b", "claim": "C4", "hard": 0, "easy": 1},
        {"system": "b", "claim": "C1", "easy": 1},
        {"system": "a", "claim": "C1", "easy": 2},
    ]
    return judge_study(
        cells,
        ["b", "b", "a"],
        contrasts,
        ["lstm", "transformer"],
        {"lstm_twice": "lstm"},
        RULES,
        seed,
    )


class TestStudy:
    def test_records(self):
        records = whole_study()
        assert [(r["claim"], r["system"], r["model"]) for r in records] == [
            ("C1", "a", "lstm"),
            ("C1", "b", "lstm"),
            ("C1", "b", "transformer"),
            ("C4", "b", "lstm"),
            ("C4", "b", "transformer"),
            ("C6", "b", "transformer"),
        ]
        wanted = ["claim", "system", "verdict", "effect", "low", "high", "unit", "n_events"]
        for record in records:
            assert {*wanted, "control", "doubts", "cells", "statement"} <= set(record)
            assert record["verdict"] == SUPPORTED
        assert json.loads(json.dumps(records)) == records

    def test_same_seed_same_verdicts(self):
        assert whole_study() == whole_study()
        assert whole_study()[0]["low"] != whole_study(1)[0]["low"]

    def test_a_study_without_claims(self):
        assert judge_study([cell(lstm=RIGHT)], ["a"], [], ["lstm"], {}, RULES, 0) == []
