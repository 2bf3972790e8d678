"""Whether a network was trained to the end, in cells whose history is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from judged import cell_result

from raremd.analysis.assessment import Cause
from raremd.analysis.cell_result import LOG2_CAP, Reading
from raremd.analysis.ladder import Rung, rungs
from raremd.analysis.training_check import budget_doubt
from raremd.study.verdict_plans import Control

TOLERANCE = 0.32
RIGHT = (0.0, 0.01, -0.01)


def doubt(*moved, losses=None, reading=Reading.ONE_STEP):
    cell = cell_result(lstm=RIGHT, moved={"lstm": moved}, losses=losses)
    return budget_doubt(cell, Rung("lstm"), TOLERANCE, reading)


@pytest.mark.parametrize(
    "moved", [(0.02, -0.05, 0.1), (), (np.nan, np.nan, np.nan), (0.1, np.nan, 0.2), (0.1, 0.0, 5.0)]
)
def test_nothing_speaks_against_a_training_that_has_settled(moved):
    """A replicate that failed, or that alone still moves, turns nothing round."""
    assert doubt(*moved) is None


@pytest.mark.parametrize(
    "moved", [(1.0, 1.1, 0.9), (1.0, np.nan, 1.0), (-1.0, 1.0, 1.0), (1.0, 1.0, 0.0)]
)
def test_a_timescale_that_still_moves_is_named(moved):
    found = doubt(*moved)
    assert found.cause is Cause.BUDGET and "training.tokens" in found.remedy
    assert "expected one-step timescale still moved by a factor of 2.00" in found.text


def test_the_tolerance_is_the_border():
    assert doubt(TOLERANCE - 0.01) is None and doubt(TOLERANCE + 0.01) is not None


def test_a_loss_far_above_the_markov_models_comes_first():
    found = doubt(1.0, 1.0, losses={"lstm": 0.3, "markov": 0.02})
    assert "0.300 nats, a Markov model's 0.020" in found.text
    assert doubt(0.0, losses={"lstm": 0.301, "markov": 0.3}) is None


def test_a_training_on_fewer_tokens_tells_more_than_the_history_of_one_whose_rate_still_fell():
    cell = cell_result(lstm=RIGHT, lstm_4=RIGHT, moved={"lstm_4": (2.0, 2.0, 2.0)})
    below, alone = Rung("lstm"), Rung("lstm_4", 4.0)

    def with_timescales(of_less, of_more):
        rows = [
            {"model": model, "replicate": r, "quantity": "expected_timescale", "i": 1, "j": 0}
            | {"lag": cell.cell.interval, "value": value}
            for model, value in (("lstm", of_less), ("lstm_4", of_more))
            for r in (1, 2, 3)
        ]
        table = pd.concat([cell.table, pd.DataFrame(rows)], ignore_index=True)
        return replace(cell, table=table)

    ladder = Rung("lstm_4", 4.0, below)
    settled, moving = with_timescales(100.0, 120.0), with_timescales(100.0, 400.0)
    assert budget_doubt(settled, alone, TOLERANCE, Reading.ONE_STEP) is not None
    assert budget_doubt(settled, ladder, TOLERANCE, Reading.ONE_STEP) is None
    assert "by a factor of 2.00" in budget_doubt(moving, ladder, TOLERANCE, Reading.ONE_STEP).text


LADDER = Rung("lstm_4", 4.0, Rung("lstm"))


def long_lag_doubt(of_less, of_more):
    """Of a network whose one-step timescale still doubles with the tokens."""
    cell = cell_result(lstm=of_less, lstm_4=of_more, moved={"lstm_4": (1.0, 1.0, 1.0)})
    return budget_doubt(cell, LADDER, TOLERANCE, Reading.LONG_LAG)


def test_the_long_lag_is_checked_by_the_timescale_at_the_long_lag():
    assert long_lag_doubt((0.1, -0.2, 0.0), (0.0, 0.1, -0.1)) is None
    found = long_lag_doubt((-2.0, -2.1, -1.9), (0.0, 0.1, -0.1))
    assert "timescale at the long lag still moved by a factor of 2.00" in found.text


def test_replicates_that_learned_among_others_that_did_not_are_not_trained():
    """Most stand where they stood with fewer tokens, which the median alone would believe."""
    found = long_lag_doubt((-3.2, -3.1, -3.2), (-3.1, -3.1, -3.2, 0.1, 0.0))
    assert "mean error at the long lag still moved by a factor of 1.5" in found.text


def test_budgets_that_ran_in_other_cells_only_are_passed_over():
    controls = [Control(f"lstm_{n}", "lstm", "budget", float(n)) for n in (4, 16, 64)]
    middle = rungs("lstm", controls, [])[2]
    assert (middle.name, middle.below.name, middle.above.name) == ("lstm_16", "lstm_4", "lstm_64")
    cell = cell_result(lstm=(-2.0, -2.1, -1.9), lstm_16=(0.0, 0.1, -0.1))
    found = budget_doubt(cell, middle, TOLERANCE, Reading.LONG_LAG)
    assert "timescale at the long lag still moved by a factor of 1.41" in found.text  # 4 doublings


def test_what_a_longer_training_learned_of_the_memory_was_not_learned_before():
    losses = {"markov": 0.5, "lstm": 0.499, "lstm_4": 0.4985, "lstm_16": 0.46}
    ladder = Rung("lstm", above=Rung("lstm_4", 4.0, above=Rung("lstm_16", 16.0)))

    def found(**changed):
        cell = cell_result(lstm=RIGHT, lstm_4=RIGHT, lstm_16=RIGHT, losses=losses | changed)
        return budget_doubt(cell, ladder, TOLERANCE, Reading.LONG_LAG)

    assert "0.001 nats below a Markov model's, with 16 x tokens 0.04 below it" in found().text
    assert found(lstm=0.47) is None


def test_without_a_training_on_fewer_tokens_the_long_lag_is_checked_at_one_step():
    assert "one-step" in doubt(1.0, 1.0, 1.0, reading=Reading.LONG_LAG).text


def test_trainings_that_failed_alike_have_not_converged():
    """Both stand at the cap, so that nothing seems to move."""
    failed = (-LOG2_CAP, LOG2_CAP, -LOG2_CAP)
    assert "one-step" in long_lag_doubt(failed, failed).text


class TestWithoutAMarkovModel:
    """A network far from done: at twice the tokens little changes, and nothing is right."""

    SLOW = (0.23, 0.28, 0.29)

    @pytest.mark.parametrize("reading", Reading)
    def test_little_change_is_no_proof_of_training(self, reading):
        found = doubt(*self.SLOW, losses={"lstm": 0.89}, reading=reading)
        assert found.cause is Cause.BUDGET
        assert found.text == (
            "nothing tells whether `lstm` is trained to the end in `toy/x/dt_1/fine`: neither a "
            "Markov model nor another budget ran there"
        )
        assert found.remedy == "add `markov: {}` to `models`"

    def test_with_one_it_is_told(self):
        found = doubt(*self.SLOW, losses={"lstm": 0.89, "markov": 0.476})
        assert "0.890 nats, a Markov model's 0.476" in found.text
        assert doubt(*self.SLOW, losses={"lstm": 0.48, "markov": 0.476}) is None

    def test_another_budget_tells_it_too(self):
        cell = cell_result(lstm=RIGHT, lstm_4=RIGHT, losses={"lstm": 0.89, "lstm_4": 0.89})
        assert budget_doubt(cell, LADDER, TOLERANCE, Reading.LONG_LAG) is None

    def test_what_is_not_trained_needs_none(self):
        cell = cell_result(counted=RIGHT, losses={"counted": 0.89}, tokens={"counted": 0})
        assert budget_doubt(cell, Rung("counted"), TOLERANCE, Reading.LONG_LAG) is None


NEAR = {"lstm": 0.48, "lstm_4": 0.48, "markov": 0.476}
EARLY = {"lstm_4": 0.3e6}


class TestPastItsBest:
    """A network whose held-out loss rose again: more tokens would not help."""

    def at_four_times(self, of_more, best_tokens=EARLY, losses=NEAR):
        cell = cell_result(lstm=RIGHT, lstm_4=of_more, losses=losses, best_tokens=best_tokens)
        return cell, budget_doubt(cell, LADDER, TOLERANCE, Reading.LONG_LAG)

    def test_it_asks_for_more_md_where_its_timescale_moves(self):
        _, found = self.at_four_times((2.0, 2.1, 1.9))
        assert found.cause is Cause.OVERFIT and "more MD" in found.remedy
        assert found.text == (
            "`lstm_4` with 4 x tokens overfits in `toy/x/dt_1/fine`: its held-out loss was lowest "
            "after 300,000 of 1,000,000 tokens, and its timescale at the long lag still moved by a "
            "factor of 2.00 over the last doubling of them"
        )

    def test_it_is_judged_where_nothing_moves(self):
        assert self.at_four_times(RIGHT)[1] is None

    def test_it_says_nothing_against_a_shorter_training(self):
        moved = (2.0, 2.1, 1.9)
        for best_tokens, expected in ((EARLY, None), ({}, Cause.BUDGET)):
            cell, _ = self.at_four_times(moved, best_tokens)
            shorter = Rung("lstm", above=LADDER)
            found = budget_doubt(cell, shorter, TOLERANCE, Reading.LONG_LAG)
            assert (found and found.cause) == expected

    def test_the_shorter_one_is_then_checked_by_its_own_history(self):
        cell = cell_result(
            lstm=RIGHT, lstm_4=RIGHT, losses=NEAR, best_tokens=EARLY, moved={"lstm": (1.0,) * 3}
        )
        found = budget_doubt(cell, Rung("lstm", above=LADDER), TOLERANCE, Reading.LONG_LAG)
        assert "one-step timescale still moved" in found.text

    def test_one_that_never_came_near_a_markov_model_is_not_trained(self):
        far = NEAR | {"lstm_4": 0.9}
        assert self.at_four_times((2.0, 2.1, 1.9), losses=far)[1].cause is Cause.BUDGET
