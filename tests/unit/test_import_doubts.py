"""What may be wrong with a user's numbers, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from own_files import imported, refused, walk

import raremd
from raremd.data.imported.steps import Steps
from raremd.study.settings.messages import ConfigError, check_keys


def wells(n, seed, side, step=0.2):
    """A particle in one of two wells, (n, 1)."""
    return (side + step * np.random.default_rng(seed).normal(size=(n, 1))).astype(np.float32)


def test_runs_that_are_joined_in_a_file(folder, caplog):
    for k in range(3):
        runs = [wells(200, 20 * k + r, (-1) ** r) for r in range(12)]
        np.save(f"{k}.npy", np.concatenate(runs))
    imported("*.npy")
    assert "0.npy: the 5 longest steps of feature_1 begin at multiples of 200 frames" in caplog.text


@pytest.mark.parametrize("block", [130, 2400])
def test_runs_that_are_joined_are_told_whatever_the_blocks(caplog, block):
    values = np.concatenate([wells(200, r, (-1) ** r) for r in range(12)])
    steps = Steps()
    for start in range(0, len(values), block):
        steps.add(values[start : start + block], start == 0)
    assert steps.longest == np.abs(np.diff(values, axis=0)).max(axis=0)
    steps.ask(["a"], ["x"], [360.0])
    assert not caplog.text, "angles jump where they are cut open"
    steps.ask(["a"], ["x"], [0.0])
    assert "a: the 5 longest steps of x begin at multiples of 200 frames" in caplog.text


@pytest.mark.parametrize(
    "values",
    [
        walk(4000, 3),
        np.round(walk(4000, 3)),
        walk(4000, 1) > 0,
        360 * np.random.default_rng(1).random((999, 1)),
    ],
)
def test_steps_of_one_run(folder, caplog, values):
    for k in range(2):
        np.save(f"{k}.npy", np.roll(values, 17 * k, axis=0).astype(np.float32) + k)
    imported("*.npy")
    assert "longest steps" not in caplog.text


def test_a_component_that_unfolds_is_no_angle_in_degrees(folder):
    rng = np.random.default_rng(1)
    for k in range(5):
        np.save(f"{k}.npy", np.clip(rng.normal(0, 1.2, (3000, 2)), -2.8, 3.1))
    np.save("5.npy", np.linspace(-2.7, 24.7, 3000)[:, None] + rng.normal(0, 0.1, (3000, 2)))
    refused("*.npy", "5.npy: feature_1", "if it is no angle", "periods: {feature_1: 0}")
    assert not imported("*.npy", periods={"*": 0}).periods.any()


def test_bonds_that_open_are_in_no_other_unit(folder):
    rng = np.random.default_rng(2)
    for k in range(5):
        np.save(f"{k}.npy", 0.31 + 0.02 * np.abs(rng.normal(size=(500, 3))))
    opens = np.linspace(0.31, 5.6, 500)[:, None] + 0.01 * np.abs(rng.normal(size=(500, 3)))
    np.save("5.npy", opens)
    assert len(imported("*.npy").trajectories) == 6
    np.save("5.npy", 3.1 + 0.2 * np.abs(rng.normal(size=(500, 3))))
    refused("*.npy", "5.npy: all features are about ten times those of the other files")


@pytest.mark.parametrize(("given", "turn"), [(180, 360.0), (720, 360.0), (np.pi, 2 * np.pi)])
def test_a_period_of_half_a_turn_or_two(folder, caplog, given, turn):
    angles = turn * (np.random.default_rng(3).random((3000, 1)) - 0.5)
    np.save("a.npy", angles)
    imported("a.npy", periods={"feature_1": given})
    assert f"as an angle of period {turn:.6g} does; its period is {given:.6g}" in caplog.text


def test_biased_md_is_told_whatever_columns_are_wanted(folder, caplog):
    rows = np.c_[np.arange(30), walk(30, 2)]
    text = "\n".join(["#! FIELDS time phi metad.bias", *(" ".join(map(str, r)) for r in rows), ""])
    (folder / "COLVAR").write_text(text)
    imported("COLVAR", columns=["phi"])
    assert "holds metad.bias; if this MD was biased, its kinetics are not those" in caplog.text


def test_the_largest_state_of_a_type_is_judged_by_all_trajectories(folder):
    rng = np.random.default_rng(4)
    first = rng.permutation(np.repeat(np.arange(256), 20)).astype(np.uint8)
    second = first[first != 254][::-1].copy()
    for name, states in (("a", first), ("b", second)):
        np.save(f"{name}.npy", states)
    assert len(imported("*.npy", kind="dtraj").trajectories) == 2
    with pytest.raises(ValueError, match="255 is what -1 becomes in type uint8"):
        raremd.Markov().fit([second])
    with pytest.raises(ValueError, match="window: no trajectory has more than 4999 frames for"):
        raremd.Markov(window=4999, gap=0).fit([first, second])
    np.save("a.npy", second[::-1].copy())
    refused("*.npy", "255 is what -1 becomes in type uint8", kind="dtraj")


def test_arrays_that_may_be_no_trajectories_or_the_same_frames(folder, caplog):
    np.savez("a.npz", dist=walk(300, 2), tica=walk(300, 2, 6))
    imported("a.npz")
    assert "a.npz: dist and tica are read as two trajectories of 300 frames" in caplog.text
    caplog.clear()
    np.savez("a.npz", traj_0=walk(300, 2), traj_1=walk(300, 2, 6))
    imported("a.npz")
    assert "read as" not in caplog.text
    states = np.random.default_rng(5).integers(4, size=(2, 3000))
    np.savez("b.npz", dtraj_0=states[0], dtraj_1=states[1], lumped=np.array([0, 0, 1, 1]))
    imported("b.npz", kind="dtraj")
    assert "lumped is read as a trajectory of 4 frames beside others of up to 3000" in caplog.text


@pytest.mark.parametrize("number", ["010", "1:30", "-007", "12:30:45"])
def test_numbers_that_yaml_changes(folder, number):
    (folder / "a.yaml").write_text(f"seed: 1\nlags: [1, {number}]\n")
    with pytest.raises(ConfigError, match=f"line 2: YAML reads {number} as another number"):
        check_keys("a.yaml")
    (folder / "a.yaml").write_text(f"lags: [0, 0.5, 1e3, 100]\nname: '{number}'\nurl: a://b:30\n")
    check_keys("a.yaml")


def test_a_configuration_that_contains_itself(folder):
    (folder / "a.yaml").write_text("a: &x\n  b: *x\n")
    check_keys("a.yaml")


@pytest.mark.parametrize("far", [1e6, -1e10, 500.0])
def test_a_single_frame_far_from_all_others(folder, caplog, far):
    for k in range(3):
        np.save(f"{k}.npy", np.random.default_rng(k).normal(size=(200, 2)))
    imported("?.npy")
    assert "all other values" not in caplog.text
    values = np.load("1.npy")
    values[70, 1] = far
    np.save("1.npy", values)
    imported("?.npy")
    assert f"1.npy: frame 71: feature_2 is {far:.6g}, all other values lie between" in caplog.text
    assert "scale them alike" not in caplog.text
    caplog.clear()
    values[71, 1] = far
    np.save("1.npy", values)
    imported("?.npy")
    assert "all other values" not in caplog.text, "no single frame"


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize(("factor", "words"), [(10, "ten times"), (0.1, "a tenth of")])
def test_one_or_two_distances_in_another_unit(folder, caplog, columns, factor, words):
    for k in range(4):
        values = 3 + np.random.default_rng(k).random((300, columns))
        np.save(f"{k}.npy", values)
    imported("?.npy")
    assert "nm and Angstrom" not in caplog.text
    np.save("2.npy", factor * np.load("2.npy"))
    imported("?.npy")
    assert f"2.npy: its values are about {words} those of the other files" in caplog.text


def test_a_distance_that_opens_is_in_no_other_unit(folder, caplog):
    for k in range(4):
        values = 0.3 + np.random.default_rng(k).random((300, 1)) * (10 if k == 2 else 0.5)
        np.save(f"{k}.npy", values)
    imported("?.npy")
    assert "nm and Angstrom" not in caplog.text


def test_one_file_that_counts_states_from_one(folder, caplog):
    rng = np.random.default_rng(1)
    states = [rng.integers(0, 4, 200) for _ in range(4)]
    for k, one in enumerate(states):
        np.save(f"{k}.npy", one)
    imported("?.npy", kind="dtraj")
    assert "counts from 1" not in caplog.text
    np.save("2.npy", states[2] + 1)
    imported("?.npy", kind="dtraj")
    assert "2.npy: goes from state 1 to 4, all others from 0 to 3; if it counts" in caplog.text
    caplog.clear()
    np.save("3.npy", np.minimum(states[3], 2))
    imported("?.npy", kind="dtraj")
    assert "counts from 1" not in caplog.text, "files that see different states"


def test_passages_that_end_where_they_arrive(folder, caplog):
    rng = np.random.default_rng(1)
    for k in range(6):
        np.save(f"{k}.npy", np.append(rng.choice([0, 1], 50 + k), 2))
    imported("?.npy", kind="dtraj")
    assert "nowhere else" not in caplog.text
