"""Mutations of valid configurations: a study or one line, never a traceback."""

from __future__ import annotations

import random
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError
from raremd.study.study import Study

ROOT = Path(__file__).parents[2]
SEEDS = [ROOT / "config.yaml", ROOT / "config/smoke.yaml", ROOT / "tests/tiny.yaml"]
CASES = 20_000
PARTS = 8
WORDS = [
    "",
    " ",
    "x",
    "xy",
    "macrostates",
    "md",
    "0",
    "-1",
    "1e400",
    "nan",
    "é" * 40,
    "a\nb",
    "../x",
]
NUMBERS = [
    0,
    -1,
    1,
    2,
    0.1,
    -0.5,
    1e-300,
    1e300,
    10**30,
    float("nan"),
    float("inf"),
    2**63,
    3.7,
    10**400,
]
OTHERS = [None, True, False, [], {}, [[]], [None], {"": None}, {1: 2}, {None: 1}, [[1, 2], [3]]]


def places(node, path=()):
    """Paths to all keys and list items."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in items:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


def anything(rng):
    return deepcopy(rng.choice(rng.choice([WORDS, NUMBERS, OTHERS])))


def misspelt(rng, word):
    at = rng.randrange(len(word)) if word else 0
    return word[:at] + rng.choice(["", "x", word[at : at + 1] * 2]) + word[at + 1 :]


def mutate(config, rng):
    """Change one place: value, name, number of items, or swap it for another part."""
    *parents, key = rng.choice(list(places(config)))
    node = config
    for parent in parents:
        node = node[parent]
    kind = rng.randrange(7)
    if kind == 0:
        node[key] = anything(rng)
    elif kind == 1:
        del node[key]
    elif kind == 2 and isinstance(node, dict):
        node[misspelt(rng, str(key))] = node.pop(key)
    elif kind == 3 and isinstance(node, dict):
        node[rng.choice([*WORDS, 7, None, True])] = anything(rng)
    elif kind == 4 and isinstance(node[key], int | float):
        node[key] = node[key] * rng.choice([-1, 0, 0.5, 1.0001, 3, 1e9])
    elif kind == 5:
        *others, other = rng.choice(list(places(config)))
        source = config
        for parent in others:
            source = source[parent]
        node[key] = deepcopy(source[other])
    else:
        node[key] = [node[key]]


@pytest.mark.parametrize("part", range(PARTS))
def test_configurations(part):
    rng = random.Random(part)
    seeds = [yaml.safe_load(path.read_text()) for path in SEEDS]
    accepted = refused = 0
    for _ in range(CASES // PARTS):
        config = deepcopy(rng.choice(seeds))
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            if config:
                mutate(config, rng)
        try:
            assert isinstance(load_study(config), Study)
            accepted += 1
        except ConfigError as error:
            assert "\n" not in str(error) and len(str(error)) < 500, str(error)
            refused += 1
    assert refused > accepted > 0
