"""Periods of what is no angle, doubles far from zero, times with growing steps, lists of states."""

from __future__ import annotations

import numpy as np
import pytest
from own_files import imported, refused, walk

TURN = 2 * np.pi


def slow(n=3000, seed=0, spread=1.0):
    """What swings about 0 with a memory of twenty frames, (n, 1)."""
    noise, x = np.random.default_rng(seed).normal(size=n), np.zeros(n)
    for k in range(1, n):
        x[k] = 0.95 * x[k - 1] + 0.31 * noise[k]
    return spread * x[:, None]


def save(make, n=4):
    for k in range(n):
        np.save(f"{k}.npy", make(k))


def test_a_period_of_a_distance_is_asked_after(folder, caplog):
    save(lambda k: 10 + np.clip(slow(seed=k), -3, 3))
    imported("*.npy", periods={"*": "radians"})
    assert "feature_1 goes from" in caplog.text and "begins beyond a turn" in caplog.text


def test_half_turns_with_a_whole_period_are_asked_after(folder, caplog):
    save(lambda k: (4 * walk(5000, 1, k) + 90) % 180 - 90)
    imported("*.npy", periods={"*": "degrees"})
    assert "as an angle of period 180 does; its period is 360" in caplog.text
    caplog.clear()
    imported("*.npy", periods={"*": 180})
    assert "source.periods" not in caplog.text


SOUND = {
    "angles": lambda k: (0.3 * walk(5000, 1, k) + np.pi) % TURN - np.pi,
    "angles from 0": lambda k: (0.3 * walk(5000, 1, k)) % TURN,
    "angles that count turns": lambda k: 0.3 * walk(5000, 1, k),
    "one basin": lambda k: slow(seed=k, spread=0.3) - 1.2,
    "two basins": lambda k: slow(seed=k, spread=0.05) + np.pi / 2 * np.sign(slow(seed=k + 9)),
    "plane angles": lambda k: np.abs((0.3 * walk(5000, 1, k) + np.pi) % TURN - np.pi),
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound_angles_are_not_asked_after(folder, caplog, kind):
    save(SOUND[kind])
    imported("*.npy", periods={"*": "radians"})
    assert "source.periods" not in caplog.text


def test_doubles_far_from_zero(folder):
    save(lambda k: np.hstack([slow(seed=k), 1e7 + slow(seed=k + 9, spread=0.5)]))
    refused("*.npy", "0.npy: feature_2 is about 1e+07", "subtract an offset")
    save(lambda k: np.hstack([slow(seed=k), -1e6 + slow(seed=k + 9, spread=100.0)]))
    assert len(imported("*.npy").trajectories) == 4
    save(lambda k: np.hstack([slow(seed=k), 150 + slow(seed=k + 9, spread=1e-9)]))
    assert len(imported("*.npy").trajectories) == 4, "a bond that is held fixed"


@pytest.mark.parametrize("name", ["t", "t (ps)", "time_ns", "Step"])
def test_times_with_growing_steps(folder, name):
    t = np.geomspace(1, 1000, 400)
    np.savetxt("a.csv", np.column_stack([t, walk(400)]), header=f"{name},x,y", comments="",
               delimiter=",")  # fmt: skip
    refused("a.csv", f"a.csv: {name} grows in every frame, as a time does")
    assert imported("a.csv", columns=["x", "y"]).feature_names == ["x", "y"]


def test_a_feature_called_t_that_moves(folder):
    np.savetxt("a.csv", walk(400), header="t,theta", comments="", delimiter=",")
    assert imported("a.csv").feature_names == ["t", "theta"]


def test_lists_of_states_beside_trajectories(folder):
    states = np.random.default_rng(0).integers(0, 5, (3, 600))
    arrays = {f"dtraj_{k}": row for k, row in enumerate(states)}
    np.savez("a.npz", **arrays, active_set=np.arange(5))
    refused("a.npz", "a.npz: active_set lists 5 states", "source.dataset", kind="dtraj")
    assert len(imported("a.npz", kind="dtraj", dataset="dtraj*").trajectories) == 3
    np.savez("a.npz", **arrays, short=[0, 2, 1, 3, 3])
    assert len(imported("a.npz", kind="dtraj").trajectories) == 4
