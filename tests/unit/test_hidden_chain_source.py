"""Hidden chains as the source of a system: settings, plans, features and states."""

from __future__ import annotations

import numpy as np
import pytest
from whole_features import read_features

from raremd.data.features import write_features
from raremd.data.simulated.hidden_chain import MEMBERS, HiddenChain
from raremd.data.simulated.hidden_chain_walk import simulate
from raremd.states.definition import states_definition
from raremd.states.discrete_trajectories import read_states
from raremd.states.fit import fit_states
from raremd.states.partition_methods import GivenSettings
from raremd.study import plan, plans, source_plan
from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.partitions import Given


def study(keys=None, **source):
    source = {"kind": "hidden_chain", "walkers": 4, "time": 5000} | source
    return load_study({"systems": {"toy": {"source": source} | (keys or {})}})


def test_a_member_by_name_is_a_whole_system():
    toy = study(member="medium").system("toy")
    assert toy.source.chain() == MEMBERS["medium"]
    assert (toy.frame_interval, toy.time_unit, toy.timescales) == (1.0, "frame", 2)
    assert toy.partitions == {
        "given": Given(method="given"),
        "basins": Given(method="given", states_per_macrostate=20),
    }
    assert toy.yardstick.partition == "basins"
    assert study({"timescales": 1}, member="medium").system("toy").timescales == 1


def test_dials_make_a_chain_or_replace_those_of_a_member():
    found = study(t1=300.0, memory=0).system("toy").source.chain()
    assert found == HiddenChain(t1=300.0, memory=0.0)
    found = study(member="easy", ring=5).system("toy").source.chain()
    assert found == HiddenChain(t1=100.0, memory=1.0, ring=5)


def test_one_position_a_basin_needs_no_lumping():
    toy = study(t1=50.0, memory=1.0, positions=1).system("toy")
    assert list(toy.partitions) == ["given"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "systems.toy.source: give member, or both t1 and memory"),
        ({"t1": 10, "memory": 1}, "systems.toy.source: t1: 10 is not longer than 15.92 frames"),
        ({"member": "easy", "memory": 100}, "systems.toy.source: t1: 100 is not longer than mem"),
        ({"member": "easy", "ring": 2}, "systems.toy.source: ring: 2 points never exchange"),
        ({"member": "esay"}, "systems.toy.source.member: 'esay' is not one of"),
        ({"member": "easy", "time": 10.5}, "systems.toy.source.time: 10.5 is not a whole multiple"),
        ({"member": "easy", "time": 90}, "systems.toy.source.time: 90 is not longer than the long"),
    ],
)  # fmt: skip
def test_what_is_refused(source, message):
    with pytest.raises(ConfigError) as caught:
        study(**source)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_partitions_of_coordinates_do_not_go_with_it():
    with pytest.raises(ConfigError, match="'kmeans' does not go with a hidden_chain source"):
        study({"partitions": {"k": {"method": "kmeans", "n_states": 4}}}, member="easy")
    with pytest.raises(ConfigError, match="either map or states_per_macrostate"):
        lumped = {"method": "given", "map": "x", "states_per_macrostate": 2}
        study({"partitions": {"g": lumped}}, member="easy")


def test_plans_come_back_and_count_in_frames():
    toy = study({"frame_interval": 0.5, "time_unit": "ns"}, member="easy", time=1000)
    simulation, answers = (
        source_plan.hidden_chain_plan(toy, "toy"),
        source_plan.answers_plan(toy, "toy"),
    )
    assert (simulation.chain, simulation.frames) == (MEMBERS["easy"], 2000)
    assert answers.lags == (1, 2, 5, 10, 20, 50, 100)
    assert (answers.timescales, answers.frame_interval, answers.time_unit) == (1, 0.5, "ns")
    for made in (simulation, answers):
        assert plans.from_param(type(made), plans.as_param(made)) == made
    assert plan.comparison_plan(toy).spectra == ("toy",)
    assert not source_plan.has_reference(toy, "toy")
    with pytest.raises(ValueError, match="toy is no four_state system"):
        source_plan.simulation_plan(toy, "toy", "features")


def test_states_are_lumped_by_arithmetic():
    partition = GivenSettings(labels=(0, 1, 3, 4, 7), states_per_macrostate=3)
    fitted = partition.fit([], np.zeros(1), 0)
    assert fitted.assign(np.array([[0.0], [1.0], [3.0], [4.0], [7.0]])).tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(("partition", "size"), [("given", 1), ("basins", 4)])
def test_from_a_chain_to_states(tmp_path, partition, size):
    toy = study(member="easy")
    chain = toy.system("toy").source.chain()
    walkers = simulate(chain, 4, 5000, seed=1)
    write_features(
        tmp_path / "f.h5",
        walkers[:, :, None],
        frame_interval=1.0,
        time_unit="frame",
        feature_names=["state"],
        periods=[0.0],
        checksum="",
        state_labels=range(chain.n_states),
    )
    assert np.array_equal(read_features(tmp_path / "f.h5").trajectories[1][:, 0], walkers[1])
    definition = states_definition(plan.states_plan(toy, "toy", "all", partition))
    fit_states(tmp_path / "f.h5", None, definition, tmp_path / "s.h5")
    found = read_states(tmp_path / "s.h5")
    assert found.n_states == chain.n_states // size
    assert np.array_equal(np.stack(found.md), walkers // size)
