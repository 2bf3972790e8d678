"""Verdicts on the claims, in cells whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from judged import assessment, cell_result, claim_record, finding

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.cell_result import Reading
from raremd.analysis.claim_records import ControlError, Judgement
from raremd.analysis.claims import judge_contrast, judge_models, judge_study
from raremd.analysis.contrasts import Contrast
from raremd.analysis.findings import corrected, pooled_over_systems
from raremd.analysis.ladder import best_rung
from raremd.analysis.stationarity import UNKNOWN
from raremd.analysis.verdicts import Verdict
from raremd.io.storage import read_typed, write_typed
from raremd.kinetics.equilibrium import DetailedBalance
from raremd.report.pages.answers import answers
from raremd.report.pages.claims import (
    DECIDES,
    as_markdown,
    claim_table,
    contrast,
    scoreboard,
    what_decides,
)
from raremd.study.verdict_plans import Control

DIFFERENCES = ["C2", "C3", "C4", "C5"]
RIGHT = (-0.03, 0.0, 0.03, 0.02, -0.02)


def off(by, spread=0.03):
    return tuple(by + spread * x for x in (-1.0, 0.0, 1.0, 0.5, -0.5))


def judge(hard, easy, claim="C4", of_md=None, **options):
    sides = cell_result(partition="hard", lstm=hard, **options), cell_result(lstm=easy, **options)
    contrast = Contrast(claim, "toy", easy=sides[1], hard=sides[0])
    return judge_contrast(contrast, "lstm", (), of_md or assessment())


class TestContrasts:
    @pytest.mark.parametrize("claim", DIFFERENCES)
    def test_a_true_effect_is_supported_in_both_readings(self, claim):
        record = judge(off(-3.0), RIGHT, claim)
        assert record.long_lag.verdict == record.one_step.verdict == Verdict.SUPPORTED
        assert record.long_lag.effect == pytest.approx(3.0, abs=0.1)
        assert record.doubts == ()
        assert record.cells == ("toy/x/dt_1/hard", "toy/x/dt_1/fine")

    def test_the_other_way_round_it_is_contradicted(self):
        assert judge(RIGHT, off(2.0)).long_lag.verdict == Verdict.CONTRADICTED

    def test_too_slow_is_as_wrong_as_too_fast(self):
        assert judge(off(3.0), RIGHT).long_lag.verdict == Verdict.SUPPORTED
        assert judge(off(2.0), off(-2.0)).long_lag.verdict == Verdict.NO_DIFFERENCE

    def test_equal_errors_are_no_difference(self):
        assert judge(off(-1.0), off(-1.05)).long_lag.verdict == Verdict.NO_DIFFERENCE

    def test_scatter_that_hides_an_effect_asks_for_replicates(self):
        record = judge((-0.2, -2.4, -0.1, -1.9, 0.3), RIGHT)
        assert record.long_lag.verdict == Verdict.UNDECIDED
        assert record.long_lag.needed > 5
        assert what_decides(record) == f"{record.long_lag.needed} replicates, not 5"

    def test_scatter_that_both_sides_share_cancels(self):
        shared = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
        record = judge(tuple(-shared - 0.8), tuple(-shared))
        assert record.long_lag.verdict == Verdict.SUPPORTED


class TestDoubts:
    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"transitions": 19}, Cause.EVENTS),
            ({"drift": UNKNOWN}, Cause.LAG),
            ({"balance": DetailedBalance(1e-9, 900.0, 90.0, (0, 1))}, Cause.EQUILIBRIUM),
            ({"connected": 0.85}, Cause.CONNECTION),
            ({"reference": 5000.0}, Cause.REFERENCE),
            ({"slow": ()}, Cause.NO_PROCESS),
        ],
    )
    def test_of_the_md_leave_the_claim_undecided_and_say_what_to_change(self, changes, cause):
        record = judge(off(-3.0), RIGHT, of_md=assessment(**changes))
        assert record.long_lag.verdict == Verdict.UNDECIDED
        assert [doubt.cause for doubt in record.doubts] == [cause]
        assert what_decides(record) == DECIDES[cause]

    def test_convergence_with_lag_does_not_matter_at_one_step(self):
        record = judge(off(-3.0), RIGHT, of_md=assessment(drift=UNKNOWN))
        assert record.one_step.verdict == Verdict.SUPPORTED

    def test_processes_shorter_than_the_lag_are_not_compared(self):
        record = judge(off(-3.0), RIGHT, md=(8.0,))
        assert record.long_lag.verdict == Verdict.UNDECIDED
        assert Cause.NO_PROCESS in [doubt.cause for doubt in record.doubts]
        assert not np.isfinite(record.long_lag.effect)
        assert record.one_step.verdict == Verdict.SUPPORTED  # 8 ps are longer than one step

    def test_a_process_that_the_system_lacks_is_not_missed_again_in_every_cell(self):
        record = judge(off(-3.0), RIGHT, of_md=assessment(slow=()), md=(8.0,))
        assert [doubt.cause for doubt in record.doubts] == [Cause.NO_PROCESS]
        record = judge(off(-3.0), RIGHT, of_md=assessment(slow=()), md=(0.8,))
        assert [doubt.cause for doubt in record.one_step_doubts] == [Cause.NO_PROCESS] * 2

    def test_where_both_sides_fail_nothing_is_said(self):
        lost = (np.nan,) * 5
        record = judge(lost, lost)
        assert record.long_lag.verdict == Verdict.UNDECIDED
        assert Cause.FAILED in [doubt.cause for doubt in record.doubts]

    def test_a_loss_far_above_the_markov_models_is_the_budget(self):
        record = judge(off(-3.0), off(-2.0), losses={"lstm": 0.16, "markov": 0.019})
        assert [doubt.cause for doubt in record.doubts] == [Cause.BUDGET] * 2
        assert "0.160 nats, a Markov model's 0.019" in record.doubts[0].text

    def test_a_small_excess_proves_nothing(self):
        assert judge(off(-3.0), RIGHT, losses={"lstm": 2.35, "markov": 2.33}).doubts == ()


class TestC1:
    @pytest.mark.parametrize(
        ("deviations", "verdict"),
        [
            (RIGHT, Verdict.SUPPORTED),
            (off(-2.0), Verdict.CONTRADICTED),
            (off(0.3, 0.3), Verdict.UNDECIDED),
            ((-0.1, 2.5, 0.0, 0.1, -2.5), Verdict.UNDECIDED),  # right in the mean only
        ],
    )
    def test_within_the_tolerance(self, deviations, verdict):
        contrast = Contrast("C1", "toy", easy=cell_result(lstm=deviations), hard=None)
        assert judge_contrast(contrast, "lstm", (), assessment()).long_lag.verdict == verdict


class TestC6:
    def test_is_the_mean_over_cells_of_paired_differences(self):
        cells = [
            cell_result(partition="a", lstm=off(-1.0), transformer=off(-2.0)),
            cell_result(partition="b", lstm=off(0.0), transformer=off(-1.0)),
        ]
        record = judge_models("toy", cells, (), assessment())
        assert record.long_lag.effect == pytest.approx(1.0, abs=0.05)
        assert record.long_lag.verdict == Verdict.SUPPORTED

    def test_a_better_transformer_contradicts(self):
        cells = [cell_result(lstm=off(-2.0), transformer=RIGHT)]
        assert judge_models("toy", cells, (), assessment()).long_lag.verdict == Verdict.CONTRADICTED

    def test_cells_that_are_not_trained_to_the_end_are_left_out(self):
        bad = {"losses": {"lstm": 0.5, "transformer": 0.5, "markov": 0.1}}
        cells = [
            cell_result(partition="a", lstm=RIGHT, transformer=RIGHT),
            cell_result(partition="b", lstm=RIGHT, transformer=off(-4.0), **bad),
        ]
        record = judge_models("toy", cells, (), assessment())
        assert record.cells == ("toy/x/dt_1/a",)
        assert record.long_lag.verdict == Verdict.NO_DIFFERENCE

    def test_a_change_of_both_networks_is_judged_alike(self):
        controls = (
            Control("lstm_twice", "lstm", "budget", 2.0),
            Control("transformer_twice", "transformer", "budget", 2.0),
        )
        cells = [
            cell_result(
                lstm=RIGHT, transformer=off(-0.5), lstm_twice=RIGHT, transformer_twice=off(-0.2)
            )
        ]
        record = judge_models("toy", cells, controls, assessment())
        assert [at.long_lag.verdict for at in record.budgets] == [
            Verdict.SUPPORTED,
            Verdict.NO_DIFFERENCE,
        ]
        assert (record.budget, record.long_lag.verdict) == (2, Verdict.NO_DIFFERENCE)
        assert {row.varies for row in record.controls} == {"budget"}


class TestBudgets:
    """The hard cell is learned with four times the tokens, and still off by half a doubling with
    fewer; so little moves per doubling that each budget has its own verdict.
    """

    CONTROLS = tuple(Control(f"lstm_{n}", "lstm", "budget", n) for n in (16.0, 4.0))

    def judged(self, losses, best_tokens=None):
        hard = cell_result(
            markov=RIGHT, lstm=off(-0.5), **{"lstm_4.0": RIGHT, "lstm_16.0": RIGHT}, losses=losses,
            best_tokens=best_tokens,
        )  # fmt: skip
        easy = cell_result(
            partition="coarse", markov=RIGHT, lstm=RIGHT, **{"lstm_4.0": RIGHT, "lstm_16.0": RIGHT}
        )
        contrast = Contrast("C4", "toy", easy=easy, hard=hard)
        return judge_contrast(contrast, "lstm", self.CONTROLS, assessment())

    def test_the_largest_budget_decides(self):
        record = self.judged({})
        assert [at.budget for at in record.budgets] == [1, 4, 16]
        assert [at.long_lag.verdict for at in record.budgets][:2] == [
            Verdict.SUPPORTED,
            Verdict.NO_DIFFERENCE,
        ]
        assert (record.budget, record.long_lag.verdict) == (16, Verdict.NO_DIFFERENCE)

    def test_the_largest_that_is_trained_to_the_end_if_one_is_not(self):
        record = self.judged({"markov": 1.0, "lstm": 1.0, "lstm_4.0": 1.0, "lstm_16.0": 2.0})
        assert [at.trained for at in record.budgets] == [True, True, False]
        assert (record.budget, record.long_lag.verdict) == (4, Verdict.NO_DIFFERENCE)
        assert record.budgets[-1].long_lag.verdict == Verdict.UNDECIDED

    def test_one_at_which_a_network_overfits_is_named(self):
        losses = dict.fromkeys(("markov", "lstm", "lstm_4.0", "lstm_16.0"), 1.0)
        record = self.judged(losses, {"lstm_16.0": 1e5})
        assert [at.overfit for at in record.budgets] == [False, False, True]
        assert (record.budget, record.long_lag.verdict) == (16, Verdict.NO_DIFFERENCE)

    def test_one_at_which_a_network_is_past_its_best_is_passed_over(self):
        losses = {"markov": 1.0, "lstm": 1.0, "lstm_4.0": 0.99, "lstm_16.0": 0.995}
        record = self.judged(losses)
        assert [at.past_best for at in record.budgets] == [False, False, True]
        assert (record.budget, record.long_lag.verdict) == (4, Verdict.NO_DIFFERENCE)

    @pytest.mark.parametrize(
        ("trained", "past_best", "taken"),
        [({1, 4, 16}, {16}, 4), ({16}, {16}, 16), ({4, 16}, {4, 16}, 16), (set(), {16}, 16)],
    )
    def test_of_those_that_are_trained_the_largest_not_past_its_best_is_taken(
        self, trained, past_best, taken
    ):
        assert best_rung((1, 4, 16), trained.__contains__, past_best.__contains__) == taken

    def test_a_budget_beyond_which_the_timescale_moved_decides_nothing(self):
        """It was right by accident at fewer tokens: longer training takes it away again."""
        names = {"lstm": RIGHT, "lstm_4.0": RIGHT, "lstm_16.0": off(-1.0)}
        cell = cell_result(**names)
        record = judge_contrast(
            Contrast("C1", "toy", easy=cell, hard=None), "lstm", self.CONTROLS, assessment()
        )
        assert [at.trained for at in record.budgets] == [False, False, False]
        assert record.long_lag.verdict == Verdict.UNDECIDED
        assert "moved by a factor of 1.41" in record.doubts[0].text

    def test_nothing_is_decided_if_none_is(self):
        names = ("lstm", "lstm_4.0", "lstm_16.0")
        record = self.judged({"markov": 1.0} | dict.fromkeys(names, 2.0))
        assert (record.budget, record.long_lag.verdict) == (16, Verdict.UNDECIDED)
        assert {doubt.cause for doubt in record.doubts} == {Cause.BUDGET}

    def test_a_control_stands_beside_the_network_of_its_budget(self):
        control = Control("lstm_4_masked", "lstm", "prior", 4.0)
        cell = cell_result(lstm=off(-2.0), **{"lstm_4.0": off(-1.0), "lstm_4_masked": RIGHT})
        contrast = Contrast("C1", "toy", easy=cell, hard=None)
        record = judge_contrast(contrast, "lstm", (*self.CONTROLS, control), assessment())
        (row,) = [row for row in record.controls if row.varies == "prior"]
        assert row.error == pytest.approx(1.0, abs=0.1)
        assert row.error_of_control == pytest.approx(0.0, abs=0.1)


def study(effects, spread=0.3):
    """One claim on several systems; system k has the k-th effect."""
    rng = np.random.default_rng(0)
    contrasts, cells = [], []
    for number, effect in enumerate(effects):
        name = f"s{number}"
        hard = cell_result(
            partition="hard", system=name, lstm=-1 - effect + rng.normal(0, spread, 5)
        )
        easy = cell_result(system=name, lstm=-1 + rng.normal(0, spread, 5))
        cells += [hard, easy]
        contrasts.append(Contrast("C4", name, easy=easy, hard=hard))
    known = {c.system: assessment(system=c.system) for c in contrasts}
    return judge_study(contrasts, cells, ["lstm"], (), known)


class TestStudies:
    def test_holm_widens_intervals_within_a_claim(self):
        judgement = study([2.0, 1.0, 0.8, 0.0])
        levels = sorted(record.long_lag.level for record in judgement.records)
        assert levels[-1] == pytest.approx(1 - 0.05 / 4)
        assert levels[0] < levels[-1]
        alone = study([2.0])
        assert alone.records[0].long_lag.level == pytest.approx(0.95)

    def test_a_wider_interval_makes_no_difference_of_none(self):
        """Alone it lies within the margin; as one of four it reaches beyond, and leaves out 0."""
        near = claim_record(long_lag=finding(Verdict.NO_DIFFERENCE, 0.19, 0.12))
        far = claim_record(long_lag=finding(Verdict.UNDECIDED, 0.0, 2.0))
        after = corrected([near, far, far, far])[0].long_lag
        assert after.low > 0 and after.high > 0.32
        assert after.verdict is Verdict.UNDECIDED and after.needed > after.replicates

    def test_systems_are_pooled(self):
        judgement = study([1.0, 1.1, 0.9, 1.0])
        (pooled,) = judgement.pooled
        assert pooled.systems == ("s0", "s1", "s2", "s3")
        assert pooled.long_lag.verdict == Verdict.SUPPORTED
        assert pooled.long_lag.effect == pytest.approx(1.0, abs=0.3)

    def test_the_verdict_follows_from_the_interval_that_is_kept(self, tmp_path):
        judgement = study([2.0, 0.5, 0.3, 0.0, -1.0])
        write_typed(tmp_path / "claims.json", judgement)
        again = read_typed(Judgement, tmp_path / "claims.json")
        assert again == judgement
        for record in again.records:
            for found in (record.long_lag, record.one_step):
                within = found.low >= -0.32 and found.high <= 0.32
                wanted = (
                    Verdict.NO_DIFFERENCE
                    if within
                    else Verdict.SUPPORTED
                    if found.low > 0
                    else Verdict.CONTRADICTED
                    if found.high < 0
                    else Verdict.UNDECIDED
                )
                assert found.verdict == wanted

    def test_the_page_leads_with_the_answers_and_details_the_pooled_verdicts(self):
        judgement = study([2.0, 2.0])
        head, _, details = as_markdown(judgement).partition("## Details")
        assert set(answers(judgement)) <= set(head.splitlines())
        assert "At the long lag: yes for the LSTM (4.32 [" in head
        assert "\n- LSTM, over 2 systems: **supported**" in details


def test_readings_take_their_own_quantity_and_lag():
    cell = cell_result(interval=2.0, lstm=(1.0,))
    assert cell.lag(Reading.ONE_STEP) == 2.0 and cell.lag(Reading.LONG_LAG) == 10.0
    assert cell.md_timescale(Reading.LONG_LAG) == 1000.0
    assert cell.errors("lstm", Reading.LONG_LAG) == pytest.approx([1.0])


def test_cells_that_are_averaged_are_not_held_against_each_other():
    assert contrast(claim_record("C4")) == "`fine` against `coarse`"
    assert contrast(claim_record("C6")) == "`fine` and `coarse`"


STILL = (Doubt(Cause.BUDGET, "it still moved", "train longer"),)


def test_doubts_at_one_step_count_at_one_step():
    open_one = finding(Verdict.UNDECIDED, 1.0)
    family = [claim_record(system="wells"), claim_record(one_step=open_one, one_step_doubts=STILL)]
    first, second = corrected(family)
    assert first.one_step.level == 0.95, "the only one that is judged"
    assert first.long_lag.level == 0.975
    assert second.one_step == open_one


def test_one_step_is_pooled_over_systems_without_doubts_there():
    def record(system, effect, doubts=()):
        found = finding(Verdict.SUPPORTED, effect)
        return claim_record(system=system, one_step=found, one_step_doubts=doubts)

    family = [record("a", 1.0), record("b", 1.0), record("c", -9.0, STILL)]
    (pooled,) = pooled_over_systems(family, 0.32)
    assert pooled.systems == ("a", "b", "c") and pooled.one_step_systems == ("a", "b")
    assert pooled.one_step.effect == pytest.approx(1.0)
    assert pooled.one_step.replicates == 2 and pooled.long_lag.replicates == 3


def test_the_scoreboard_gives_the_long_lag_first():
    assert "**supported** / no difference" in "\n".join(scoreboard([claim_record()]))


def test_the_control_is_that_of_the_hard_cell():
    hard, easy = claim_record().cells
    rows = tuple(
        ControlError(cell, "lstm", "lstm_twice", "budget", error, error / 2)
        for cell, error in ((hard, 3.0), (easy, 0.5))
    )
    twice = (Control("lstm_twice", "lstm", "budget", 2.0),)
    page = "\n".join(claim_table([claim_record(controls=rows)], twice))
    assert "3.00 to 1.50, 2 x tokens" in page
