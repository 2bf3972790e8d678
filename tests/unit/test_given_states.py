"""States that the data come with, and what a system leaves unsaid."""

from __future__ import annotations

import numpy as np
import pytest

from raremd.data.imported.imported import import_source
from raremd.data.imported.kinds import StateSource
from raremd.states.coordinates import CoordinateSettings
from raremd.states.discrete_trajectories import read_states
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.partition import Partition
from raremd.states.partition_methods import GivenSettings, PCCASettings, with_labels
from raremd.states.state_map import read_map
from raremd.study.cell import Cell
from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.systems import Yardstick

LABELS = (2, 3, 5, 9)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.txt").write_text("# state macrostate\n2 7\n3 7\n9 1\n5 1\n4 1\n")
    return tmp_path


def test_states_are_numbered_by_label():
    settings = with_labels(PCCASettings(GivenSettings(), 2, 1), LABELS).microstates
    partition = settings.fit([], np.zeros(1), 0)
    assert partition.n_states == 4
    values = np.array([[9.0], [2.0], [3.0], [5.0]])
    assert partition.assign(values).tolist() == [3, 0, 1, 2]
    again = Partition.from_arrays(partition.to_arrays())
    assert again.assign(values).tolist() == [3, 0, 1, 2]
    assert partition.centers[:, 0].tolist() == list(LABELS)


def test_states_are_lumped_by_a_map(folder):
    partition = GivenSettings("map.txt", LABELS).fit([], np.zeros(1), 0)
    assert partition.n_states == 2
    assert partition.assign(np.array([[2.0], [3.0], [5.0], [9.0]])).tolist() == [1, 1, 0, 0]
    assert partition.called.tolist() == [1, 7], "as in the map"


@pytest.mark.parametrize("text", ["\ufeff2 1\r\n3 1\r\n5 7\r\n9 7\r\n", "2;1\n3;1\n5;7\n9;7\n"])
def test_maps_as_other_programs_write_them(folder, text):
    (folder / "map.txt").write_text(text, encoding="utf-8")
    assert read_map("map.txt", LABELS) == (1, 1, 7, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 1\n3\n", "line 2: expected a state and its macrostate"),
        ("2 1\n3 -1\n", "line 2: expected"),
        ("2 1\n2 2\n", "line 2: state 2 appears twice"),
        ("2 1\n3 1\n5 1\n", "state 9 of the trajectories is not in the map"),
    ],
)
def test_maps_that_are_wrong(folder, text, message):
    (folder / "map.txt").write_text(text)
    with pytest.raises(ValueError, match=rf"map\.txt: {message}"):
        read_map("map.txt", LABELS)


def test_a_map_needs_two_macrostates(folder):
    (folder / "map.txt").write_text("2 1\n3 1\n5 1\n9 1\n")
    with pytest.raises(ValueError, match="all states are lumped into one"):
        GivenSettings("map.txt", LABELS).fit([], np.zeros(1), 0)


def test_from_files_to_states(folder):
    """A state seen in the validation frames only is a state all the same."""
    rng = np.random.default_rng(1)
    trajectories = [np.array([2, 3, 5])[rng.integers(3, size=60)] for _ in range(4)]
    trajectories[2][5] = 9  # the trajectory that validates
    for k, trajectory in enumerate(trajectories):
        np.savetxt(f"{k}.txt", trajectory, fmt="%d")
    files = [f"{k}.txt" for k in range(4)]
    import_source(StateSource(), files, 1.0, "frame", "features.h5")
    definition = StatesDefinition(CoordinateSettings(), GivenSettings(), 0.2, 1, seed=0)
    fit_states(folder / "features.h5", None, definition, folder / "s.h5")
    system = read_states("s.h5")
    assert system.n_states == 4
    assert system.called == tuple(LABELS), "as in the data"
    for found, trajectory in zip(system.md, trajectories, strict=True):
        assert found.tolist() == np.searchsorted(LABELS, trajectory).tolist()


# --- defaults ---------------------------------------------------------------------------------


def minimal(kind="features", **keys):
    source = {"kind": kind, "files": "x"}
    if kind == "trajectory":
        source |= {"topology": "x.pdb", "features": ["phi"]}
    return {
        "systems": {"mine": {"source": source, "frame_interval": 0.2, "time_unit": "ns"} | keys}
    }


def test_a_system_of_three_keys_is_a_study():
    study = load_study(minimal())
    assert set(study.cells) == {
        Cell("mine", "all", interval, partition)
        for interval in (0.2, 1, 2)
        for partition in ("kmeans_100", "macrostates")
    }
    usual = ("markov", "lstm", "transformer")
    corrected = [cell for cell, models in study.cells.items() if models != usual]
    assert corrected == [study.base("mine")]
    mine = study.system("mine")
    assert mine.lags == (0.2, 0.4, 1, 2, 4, 10, 20)
    assert mine.yardstick == Yardstick(coordinate="all", partition="macrostates", lag=4.0)
    assert mine.partitions["macrostates"].n_states == mine.timescales + 1
    assert mine.source.dataset == "*"
    assert set(mine.claims.contrasts()) == {"C1", "C3", "C4"}


def test_a_system_of_states_has_its_states_as_partition():
    study = load_study(minimal("dtraj"))
    assert {cell.partition for cell in study.cells} == {"given"}
    mine = study.system("mine")
    assert mine.yardstick.partition == "macrostates", "there may be hundreds"
    assert mine.partitions["macrostates"].microstates == "given"
    assert set(mine.claims.contrasts()) == {"C1", "C3"}
    assert load_study(minimal("trajectory")).system("mine").source.stride == 1


def test_what_is_said_is_kept_and_the_rest_follows():
    study = load_study(minimal(lags=[2, 0.2, 6], timescales=1))
    mine = study.system("mine")
    assert mine.yardstick.lag == 2
    assert mine.partitions["macrostates"].n_states == 2
    assert mine.block == 120
    base = {"coordinate": "all", "interval": 2, "partition": "macrostates"}
    assert set(load_study(minimal(base=base)).cells) == {Cell("mine", "all", 2, "macrostates")}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            minimal("dtraj", partitions={"k": {"method": "kmeans", "n_states": 4}}),
            "systems.mine.partitions.k.method: 'kmeans' does not go with a dtraj source",
        ),
        (
            minimal(partitions={"g": {"method": "given"}}),
            "systems.mine.partitions.g.method: 'given' does not go with a features source",
        ),
        (
            minimal("dtraj", coordinates={"t": {"tica_dimension": 1, "tica_lag": 1}}),
            "systems.mine.coordinates.t: a dtraj source has one feature",
        ),
        (minimal("trajectories"), "systems.mine.source.kind: 'trajectories' is not one of"),
    ],
)
def test_what_does_not_go_together(config, words):
    with pytest.raises(ConfigError) as error:
        load_study(config)
    assert words in str(error.value)
