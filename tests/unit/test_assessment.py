"""What the MD can decide, on chains whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_chains import equal_states, flipped, made, ring, two_states

from raremd.analysis.assess import assess
from raremd.analysis.assessment import Cause
from raremd.analysis.stationarity import Stationarity, converged_from, drift_with_lag
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import split_frames
from raremd.study.plans import AssessmentPlan


def assessed(trajectories, lags, lag, n_states=2, reference=None, finer=None, **changes):
    lengths = [len(d) for d in trajectories]
    system = DiscreteSystem(
        n_states=n_states, dimension=1, md=trajectories, reference=reference or trajectories,
        md_cores=[], reference_cores=[], split=split_frames(lengths, 0.2, lag),
    )  # fmt: skip
    how = {
        "system": "toy", "unit": "ps", "frame_interval": 1.0, "lags": tuple(sorted({lag, *lags})),
        "yardstick_lag": lag, "block": 5000, "timescales": 2, "samples": 60, "seed": 1,
        "tolerance": 0.32, "minimum_transitions": 20, "names": (), "finer": (),
    }  # fmt: skip
    other = replace(system, md=finer, n_states=3) if finer else None
    return assess(system, {"`all/fine`": other} if other else {}, AssessmentPlan(**(how | changes)))


def causes(found):
    return {doubt.cause for doubt in found.doubts}


@pytest.fixture(scope="module")
def clean():
    return made(two_states, 200.0, n_frames=(100_000,) * 5, seed=1)


def test_a_markov_chain_leaves_no_doubts(clean):
    found = assessed(clean, [1, 10, 20, 40], 10)
    assert found.doubts == ()
    assert found.drift.outcome == Stationarity.STATIONARY
    assert found.slow[0].low < 200.0 < found.slow[0].high
    assert found.transitions == pytest.approx(400_000 / 400, rel=0.15)
    assert sum(found.by_trajectory) >= found.transitions


def test_trajectories_of_unequal_length_leave_no_doubts_either():
    lengths = (60_000, 20_000, 45_000, 31_000, 9_000)
    found = assessed(made(equal_states, 3, 0.99, n_frames=lengths), [5, 10, 15, 30], 5, n_states=3)
    assert found.doubts == ()
    slowest, next_to_it = found.slow  # two of equal timescale
    assert next_to_it.low < -1 / np.log(0.985) < slowest.high
    assert len(found.by_trajectory) == len(lengths)


class TestConvergence:
    @pytest.mark.parametrize("lags", [[1, 10, 11], [1, 10], [10, 12, 14, 29]])
    def test_lags_too_close_together_cannot_tell(self, clean, lags):
        found = assessed(clean, lags, 10)
        assert found.drift.outcome == Stationarity.CANNOT_TELL
        assert causes(found) == {Cause.LAG}
        assert "add a lag of 30 or more" in found.doubts[0].remedy

    @pytest.mark.parametrize("lags", [[1, 10, 11], [1, 10, 30], [10, 20, 40, 80]])
    def test_misread_frames_never_pass_for_convergence(self, lags):
        found = assessed(made(flipped, 2000.0, 0.05, n_frames=100_000), lags, 10)
        assert found.drift.outcome != Stationarity.STATIONARY
        assert Cause.LAG in causes(found)

    def test_a_lag_that_would_do_is_named(self):
        noisy = made(flipped, 2000.0, 0.005, n_frames=400_000)
        found = assessed(noisy, [10, 30, 100, 300, 1000], 10)
        assert found.drift.outcome == Stationarity.DRIFTING
        (doubt,) = (d for d in found.doubts if d.cause is Cause.LAG)
        assert doubt.remedy == f"set `yardstick.lag` to {found.converged_from:.0f}"
        again = assessed(noisy, [300, 1000], int(found.converged_from))
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
        rings = made(ring, forward, backward, n_frames=50_000)
        found = assessed(rings, [5, 10, 20], 5, n_states=3)
        assert Cause.EQUILIBRIUM in causes(found)
        text = next(d.text for d in found.doubts if d.cause is Cause.EQUILIBRIUM)
        assert "the system is driven" in text

    def test_two_states_that_hide_a_ring_do_not_hide_its_drive(self):
        rings = made(ring, 0.02, 0.012, n_frames=50_000)
        pairs = [(d == 2).astype(np.int16) for d in rings]
        assert Cause.EQUILIBRIUM not in causes(assessed(pairs, [5, 10, 20], 5))
        found = assessed(pairs, [5, 10, 20], 5, finer=rings, names=("left", "right"))
        (text,) = (d.text for d in found.doubts if d.cause is Cause.EQUILIBRIUM)
        assert "of `all/fine`" in text and "left" not in text

    def test_states_are_told_by_their_names(self):
        rings = made(ring, 0.02, 0.002, n_frames=20_000)
        found = assessed(rings, [5, 10, 20], 5, n_states=3, names=("C5", "alpha_R", "alpha_L"))
        (text,) = (d.text for d in found.doubts if d.cause is Cause.EQUILIBRIUM)
        assert "from state C5 to state alpha_R" in text or "from state alpha" in text
        with pytest.raises(ValueError, match=r"yardstick\.names: 2 names for 3 states"):
            assessed(rings, [5, 10, 20], 5, n_states=3, names=("C5", "alpha_R"))

    def test_an_equilibrium_ring_is_not(self):
        rings = made(ring, 0.02, 0.02, n_frames=50_000)
        assert Cause.EQUILIBRIUM not in causes(assessed(rings, [5, 10, 20], 5, n_states=3))


def test_a_process_faster_than_the_lag_is_not_compared():
    fast = made(two_states, 26.0, n_frames=50_000)
    found = assessed(fast, [10, 50, 150], 50)
    assert found.slow == () and Cause.NO_PROCESS in causes(found)
    assert (
        "no process of the MD is slower than the yardstick's lag of 50 ps" in found.doubts[0].text
    )
    assert found.doubts[0].remedy == "add lags of 8.8 ps or less, or save frames more often"
    assert assessed(fast, [5, 50, 150], 50).doubts[0].remedy == "set `yardstick.lag` to 5"


def test_few_transitions_ask_for_more_md():
    found = assessed(made(two_states, 5000.0, n_frames=20_000), [50, 100, 200], 50)
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
