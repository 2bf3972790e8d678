"""The recommendation, in cells whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from judged import assessment, cell_result

from raremd.analysis.assessment import Cause
from raremd.analysis.recommendation import Outcome, candidate, recommend
from raremd.analysis.stationarity import UNKNOWN
from raremd.report.pages.recommendation import as_markdown, headline
from raremd.study.verdict_plans import Control

RIGHT = (-0.03, 0.0, 0.03, 0.02, -0.02)
WRONG = (-2.0, -2.1, -1.9, -2.0, -2.0)
SCATTERED = (0.1, 1.4, -1.3, 0.9, -1.0)


def answer(*cells, of_md=None, networks=("lstm", "transformer"), baselines=("markov",)):
    known = of_md or assessment()
    return recommend(known, cells, [10 * (n + 1) for n in range(len(cells))], networks, baselines)


def outcome(deviations, **options):
    return candidate(cell_result(lstm=deviations, **options), "lstm", 10, assessment()).outcome


class TestOneCell:
    @pytest.mark.parametrize(
        ("deviations", "wanted"),
        [
            (RIGHT, Outcome.REPRODUCED),
            (WRONG, Outcome.NOT_REPRODUCED),
            (SCATTERED, Outcome.CANNOT_TELL),  # right in the mean, but no replicate is
            ((0.0,), Outcome.CANNOT_TELL),
            ((0.0, 0.01, np.nan, 0.02, 0.0), Outcome.CANNOT_TELL),  # one replicate failed
            ((np.nan,) * 5, Outcome.NOT_REPRODUCED),
        ],
    )
    def test_by_the_interval_over_replicates(self, deviations, wanted):
        assert outcome(deviations) == wanted

    def test_two_replicates_off_to_either_side_reproduce_nothing(self):
        assert outcome((0.28, -0.5)) == Outcome.CANNOT_TELL

    def test_the_mds_own_error_widens_the_band(self):
        cell = cell_result(lstm=(0.45, 0.5, 0.55, 0.5, 0.5))
        wide = cell.table["quantity"].eq("yardstick_timescale") & cell.table["model"].eq("md")
        cell.table.loc[wide, "high"] = cell.table.loc[wide, "value"] * 2
        assert candidate(cell, "lstm", 10, assessment()).outcome == Outcome.REPRODUCED

    def test_states_that_miss_a_process_reproduce_nothing(self):
        found = candidate(cell_result(md=(300.0, 90.0), lstm=RIGHT), "lstm", 10, assessment())
        assert found.missed == (1,)
        assert found.outcome == Outcome.NOT_REPRODUCED

    def test_a_process_within_the_error_of_the_states_is_not_missed(self):
        cell = cell_result(md=(500.0, 90.0), md_error=1.5, lstm=RIGHT)  # from 200 to 1250
        assert candidate(cell, "lstm", 10, assessment()).missed == ()

    def test_a_network_that_is_not_trained_to_the_end_is_not_judged(self):
        losses = {"lstm": 0.5, "markov": 0.1}
        assert outcome(RIGHT, losses=losses) == Outcome.CANNOT_TELL

    def test_the_largest_budget_at_which_it_is_trained_is_what_counts(self):
        controls = tuple(Control(f"lstm_{n}", "lstm", "budget", float(n)) for n in (4, 16))
        off_by_half = tuple(d + 0.5 for d in RIGHT)
        cell = cell_result(
            lstm=off_by_half, lstm_4=RIGHT, lstm_16=WRONG,
            losses={"markov": 0.1, "lstm": 0.1, "lstm_4": 0.1, "lstm_16": 0.5},
        )  # fmt: skip
        found = candidate(cell, "lstm", 10, assessment(), controls)
        assert (found.model, found.budget, found.outcome) == ("lstm", 4, Outcome.REPRODUCED)

    def test_a_budget_at_which_it_is_past_its_best_is_not_taken_if_another_will_do(self):
        controls = (Control("lstm_4", "lstm", "budget", 4.0),)
        found = candidate(
            cell_result(
                lstm=RIGHT, lstm_4=tuple(d + 0.6 for d in RIGHT),
                losses={"markov": 0.1, "lstm": 0.1, "lstm_4": 0.101},
            ), "lstm", 10, assessment(), controls,
        )  # fmt: skip
        assert (found.budget, found.outcome) == (1, Outcome.REPRODUCED)


class TestAnswers:
    def test_name_all_intervals_and_the_smallest_bound(self):
        found = answer(
            cell_result(interval=1.0, lstm=WRONG),
            cell_result(interval=2.0, lstm=(0.1, 0.0, 0.2, 0.1, 0.05)),
            cell_result(interval=5.0, lstm=RIGHT, markov=RIGHT),
        )
        assert found.intervals == (2.0, 5.0)
        assert found.best.result.cell.interval == 5.0
        text = headline(found)
        assert "the LSTM reproduces the slow processes at saving intervals of 2 and 5 ps" in text
        assert found.markov_suffices == (5.0,)
        assert found.by_interval["lstm"] == {
            1.0: Outcome.NOT_REPRODUCED, 2.0: Outcome.REPRODUCED, 5.0: Outcome.REPRODUCED,
        }  # fmt: skip
        page = as_markdown([found])
        assert "reproduced at these saving intervals: LSTM at 2 and 5 ps" in page
        assert "| LSTM | not reproduced | **reproduced** | **reproduced** |" in page
        assert (
            "A Markov state model reproduces the slow dynamics at a saving interval of 5 ps"
            in as_markdown([found])
        )

    def test_do_not_begin_with_a_network_that_overfits(self):
        near = {"markov": 0.1, "lstm": 0.1}
        found = answer(
            cell_result(interval=1.0, lstm=RIGHT, losses=near, best_tokens={"lstm": 1e5}),
            cell_result(interval=2.0, lstm=(0.1, 0.0, 0.2, 0.1, 0.05), losses=near),
        )
        assert [c.result.cell.interval for c in found.reproduced] == [2.0, 1.0]
        assert "Among networks that do not overfit the error is smallest at 2 ps" in headline(found)

    def test_say_no_only_where_every_network_is_wrong(self):
        assert answer(cell_result(lstm=WRONG)).outcome == Outcome.NOT_REPRODUCED
        mixed = answer(cell_result(lstm=WRONG, transformer=SCATTERED))
        assert mixed.outcome == Outcome.CANNOT_TELL

    @pytest.mark.parametrize(
        ("changes", "cause"),
        [({"transitions": 3}, Cause.EVENTS), ({"drift": UNKNOWN}, Cause.LAG), ({"slow": ()}, None)],
    )
    def test_say_cannot_tell_where_the_md_cannot(self, changes, cause):
        found = answer(cell_result(lstm=RIGHT), of_md=assessment(**changes))
        assert found.outcome == Outcome.CANNOT_TELL
        page = as_markdown([found])
        assert "Cannot tell" in page and "Yes" not in page
        assert all(doubt.sentences in page for doubt in found.assessment.doubts)

    def test_lost_processes_end_between_the_finest_and_the_longest_interval(self):
        fast = (1000.0, 100.0, 3.0)
        found = answer(
            cell_result(interval=1.0, md=fast, lstm=RIGHT),
            cell_result(interval=5.0, md=fast, lstm=RIGHT),
        )
        assert found.lost == (3.0,)

    def test_lost_processes_are_those_of_the_states_that_show_most_of_them(self):
        shown = cell_result(md=(1000.0, 100.0, 3.0, 0.6), lstm=RIGHT)  # the last within a frame
        one_step = shown.table.query("model == 'md' and quantity == 'timescale'")
        shown = replace(shown, table=pd.concat([shown.table, one_step.assign(replicate=1)]))
        found = answer(
            shown,
            cell_result(interval=1.0, partition="coarse", lstm=RIGHT),
            cell_result(interval=5.0, lstm=RIGHT),
        )
        assert found.lost == (3.0,)


def test_each_network_is_named_with_its_own_intervals():
    found = answer(
        cell_result(interval=1.0, lstm=WRONG, transformer=(0.1, 0.0, 0.2, 0.1, 0.05)),
        cell_result(interval=2.0, lstm=RIGHT, transformer=WRONG),
    )
    text = headline(found)
    assert "the LSTM reproduces the slow processes at a saving interval of 2 ps" in text
    assert "and the Transformer at a saving interval of 1 ps." in text


@pytest.mark.parametrize(
    ("deviations", "sentence"),
    [
        (WRONG, "A Markov state model reproduces the slow dynamics in no cell."),
        (SCATTERED, "Whether a Markov state model reproduces the slow dynamics cannot be told."),
    ],
)
def test_markov_models_that_cannot_be_judged_are_not_called_wrong(deviations, sentence):
    assert sentence in as_markdown([answer(cell_result(lstm=RIGHT, markov=deviations))])


def test_models_without_a_network_are_told_apart_from_markov_models():
    found = answer(
        cell_result(lstm=WRONG, markov=WRONG, ngram=RIGHT), baselines=("markov", "ngram")
    )
    assert found.outcome is Outcome.NOT_REPRODUCED  # by networks
    page = as_markdown([found])
    assert "A model without a network reproduces the slow dynamics at" in page
    assert "a model without a network at" in page


def test_replicates_that_would_decide_are_told():
    found = answer(cell_result(lstm=(0.1, 0.35, -0.2, 0.3, -0.1)), networks=("lstm",))
    assert found.outcome == Outcome.CANNOT_TELL
    assert f"About {found.best.needed} replicates, not 5, would decide" in headline(found)
    slow, fast = found.best.processes
    both = replace(found.best, processes=(replace(slow, needed=7), replace(fast, needed=12)))
    assert both.needed == 12
    assert replace(both, processes=(slow, replace(fast, needed=None))).needed is None


def test_a_corrected_network_is_named_where_the_plain_one_is_wrong():
    controls = (Control("lstm_corrected", "lstm", "prior", 4.0),)
    cell = cell_result(lstm=WRONG, lstm_corrected=RIGHT)
    found = recommend(assessment(), [cell], [10], ("lstm",), ("markov",), controls)
    assert found.best.model == "lstm_corrected" and found.best.budget == 4
    assert headline(found).startswith("Yes: the LSTM with corrected jumps reproduces")
    assert "| LSTM | not reproduced |" in as_markdown([found])


def test_one_training_asks_for_more_of_them():
    text = headline(answer(cell_result(lstm=(0.0,))))
    assert text == "Cannot tell: one training has no error bar; give at least 3 replicates."
    assert "reaches across the tolerance" in headline(answer(cell_result(lstm=SCATTERED)))
