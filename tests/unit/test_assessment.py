"""What the MD can decide, on chains whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from raremd.analysis.assessment import Cause, assess
from raremd.analysis.stationarity import Stationarity, converged_from, drift_with_lag
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import split_frames
from raremd.study.plans import AssessmentPlan


def two_states(t, n_frames, rng):
    """A two-state chain with the implied timescale t, in frames."""
    flips = rng.random(n_frames) < (1 - np.exp(-1 / t)) / 2
    return (np.cumsum(flips) % 2).astype(np.int16)


def ring(forward, backward, n_frames, rng):
    """A three-state ring with the given probabilities of a jump a frame."""
    u = rng.random(n_frames)
    steps = np.where(u < forward, 1, np.where(u < forward + backward, -1, 0))
    return (np.cumsum(steps) % 3).astype(np.int16)


def assessed(trajectories, lags, lag, n_states=2, reference=None, **changes):
    lengths = [len(d) for d in trajectories]
    system = DiscreteSystem(
        n_states=n_states, dimension=1, md=trajectories, reference=reference or trajectories,
        md_cores=[], reference_cores=[], split=split_frames(lengths, 0.2, lag),
    )  # fmt: skip
    how = {
        "system": "toy", "unit": "ps", "frame_interval": 1.0, "lags": tuple(sorted({lag, *lags})),
        "yardstick_lag": lag, "block": 5000, "timescales": 2, "samples": 60, "seed": 1,
        "tolerance": 0.32, "minimum_transitions": 20,
    }  # fmt: skip
    return assess(system, AssessmentPlan(**(how | changes)))


def causes(found):
    return {doubt.cause for doubt in found.doubts}


@pytest.fixture(scope="module")
def clean():
    rng = np.random.default_rng(0)
    return [two_states(200.0, 100_000, rng) for _ in range(5)]


def flipped(share, t=2000.0, n_frames=400_000):
    """Two states of which a share of the frames is read wrongly."""
    rng = np.random.default_rng(1)
    made = [two_states(t, n_frames // 4, rng) for _ in range(4)]
    return [d ^ (rng.random(len(d)) < share) for d in made]


def test_a_markov_chain_leaves_no_doubts(clean):
    found = assessed(clean, [1, 10, 20, 40], 10)
    assert found.doubts == ()
    assert found.drift.outcome == Stationarity.STATIONARY
    assert found.slow[0].low < 200.0 < found.slow[0].high
    assert found.transitions == pytest.approx(400_000 / 400, rel=0.15)
    assert sum(found.by_trajectory) >= found.transitions


class TestConvergence:
    @pytest.mark.parametrize("lags", [[1, 10, 11], [1, 10], [10, 12, 14, 29]])
    def test_lags_too_close_together_cannot_tell(self, clean, lags):
        found = assessed(clean, lags, 10)
        assert found.drift.outcome == Stationarity.CANNOT_TELL
        assert causes(found) == {Cause.LAG}
        assert "add a lag of 30 ps or more" in found.doubts[0].remedy

    @pytest.mark.parametrize("lags", [[1, 10, 11], [1, 10, 30], [10, 20, 40, 80]])
    def test_misread_frames_never_pass_for_convergence(self, lags):
        found = assessed(flipped(0.05), lags, 10)
        assert found.drift.outcome != Stationarity.STATIONARY
        assert Cause.LAG in causes(found)

    def test_a_lag_that_would_do_is_named(self):
        made = flipped(0.005, t=2000.0, n_frames=1_600_000)
        found = assessed(made, [10, 30, 100, 300, 1000], 10)
        assert found.drift.outcome == Stationarity.DRIFTING
        (doubt,) = (d for d in found.doubts if d.cause is Cause.LAG)
        assert doubt.remedy == f"set `yardstick.lag` to {found.converged_from:g}"
        again = assessed(made, [300, 1000], int(found.converged_from))
        assert again.drift.outcome == Stationarity.STATIONARY

    def test_few_events_cannot_tell(self):
        lags, rng = np.array([10.0, 20.0, 40.0]), np.random.default_rng(0)
        times = np.full(3, 200.0)
        samples = 200 * 2.0 ** rng.normal(0, 1.5, (3, 100))
        assert drift_with_lag(lags, times, samples, 10, 0.32).outcome == Stationarity.CANNOT_TELL

    def test_the_longest_lag_as_yardstick_cannot_tell(self, clean):
        assert assessed(clean, [1, 10], 40).drift.outcome == Stationarity.CANNOT_TELL

    def test_no_lag_is_named_where_none_converges(self):
        lags = np.array([1.0, 2.0, 4.0, 8.0])
        samples = np.tile(lags[:, None], (1, 50)) * 100
        assert converged_from(lags, 100 * lags, samples, 0.32) is None


class TestDriven:
    @pytest.mark.parametrize(("forward", "backward"), [(0.02, 0.002), (0.02, 0.012)])
    def test_rings_are_named_with_their_jumps(self, forward, backward):
        made = [ring(forward, backward, 50_000, np.random.default_rng(n)) for n in range(4)]
        found = assessed(made, [5, 10, 20], 5, n_states=3)
        assert Cause.EQUILIBRIUM in causes(found)
        text = next(d.text for d in found.doubts if d.cause is Cause.EQUILIBRIUM)
        assert "the system is driven" in text

    def test_an_equilibrium_ring_is_not(self):
        made = [ring(0.02, 0.02, 50_000, np.random.default_rng(n)) for n in range(4)]
        assert Cause.EQUILIBRIUM not in causes(assessed(made, [5, 10, 20], 5, n_states=3))


def test_a_process_faster_than_the_lag_is_not_compared():
    rng = np.random.default_rng(2)
    made = [two_states(26.0, 50_000, rng) for _ in range(4)]
    found = assessed(made, [10, 50, 150], 50)
    assert found.slow == () and Cause.NO_PROCESS in causes(found)
    assert (
        "no process of the MD is slower than the yardstick's lag of 50 ps" in found.doubts[0].text
    )
    assert "set `yardstick.lag` to 5" in found.doubts[0].remedy


def test_few_transitions_ask_for_more_md():
    rng = np.random.default_rng(3)
    made = [two_states(5000.0, 20_000, rng) for _ in range(4)]
    found = assessed(made, [50, 100, 200], 50)
    assert found.transitions < 20
    (doubt,) = (d for d in found.doubts if d.cause is Cause.EVENTS)
    assert "times as much MD" in doubt.remedy


def test_md_that_differs_from_its_reference(clean):
    rng = np.random.default_rng(4)
    slow = [two_states(2000.0, 200_000, rng) for _ in range(3)]
    assert Cause.REFERENCE in causes(assessed(clean, [10, 20, 40], 10, reference=slow))
    same = [two_states(200.0, 200_000, rng) for _ in range(3)]
    assert Cause.REFERENCE not in causes(assessed(clean, [10, 20, 40], 10, reference=same))


def test_frames_that_are_not_connected(clean):
    island = np.full(100_000, 2, np.int16)
    found = assessed([*clean, island], [10, 20, 40], 10, n_states=3)
    assert Cause.CONNECTION in causes(found)
