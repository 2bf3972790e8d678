"""Angles in files: one in another unit than the others, or counted from another place."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from own_files import imported, refused, walk

from raremd.data.imported.units import declaration


def angles(n=2000, seed=0, unit=360.0):
    return unit * (np.random.default_rng(seed).random((n, 2)) - 0.5)


@pytest.mark.parametrize(
    ("odd", "unit", "words"),
    [
        (angles(seed=9, unit=2 * np.pi), "degrees", "as angles in radians do"),
        (angles(seed=9, unit=2 * np.pi) + np.pi, "degrees", "as angles in radians do"),
        (0.3 * angles(seed=9, unit=2 * np.pi) + 1, "degrees", "as angles in radians do"),
        (angles(seed=9, unit=360), "radians", "as angles in degrees do"),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_one_file_in_the_other_unit_of_angles(folder, odd, unit, words, at):
    turn = {"degrees": 360.0, "radians": 2 * np.pi}[unit]
    for k in range(4):
        np.save(f"{k}.npy", odd if k == at else angles(seed=k, unit=turn))
    refused("*.npy", f"{at}.npy: feature_1", words, f"convert this file to {unit}",
            periods={"*": unit})  # fmt: skip


def test_one_file_in_the_other_unit_of_angles_that_are_not_declared(folder):
    for k in range(4):
        np.save(f"{k}.npy", angles(seed=k, unit=360.0 if k != 1 else 2 * np.pi))
    refused("*.npy", "1.npy: feature_1", "as angles in radians do")


def test_files_that_are_small_by_themselves(folder):
    for k in range(4):
        np.save(f"{k}.npy", angles(seed=k, unit=5.0 + k))
    assert len(imported("*.npy", periods={"*": "degrees"}).trajectories) == 4


@pytest.mark.parametrize(("unit", "turn"), [("degrees", 360.0), ("radians", 2 * np.pi)])
def test_angles_that_are_counted_from_elsewhere(folder, unit, turn):
    for k in range(4):
        np.save(f"{k}.npy", angles(seed=k, unit=turn) + (turn / 2 if k == 2 else 0))
    refused("*.npy", "2.npy: feature_1", f"periods: {{feature_1: {unit}}}")
    assert len(imported("*.npy", periods={"*": unit}).trajectories) == 4


@pytest.mark.parametrize("unit", [360.0, 2 * np.pi])
@pytest.mark.parametrize(
    ("ranges", "name"),
    [
        ([(-180, 180), (-180, 180), (40, 320)], "x"),
        ([(-180, 180), (190, 320), (-170, -40)], "x"),
        ([(-180, 180), (100, 200), (100, 160)], "x"),
        ([(-30, 60), (0.1, 359.9), (-90, 90)], "x"),
        ([(-170, 80), (60, 350)], "phi_ALA2"),
        ([(-60, 170), (120, 300)], "psi-3"),
    ],
)
def test_angles_in_part_of_a_turn_that_are_counted_from_elsewhere(folder, unit, ranges, name):
    for k, (low, high) in enumerate(ranges):
        values = np.random.default_rng(k).uniform(low, high, 2000) * unit / 360
        np.savetxt(f"{k}.csv", values, header=name, comments="")
    said = "degrees" if unit == 360 else "radians"
    file = next(k for k, (_, high) in enumerate(ranges) if high > 180)
    refused("*.csv", f"{file}.csv: {name} goes from", f": {said}}}'")
    assert len(imported("*.csv", periods={"*": said}).trajectories) == len(ranges)


def test_a_basin_beyond_half_a_turn_in_degrees(folder):
    for k, (low, high) in enumerate([(-170, -40), (185, 320), (-160, -50)]):
        np.save(f"{k}.npy", np.random.default_rng(k).uniform(low, high, (500, 1)))
    refused("*.npy", "1.npy: feature_1", "periods: {feature_1: degrees}")


@pytest.mark.parametrize(
    "ranges",
    [
        [(-150, 120), (20, 250)],  # energies
        [(-2.5, 3.0), (0.1, 5.9), (-1, 1)],  # projections
        [(-150, 100), (190, 250), (-20, 30)],
        [(-3.1, 3.1), (0.5, 3.3), (-1, 3.4)],
        [(0, 180), (20, 170), (0, 179)],
        [(-170, 170), (-1, 2), (-3, 0), (-1, 1)],  # nearly all are small
        [(-3.1, 3.1), (-3.0, 3.1), (-3.1, 3.0), (-1, 9)],  # no more than a turn and a half
    ],
)
def test_what_is_no_angle_may_have_such_ranges(folder, ranges):
    for k, (low, high) in enumerate(ranges):
        np.save(f"{k}.npy", np.random.default_rng(k).uniform(low, high, (500, 1)))
    assert len(imported("*.npy").trajectories) == len(ranges)


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("odd", "unit", "words"),
    [
        (angles(seed=9, unit=30.0) - 60, "radians", "as angles in degrees do"),
        (angles(seed=9, unit=100.0) + 120, "radians", "as angles in degrees do"),
        (angles(seed=9, unit=1.0) - 1.2, "degrees", "as angles in radians do"),
    ],
)
def test_one_file_of_one_basin_in_another_unit(folder, odd, unit, words, declared):
    turn = {"degrees": 360.0, "radians": 2 * np.pi}[unit]
    for k in range(5):
        np.save(f"{k}.npy", odd if k == 3 else angles(seed=k, unit=turn))
    refused("*.npy", "3.npy: feature_1", words, **({"periods": {"*": unit}} if declared else {}))


def test_distances_that_look_like_angles(folder):
    for k in range(4):  # in nm, the ligand far away in one file
        near = np.random.default_rng(k).uniform(0.2, 6.2, (500, 1))
        np.save(f"{k}.npy", near + 30 if k == 2 else near)
    assert len(imported("*.npy").trajectories) == 4


def test_angles_that_count_whole_turns(folder):
    for k in range(4):
        np.save(f"{k}.npy", 0.3 * walk(5000, 2, k))
    assert len(imported("*.npy", periods={"*": "radians"}).trajectories) == 4


@pytest.mark.parametrize("name", ["phi", "phi_ALA2.1", "d(1,5)", "1-phi: x", "*"])
def test_declarations_are_yaml(name):
    assert yaml.safe_load(declaration(name, "radians")) == {"periods": {name: "radians"}}


def test_degrees_in_a_narrow_range_with_a_period_in_radians(folder):
    rng = np.random.default_rng(1)
    wells = np.repeat(rng.choice([40.0, 60.0], 40), 20)[:, None] + rng.normal(size=(800, 1))
    np.save("a.npy", wells)
    said = "as angles in degrees do, but its period is a turn in radians; correct source.periods"
    refused("a.npy", "feature_1 goes from", said, periods={"feature_1": "radians"})
    imported("a.npy", periods={"feature_1": "degrees"})
    turning = np.cumsum(rng.normal(size=(800, 1)) / 5, axis=0) + 40  # whole turns are counted
    np.save("a.npy", turning)
    imported("a.npy", periods={"feature_1": "radians"})
