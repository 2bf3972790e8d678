import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from raremd.data import embedded
from raremd.data.embedded import (
    Blocks,
    Identity,
    Origin,
    quantised,
    read_compact,
    record,
    steps_per_frame,
    write_compact,
)

FRAMES = 5
ROOT = Path(__file__).parents[2]


class Killed(Exception):
    pass


@dataclass(frozen=True, kw_only=True)
class CounterOrigin(Origin):
    saving_interval_tau: float = 2.0
    fraction_unit: float = 0.25


class Counter:
    """Counts on from its seed, one a frame."""

    def __init__(self, seed, parts=100):
        self.identity, self.parts = Identity(seed=seed), parts
        self.started = 0

    def start(self):
        self.started += 1
        self.count = self.identity.seed

    def checkpoint(self):
        return str(self.count).encode()

    def restore(self, checkpoint):
        self.count = int(checkpoint)

    def sample(self, n_frames):
        if not self.parts:
            raise Killed
        self.parts -= 1
        values = self.count + np.arange(n_frames)[:, None]
        self.count += n_frames
        return Blocks(dihedrals=values.astype(np.int8), fractions=values.astype(np.uint8))

    def origin(self):
        return CounterOrigin(feature_names=["angle", "Q"], dihedral_unit_degree=3.0)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(embedded, "FRAMES_PER_PART", FRAMES)


class TestRecord:
    def test_file(self, tmp_path):
        record(Counter(7), 2 * FRAMES, tmp_path / "t.h5")
        trajectory = read_compact(tmp_path / "t.h5")
        counted = 7.0 + np.arange(2 * FRAMES)
        np.testing.assert_allclose(trajectory.features, np.stack([3 * counted, counted / 4], 1))
        assert trajectory.features.dtype == np.float32
        assert trajectory.periods.tolist() == [360.0, 0.0]
        assert (trajectory.saving_interval, trajectory.time_unit) == (2.0, "tau")
        assert list(tmp_path.iterdir()) == [tmp_path / "t.h5"]

    @pytest.mark.parametrize("parts", [0, 1, 2])
    def test_resumes_from_the_last_part(self, parts, tmp_path):
        record(Counter(7), 3 * FRAMES, tmp_path / "whole.h5")
        with pytest.raises(Killed):
            record(Counter(7, parts), 3 * FRAMES, tmp_path / "t.h5")
        again = Counter(7)
        record(again, 3 * FRAMES, tmp_path / "t.h5")
        assert again.started == (parts == 0)
        assert (tmp_path / "t.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()

    def test_parts_that_suffice_are_only_joined(self, tmp_path):
        with pytest.raises(Killed):
            record(Counter(7, 2), 3 * FRAMES, tmp_path / "t.h5")
        record(Counter(7, 0), 2 * FRAMES, tmp_path / "t.h5")
        assert len(read_compact(tmp_path / "t.h5").features) == 2 * FRAMES

    def test_parts_of_another_simulation_are_refused(self, tmp_path):
        with pytest.raises(Killed):
            record(Counter(7, 1), 3 * FRAMES, tmp_path / "t.h5")
        with pytest.raises(ValueError, match=r"t\.parts: parts of another simulation"):
            record(Counter(8), 3 * FRAMES, tmp_path / "t.h5")

    @pytest.mark.parametrize("n_frames", [0, FRAMES - 1, FRAMES + 1])
    def test_frames_must_fill_parts(self, n_frames, tmp_path):
        with pytest.raises(ValueError, match=rf"^n_frames: {n_frames} is not a whole multiple"):
            record(Counter(7), n_frames, tmp_path / "x.h5")
        assert list(tmp_path.iterdir()) == []


class TestReadCompact:
    def test_units(self, tmp_path):
        provenance = {"dihedral_unit_degree": 0.1, "distance_unit_nm": 0.005}
        provenance |= {"feature_names": ["a", "b", "c"], "saving_interval_ps": 0.2}
        with h5py.File(tmp_path / "t.h5", "w") as h5:
            h5["dihedrals"] = np.array([[-1800, 905]], np.int16)
            h5["distances"] = np.array([[200]], np.uint8)
            h5.attrs["provenance"] = json.dumps(provenance)
        features, periods, *others = read_compact(tmp_path / "t.h5")
        np.testing.assert_allclose(features, [[-180.0, 90.5, 1.0]], rtol=1e-6)
        assert periods.tolist() == [360.0, 360.0, 0.0]
        assert others == [["a", "b", "c"], 0.2, "ps"]

    def test_a_block_without_columns_is_left_out(self, tmp_path):
        blocks = Blocks(np.ones((FRAMES, 2), np.int16), np.ones((FRAMES, 0)))
        write_compact(tmp_path / "t.h5", blocks, Counter(0).origin())
        assert read_compact(tmp_path / "t.h5").features.shape == (FRAMES, 2)

    @pytest.mark.parametrize("system", ["alanine_dipeptide", "protein"])
    def test_files_that_come_with_the_project(self, system):
        for path in sorted((ROOT / "resources" / system).glob("trajectory_*.h5")):
            features, periods, names, *_ = read_compact(path)
            assert features.shape[1] == len(names) == len(periods)
            assert np.isfinite(features).all()
            periodic = [name.startswith(("phi", "psi", "dihedral")) for name in names]
            assert (periods == np.where(periodic, 360.0, 0.0)).all()

    def test_other_files_are_refused_by_name(self, tmp_path):
        (tmp_path / "text.h5").write_text("not HDF5")
        with h5py.File(tmp_path / "other.h5", "w") as h5:
            h5["x"] = np.zeros(3)
        with h5py.File(tmp_path / "empty.h5", "w") as h5:
            h5.attrs["provenance"] = "{}"
        for name in ("text.h5", "other.h5", "empty.h5", "missing.h5"):
            with pytest.raises(ValueError, match=rf"{name}: not a trajectory of this project"):
                read_compact(tmp_path / name)


class TestQuantised:
    def test_nearest_multiple(self):
        found = quantised(np.array([-0.26, 0.24, 12.7]), 0.1, np.int8, "value")
        assert found.tolist() == [-3, 2, 127] and found.dtype == np.int8
        assert quantised(np.empty((3, 0)), 0.1, np.int8, "value").shape == (3, 0)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 25.6, -0.1])
    def test_what_does_not_fit_is_refused(self, value):
        with pytest.raises(ValueError, match=r"^a distance in nm is not within 0 to 25\.5$"):
            quantised(np.array([1.0, value]), 0.1, np.uint8, "distance in nm")


class TestStepsPerFrame:
    def test_whole_multiple(self):
        assert steps_per_frame(1.0, 0.004, "tau") == 250
        assert steps_per_frame(1e6, 0.004, "tau") == 250_000_000

    @pytest.mark.parametrize("interval", [0.0, 0.002, 0.5005])
    def test_anything_else_is_refused(self, interval):
        with pytest.raises(ValueError, match=r"^saving_interval_tau: .* not a whole multiple"):
            steps_per_frame(interval, 0.004, "tau")
