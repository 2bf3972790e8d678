"""Verdicts from paired replicates: known answers and error rates over made-up studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from raremd.analysis.verdicts import (
    Effect,
    Verdict,
    decide,
    decide_closeness,
    holm_levels,
    paired_effect,
    pooled_effect,
    replicates_needed,
)

MARGIN = 0.32
STUDIES = 500


def made_up(effect, n, scatter, events, rng):
    """Paired differences of errors as `claims` takes them: both sides saw the same finite MD."""
    md = rng.normal(0, 1.44 / np.sqrt(events), n)  # log2 of a rate counted from so many events
    hard = np.abs(effect + md + rng.normal(0, scatter, n))
    easy = np.abs(md + rng.normal(0, scatter, n))
    return hard - easy


def shares(effect, n, scatter, events=200, seed=0):
    rng = np.random.default_rng(seed)
    found = [
        decide(paired_effect(made_up(effect, n, scatter, events, rng)), MARGIN).verdict
        for _ in range(STUDIES)
    ]
    return {verdict: found.count(verdict) / STUDIES for verdict in Verdict}


def looked_again(values):
    """The verdict of a study that adds what an open verdict asks for, up to all its replicates."""
    n = 3
    while True:
        effect = paired_effect(values[:n])
        verdict = decide(effect, MARGIN).verdict
        if verdict is not Verdict.UNDECIDED or n == len(values):
            return verdict
        n = min(max(replicates_needed(effect, MARGIN) or len(values), n + 1), len(values))


def test_looking_again_is_wrong_as_often_as_the_method_says():
    rng = np.random.default_rng(0)
    found = [looked_again(rng.normal(0, 0.5, 12)) for _ in range(STUDIES)]
    wrong = [verdict in (Verdict.SUPPORTED, Verdict.CONTRADICTED) for verdict in found]
    assert 0.09 < np.mean(wrong) < 0.18


class TestDecisions:
    @pytest.mark.parametrize(
        ("mean", "half", "verdict"),
        [
            (0.0, 0.1, Verdict.NO_DIFFERENCE),
            (0.08, 0.14, Verdict.NO_DIFFERENCE),
            (0.2, 0.1, Verdict.NO_DIFFERENCE),  # above zero, but too small to matter
            (0.4, 0.3, Verdict.SUPPORTED),
            (-0.4, 0.3, Verdict.CONTRADICTED),
            (0.2, 0.3, Verdict.UNDECIDED),
            (2.0, 5.0, Verdict.UNDECIDED),
        ],
    )
    def test_follow_from_the_interval(self, mean, half, verdict):
        effect = Effect(mean, half / stats.t.ppf(0.975, 9), 9, 10)
        decision = decide(effect, MARGIN)
        assert (decision.low, decision.high) == pytest.approx((mean - half, mean + half))
        assert decision.verdict == verdict

    @pytest.mark.parametrize(
        ("mean", "verdict"),
        [
            (0.0, Verdict.SUPPORTED),
            (-0.1, Verdict.SUPPORTED),
            (0.3, Verdict.UNDECIDED),
            (-0.6, Verdict.CONTRADICTED),
        ],
    )
    def test_closeness(self, mean, verdict):
        effect = Effect(mean, 0.1 / stats.t.ppf(0.975, 4), 4, 5)
        assert decide_closeness(effect, MARGIN).verdict == verdict

    @pytest.mark.parametrize("differences", [[], [np.nan], [0.7]])
    def test_one_replicate_decides_nothing(self, differences):
        effect = paired_effect(np.array(differences))
        assert decide(effect, MARGIN).verdict == Verdict.UNDECIDED
        assert replicates_needed(effect, MARGIN) is None

    def test_below_ten_replicates_it_is_students_interval(self):
        values = np.array([0.3, 0.5, -0.1, 0.9, 0.2])
        wanted = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
        assert paired_effect(values).interval() == pytest.approx(wanted)

    def test_p_values_agree_with_intervals(self):
        rng = np.random.default_rng(1)
        for _ in range(200):
            effect = paired_effect(rng.normal(rng.normal(0, 0.3), 0.2, 6))
            low, high = effect.interval()
            assert (effect.p_difference() < 0.05) == (low > 0 or high < 0)
            assert (effect.p_equivalence(MARGIN) < 0.05) == (low > -MARGIN and high < MARGIN)


class TestErrorRates:
    def test_equal_errors_are_seen_to_be_equal(self):
        found = shares(effect=0, n=5, scatter=0.1)
        assert found[Verdict.NO_DIFFERENCE] >= 0.8
        assert found[Verdict.SUPPORTED] + found[Verdict.CONTRADICTED] < 0.05

    def test_a_factor_of_two_is_seen(self):
        found = shares(effect=1, n=10, scatter=0.4)
        assert found[Verdict.SUPPORTED] >= 0.8
        assert found[Verdict.CONTRADICTED] + found[Verdict.NO_DIFFERENCE] < 0.05

    @pytest.mark.parametrize("n", [3, 5, 10])
    @pytest.mark.parametrize("scatter", [0.1, 0.4, 1.0])
    @pytest.mark.parametrize("effect", [0, 0.32, 1, 2])
    def test_wrong_decisions_are_rare(self, n, scatter, effect):
        rng = np.random.default_rng([n, round(10 * scatter), round(100 * effect)])
        truth = np.mean(made_up(effect, 200_000, scatter, 200, rng))
        found = shares(effect, n, scatter, seed=7)
        wrong = found[Verdict.CONTRADICTED]
        wrong += found[Verdict.NO_DIFFERENCE] if truth > MARGIN else 0
        wrong += found[Verdict.SUPPORTED] if truth < 0.02 else 0
        assert wrong < 0.05 + 2 * np.sqrt(0.05 * 0.95 / STUDIES)

    @pytest.mark.parametrize("failed", [-5.0, 5.0])
    def test_one_failed_replicate_in_ten_turns_no_verdict_round(self, failed):
        rng = np.random.default_rng(3)
        for effect in (-1.0, 0.0, 1.0):
            for _ in range(100):
                differences = rng.normal(effect, 0.1, 10)
                before = decide(paired_effect(differences), MARGIN).verdict
                differences[rng.integers(10)] = failed
                assert decide(paired_effect(differences), MARGIN).verdict == before


class TestHolm:
    def test_known_levels(self):
        assert holm_levels([0.001, 0.04, 0.02], 0.06) == pytest.approx([0.98, 0.94, 0.97])
        assert holm_levels([0.9, 0.001], 0.05) == pytest.approx([0.95, 0.975])
        assert holm_levels([0.04, 0.03], 0.05) == pytest.approx([0.975, 0.975])

    def test_the_whole_family_is_rarely_wrong(self):
        rng = np.random.default_rng(5)
        wrong = 0
        for _ in range(STUDIES):
            effects = [paired_effect(rng.normal(0, 0.5, 6)) for _ in range(8)]
            levels = holm_levels([e.p_difference() for e in effects])
            verdicts = {decide(e, 0.05, x).verdict for e, x in zip(effects, levels, strict=True)}
            wrong += bool(verdicts & {Verdict.SUPPORTED, Verdict.CONTRADICTED})
        assert wrong / STUDIES < 0.05 + 2 * np.sqrt(0.05 * 0.95 / STUDIES)


class TestPooled:
    def test_one_system_is_itself(self):
        only = Effect(0.4, 0.1, 4, 5)
        assert pooled_effect([only, Effect(0.1, np.inf, 0, 1)]) == only

    def test_covers_the_mean_over_systems(self):
        rng = np.random.default_rng(2)
        inside = 0
        for _ in range(STUDIES):
            truths = rng.normal(0.5, 0.4, 5)
            effects = [paired_effect(rng.normal(truth, 0.3, 8)) for truth in truths]
            low, high = pooled_effect(effects).interval()
            inside += low <= 0.5 <= high
        assert inside / STUDIES > 0.93

    def test_nothing_to_pool(self):
        assert decide(pooled_effect([]), MARGIN).verdict == Verdict.UNDECIDED


def test_the_replicates_that_are_asked_for_decide():
    rng = np.random.default_rng(4)
    decided, asked = 0, 0
    for _ in range(300):
        effect = paired_effect(rng.normal(0.5, 0.6, 4))
        needed = replicates_needed(effect, MARGIN)
        if needed is None or decide(effect, MARGIN).verdict != Verdict.UNDECIDED:
            continue
        asked += 1
        assert needed > 4
        scatter = effect.standard_error * 2
        more = Effect(effect.mean, scatter / np.sqrt(needed), needed - 1, needed)
        decided += decide(more, MARGIN).verdict != Verdict.UNDECIDED
    assert asked > 100
    assert decided == asked


def test_more_replicates_are_asked_for_than_there_are_also_where_the_mean_is_trimmed():
    rng, asked = np.random.default_rng(5), 0
    for _ in range(300):
        effect = paired_effect(rng.normal(-0.16, 0.24, 10))
        if decide(effect, MARGIN).verdict == Verdict.UNDECIDED:
            needed = replicates_needed(effect, MARGIN)
            asked += needed is not None
            assert needed is None or needed > 10
    assert asked > 50


def test_no_fewer_replicates_would_decide():
    needed, scatter = replicates_needed(Effect(0.5, 0.2, 4, 5), 0.32), 0.2 * np.sqrt(5)
    one, fewer = (Effect(0.5, scatter / np.sqrt(n), n - 1, n) for n in (needed, needed - 1))
    assert decide(one, 0.32).verdict is Verdict.SUPPORTED
    assert decide(fewer, 0.32).verdict is Verdict.UNDECIDED
