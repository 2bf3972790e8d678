"""The same MD in two formats is refused; independent MD of any kind passes."""

from __future__ import annotations

import mdtraj
import numpy as np
import pytest
from own_files import imported, protein, refused, refused_molecules, save, walk

from raremd.data.imported.near_copies import NearCopies

SEEDS = 100


def said(trajectories, periods=None, block=1 << 16):
    """The message that refuses them, or none."""
    copies = NearCopies()
    for values in trajectories:
        for start in range(0, len(values), block):
            copies.add(np.asarray(values[start : start + block], np.float32), start == 0)
    labels = [f"t{n}" for n in range(len(trajectories))]
    try:
        copies.check(labels, periods or [0.0] * trajectories[0].shape[1])
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ending", ["trr", "dcd", "nc"])
@pytest.mark.parametrize("stride", [1, 10])
def test_the_same_md_in_two_formats(folder, ending, stride):
    made = save(2, n_frames=3000)
    one = made[1][::stride]
    one.superpose(one[5])
    one.save(f"copy.{ending}")
    how = "one frame in 10" if stride == 10 else "the frames"
    features = ["psi", "ca_distances"]
    refused_molecules(
        ["*.xtc", f"copy.{ending}"],
        f"copy.{ending} holds {how} of 1.xtc with other digits",
        features=features,
        times="none",
    )


MD = [walk(6000, 3, seed) for seed in range(3)]


@pytest.mark.parametrize(
    ("copy", "how"),
    [
        (MD[1] + 0.01, "the frames"),
        (np.round(MD[1], 2), "the frames"),
        (np.round(MD[1][:1500], 2), "the frames"),
        (np.float16(MD[1][::4]), "one frame in 4"),
        (np.round(MD[1][::100], 2), None),  # 60 frames, too few
    ],
)
def test_features_with_other_digits(folder, copy, how):
    for number, values in enumerate([*MD, copy]):
        np.save(f"{number}.npy", values)
    if how is None:
        assert len(imported("*.npy").trajectories) == 4
    else:
        refused("*.npy", f"3.npy holds {how} of 1.npy with other digits")


def test_an_angle_may_cross_its_border():
    angles = [np.mod(10 * values, 360) for values in MD]
    noisy = np.mod(angles[1] + 0.1, 360)
    assert "t3 holds the frames of t1" in said([*angles, noisy], [360.0] * 3)


def test_blocks_do_not_matter():
    copy = np.round(MD[1][::5], 2)
    assert len({said([*MD, copy], block=block) for block in (7, 1000, 1 << 16)}) == 1


def wells(rng):
    """Two narrow wells: independent frames in the same one are close."""
    side = np.cumsum(rng.random(3000) < 0.01) % 2
    return (2 * side - 1 + 0.05 * rng.normal(size=3000))[:, None]


def slow(rng):
    return np.cumsum(0.01 * rng.normal(size=(3000, 2)), axis=0)


def oscillation(rng):
    phase = rng.uniform(0, 6) + np.cumsum(0.01 + 0.01 * rng.normal(size=3000))
    return np.sin(phase)[:, None]


def relaxing(rng):
    """From the same frame to a common mean, as after a change of temperature."""
    decay = 5 * np.exp(-np.arange(3000) / 500)[:, None]
    return decay + rng.normal(size=(3000, 2)) * (np.arange(3000) > 0)[:, None]


KINDS = {
    "wells": wells,
    "wells, few digits": lambda rng: np.round(wells(rng), 1),
    "slow": slow,
    "oscillation": oscillation,
    "relaxing": relaxing,
    "two values": lambda rng: (np.cumsum(rng.random((3000, 1)) < 0.02, axis=0) % 2).astype(float),
    "constant": lambda rng: np.full((3000, 1), rng.random()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_independent_md_passes(kind):
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        assert not said([KINDS[kind](rng) for _ in range(4)]), seed


def test_replicas_from_one_frame_pass(folder):
    one = protein(n_frames=2000)
    one[0].save("top.pdb")
    for number in range(2):
        rng = np.random.default_rng(number)
        drift = np.cumsum(rng.normal(size=one.xyz.shape), axis=0) * 3e-4
        mdtraj.Trajectory(one.xyz[:1] + drift, one.topology, time=one.time).save(f"{number}.trr")
    features = imported("*.trr", 5.0, kind="trajectory", topology="top.pdb", features=["psi"])
    assert len(features.trajectories) == 2
