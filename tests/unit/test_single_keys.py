"""Keys that an advice names can be set alone: the rest of the section stays as it was."""

from __future__ import annotations

import pytest

from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError


def read(**keys):
    system = {
        "source": {"kind": "four_state", "walkers": 4, "time": 4000},
        "frame_interval": 1,
        "time_unit": "ps",
    }
    return load_study({"systems": {"toy": system | keys}}).system("toy")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("yardstick", "lag", 10),
        ("yardstick", "partition", "kmeans_100"),
        ("yardstick", "names", ["A", "B", "C", "D"]),
        ("base", "interval", 5),
        ("base", "partition", "macrostates"),
        ("generation", "time", 20_000),
        ("generation", "walkers", 128),
    ],
)
def test_one_key_changes_nothing_else(section, key, value):
    before = getattr(read(), section).model_dump()
    after = getattr(read(**{section: {key: value}}), section).model_dump()
    assert after == before | {key: tuple(value) if isinstance(value, list) else value}


def test_what_follows_from_other_keys_follows_from_those_that_are_given():
    found = read(lags=[1, 4, 20], yardstick={"partition": "kmeans_100"})
    assert found.yardstick.lag == 4
    assert found.yardstick.coordinate == "all"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"yardstick": {"lga": 10}},
            "systems.toy.yardstick: unknown key 'lga'; did you mean",
        ),
        ({"yardstick": {"lag": 7}}, "systems.toy.yardstick.lag: 7 is not one of"),
        ({"yardstick": {"names": ["A", "B"]}}, "systems.toy.yardstick.names: 2 names for 4 states"),
        ({"yardstick": {"lag": 10}, "lags": [1, "x"]}, "systems.toy.lags.1: 'x' is not a number"),
        ({"generation": {"walkers": 0}}, "systems.toy.generation.walkers"),
    ],
)
def test_what_is_wrong_is_named(keys, words):
    with pytest.raises(ConfigError) as error:
        read(**keys)
    assert str(error.value).startswith(words)
