"""Hidden chains: known answers, brute force and samples agree with the exact formulas."""

from __future__ import annotations

import itertools
from dataclasses import astuple

import numpy as np
import pytest

from raremd.data.simulated.hidden_chain import HOP, MEMBERS, HiddenChain
from raremd.data.simulated.hidden_chain_exact import SolvedChain
from raremd.data.simulated.hidden_chain_walk import simulate
from raremd.kinetics.committor import counted_committor
from raremd.kinetics.timescales import count_matrix, timescales

SMALL = HiddenChain(t1=60.0, memory=5.0, basins=3, positions=2, ring=4)
SOLVED = SolvedChain(SMALL)


def hidden_matrix(chain):
    """One frame of (e, x, y), written out state by state."""
    rho, p, half = chain.rho, SolvedChain(chain).p, chain.ring // 3
    line = chain.basins * chain.positions
    states = list(itertools.product((0, 1), range(line), range(chain.ring)))
    number = {state: k for k, state in enumerate(states)}
    matrix = np.zeros((len(states), len(states)))
    for (e, x, y), k in number.items():
        for f in (0, 1):
            flip = (1 - rho) * (p if f else 1 - p) + (rho if e == f else 0)
            targets = {x: 1.0}
            for near in (x - 1, x + 1):
                same = x // chain.positions == near // chain.positions
                if 0 <= near < line and (same or f == 1):
                    targets[near] = HOP
                    targets[x] -= HOP
            for to, hop in targets.items():
                for move in range(-half, half + 1):
                    at = number[f, to, (y + move) % chain.ring]
                    matrix[k, at] += flip * hop / (2 * half + 1)
    return matrix


@pytest.fixture(scope="module")
def brute():
    """Hidden matrix of SMALL, its stationary law, and which observed state each state shows."""
    matrix = hidden_matrix(SMALL)
    law = np.repeat([1 - SOLVED.p, SOLVED.p], SMALL.n_states) / SMALL.n_states
    return matrix, law, np.tile(np.eye(SMALL.n_states), (2, 1))


@pytest.mark.parametrize(
    ("member", "p", "slow", "implied", "passage", "entropies"),
    [
        (
            "easy", 0.07469106, [100, 3.7455, 3.4590], [75.647, 96.784, 99.669], {1: 166.772},
            (0.893652, 0.892271, 0.8922280),
        ),
        (
            "medium", 0.03633527, [1000, 429.449], [298.787, 735.437, 961.053],
            {1: 704.084, 2: 2131.38}, (1.985388, 1.980097, 1.976541),
        ),
        (
            "hard", 0.004301809, [20000, 9820.38, 8076.31], [4012.86, 11731.6, 17847.2],
            {1: 10961.3, 3: 47050.6}, (3.701601, 3.700284, 3.698763),
        ),
    ],
)  # fmt: skip
def test_members_have_their_known_answers(member, p, slow, implied, passage, entropies):
    chain = SolvedChain(MEMBERS[member])
    assert chain.p == pytest.approx(p, rel=1e-6)
    assert chain.timescales(len(slow)) == pytest.approx(slow, rel=1e-4)
    found = [chain.implied_timescales(lag, 1)[0] for lag in (1, 10, 100)]
    assert found == pytest.approx(implied, rel=1e-5)
    times = chain.passage_times()[0]
    assert times[list(passage)] == pytest.approx(list(passage.values()), rel=1e-5)
    assert astuple(chain.entropies()) == pytest.approx(entropies, abs=1e-6)


def test_observed_transition_matrix_is_that_of_brute_force(brute):
    matrix, law, shown = brute
    assert law @ matrix == pytest.approx(law, abs=1e-14)
    for lag in (1, 2, 37):
        power = np.linalg.matrix_power(matrix, lag)
        expected = SMALL.n_states * shown.T @ (law[:, None] * power) @ shown
        assert np.abs(SOLVED.transition_matrix(lag) - expected).max() < 1e-13
        exact = timescales(expected, lag, 4, np.full(SMALL.n_states, 1 / SMALL.n_states))
        assert SOLVED.implied_timescales(lag, 4) == pytest.approx(exact, rel=1e-8, nan_ok=True)


def test_hidden_spectrum_is_that_of_brute_force(brute):
    hidden = timescales(brute[0], 1, 3)
    assert hidden[0] == pytest.approx(SMALL.t1, rel=1e-9)
    assert hidden[2] == pytest.approx(SMALL.memory, rel=1e-9)
    assert SOLVED.timescales(2) == pytest.approx(hidden[:2], rel=1e-9)
    assert SOLVED.timescales(3)[2] < SMALL.memory  # which no observed state shows by itself
    far = SOLVED.implied_timescales(400, 1)[0]
    assert far == pytest.approx(SMALL.t1, rel=0.01) and far < SMALL.t1


def test_passage_times_are_those_of_brute_force(brute):
    matrix, law, shown = brute
    basin = shown.argmax(axis=1) // SMALL.states_per_basin
    out = basin != 2
    inner = np.linalg.inv(np.eye(out.sum()) - matrix[np.ix_(out, out)]).sum(axis=1)
    at = basin[out] == 0
    expected = np.average(inner[at], weights=law[out][at])
    assert SOLVED.passage_times()[0, 2] == pytest.approx(expected, rel=1e-10)


def test_committor_is_that_of_brute_force_and_of_samples(brute):
    matrix, law, shown = brute
    position = shown.argmax(axis=1) // SMALL.ring
    inner = (position > 0) & (position < 5)
    chance = (position == 5).astype(float)
    matrix_in = np.eye(inner.sum()) - matrix[np.ix_(inner, inner)]
    chance[inner] = np.linalg.solve(matrix_in, matrix[inner] @ chance)
    exact = SOLVED.committor()
    assert exact == pytest.approx(SMALL.n_states * (law * chance) @ shown, abs=1e-12)
    assert exact[::4] + exact[::-4] == pytest.approx(1, abs=1e-12)  # the line has no direction
    ends = np.sign(exact - 0.5).astype(np.int8) * np.isin(exact, (0, 1))
    assert (ends == np.repeat([-1, 0, 0, 0, 0, 1], 4)).all()
    counted = counted_committor(simulate(SMALL, 200, 20_000, seed=3), ends)
    assert np.abs(counted - exact).max() < 0.01
    # A Markov chain of the observed states misses the memory of a walker that has just crossed.
    markov, between = SOLVED.transition_matrix(1), ends == 0
    missed = (ends > 0).astype(float)
    missed[between] = np.linalg.solve(
        np.eye(between.sum()) - markov[np.ix_(between, between)], markov[between] @ missed
    )
    assert np.abs(missed - exact).max() > 0.02


def block_entropy(laws):
    """Of the observed positions, from the joint laws of (e now, path so far), (2, paths)."""
    seen = laws.sum(axis=0)
    return -np.sum(seen[seen > 0] * np.log(seen[seen > 0]))


def test_entropy_rate_lies_between_the_bounds_of_cover_and_thomas():
    """H(s_n | s_n-1 .. s_0, e_0) <= h <= H(s_n | s_n-1 .. s_0); the activation starts the path."""
    chain = SolvedChain(HiddenChain(t1=20.0, memory=1.0, positions=2))
    n, moves = 4, hidden_matrix(chain.chain).reshape(2, 4, 2, 4)
    law = np.repeat([1 - chain.p, chain.p], n).reshape(2, n) / n
    paths = [law[:, None, :]]  # (e, path before, position)
    starts = [np.stack([law * [[1], [0]], law * [[0], [1]]], axis=1)]
    for found in (paths, starts):
        for _ in range(8):
            step = np.einsum("epx,exfy->fpxy", found[-1], moves)
            found.append(step.reshape(2, -1, n))
    upper = block_entropy(paths[-1]) - block_entropy(paths[-2])
    lower = block_entropy(starts[-1]) - block_entropy(starts[-2])
    rate = chain.entropies().rate
    assert lower - 1e-12 < rate < upper + 1e-12
    assert upper - lower < 1e-5
    two = [block_entropy(p) for p in paths[:4]]
    assert astuple(chain.entropies())[:2] == pytest.approx(np.diff(two)[:2], abs=1e-12)


def test_the_filter_on_samples_has_the_loss_of_the_entropy_rate():
    """The gain on the Markov chain is a mean of paired differences; 4 of its standard errors."""
    chain = HiddenChain(t1=200.0, memory=20.0)
    solved = SolvedChain(chain)
    states = simulate(chain, 400, 2000, seed=4).astype(np.int64)
    log_first = np.log(np.maximum(solved.position_matrix(1), 1e-300))
    moves = hidden_matrix(chain).reshape(2, 8, 2, 8)
    belief = np.tile([[1 - solved.p, solved.p]], (400, 1))
    gain = np.zeros(400)
    for now, then in itertools.pairwise(states.T):
        joint = np.einsum("we,wef->wf", belief, moves[:, now, :, then])
        chance = joint.sum(axis=1)
        gain += np.log(chance) - log_first[now, then]
        belief = joint / chance[:, None]
    gain /= states.shape[1] - 1
    exact = solved.entropies()
    error = gain.std() / np.sqrt(len(gain))
    assert abs(gain.mean() - (exact.first - exact.rate)) < 4 * error
    assert error < 0.1 * (exact.first - exact.rate)


def test_without_memory_the_observed_states_are_a_markov_chain():
    chain = SolvedChain(HiddenChain(t1=50.0, memory=0.0, ring=3))
    times = [chain.implied_timescales(lag, 1)[0] for lag in (1, 7, 30)]
    assert times == pytest.approx([50.0] * 3, rel=1e-8)
    exact = chain.entropies()
    assert astuple(exact) == pytest.approx([exact.first] * 3, abs=1e-12)


@pytest.mark.parametrize("lag", [1, 5, 20])
def test_samples_have_the_exact_transition_matrix(lag):
    """Each element within 5 standard errors over independent walkers."""
    walkers = simulate(SMALL, 200, 4000, seed=1)
    counts = np.stack([count_matrix([w], SMALL.n_states, lag) for w in walkers])
    share = counts / (walkers.shape[1] - lag)
    error = share.std(axis=0) / np.sqrt(len(walkers))
    exact = SOLVED.transition_matrix(lag) / SMALL.n_states
    impossible = exact < 1e-15
    assert not share[:, impossible].any()
    deviation = (share.mean(axis=0) - exact)[~impossible] / error[~impossible]
    assert np.abs(deviation).max() < 5
    assert np.sqrt(np.mean(deviation**2)) < 1.5


def test_samples_start_from_the_stationary_law_of_activation_too():
    """The first step crosses as often as any other; 4 standard errors."""
    chain = HiddenChain(t1=30.0, memory=10.0)
    walkers = simulate(chain, 200_000, 2, seed=2)
    exact = SolvedChain(chain).transition_matrix(1)[3, 4] * 2 / 8
    crossed = np.mean(walkers[:, 0] // 4 != walkers[:, 1] // 4)
    assert abs(crossed - exact) < 4 * np.sqrt(exact / len(walkers))


def test_same_seed_same_bytes_and_walkers_of_their_own():
    chain = MEMBERS["medium"]
    first = simulate(chain, 5, 300, seed=1)
    assert first.dtype == np.int16 and first.shape == (5, 300)
    assert simulate(chain, 5, 300, seed=1).tobytes() == first.tobytes()
    assert np.array_equal(simulate(chain, 7, 400, seed=1)[:5, :300], first)
    assert not np.array_equal(simulate(chain, 5, 300, seed=2), first)
    assert len(np.unique(first[:, -20:], axis=0)) == 5
    assert first.min() >= 0 and first.max() < chain.n_states


@pytest.mark.parametrize(
    ("dials", "message"),
    [
        ({"ring": 2}, "ring: 2 points never exchange"),
        ({"ring": 0}, "ring: 0 is out of range, give at least 1"),
        ({"ring": 5000}, "ring: 40000 states .* are too many"),
        ({"basins": 1}, "basins: 1 is out of range, give at least 2"),
        ({"positions": 0}, "positions: 0 is out of range"),
        ({"memory": -1.0}, "memory: -1 is out of range"),
        ({"t1": 15.0}, r"t1: 15 is not longer than 15\.92 frames, that of free diffusion"),
        ({"memory": 100.0}, "t1: 100 is not longer than memory, 100 frames"),
        ({"t1": float("nan")}, "t1: nan"),
    ],
)
def test_dials_out_of_range_are_refused_by_name(dials, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        HiddenChain(**{"t1": 100.0, "memory": 1.0, **dials})


@pytest.mark.parametrize("numbers", [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_numbers_of_a_simulation_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match=r"^(n_walkers|n_frames|seed): .* is too small"):
        simulate(SMALL, *numbers)


def test_answers_are_in_the_unit_of_the_frame_interval():
    chain = SolvedChain(HiddenChain(t1=20.0, memory=0.0, positions=1))
    answers = chain.answers(lags=[1, 4], n=2, frame_interval=0.5, unit="ps")
    assert answers.timescales == pytest.approx([10.0])  # two states have one process
    assert (answers.unit, answers.lags) == ("ps", (0.5, 2.0))
    assert np.array(answers.implied_timescales)[:, 0] == pytest.approx([10.0, 10.0])
    assert answers.passage_times[0][1] == pytest.approx(0.5 / (0.4 * chain.p))
