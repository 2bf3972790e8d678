"""What the workflow says of data whose truth the test knows, in every file that says it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from made_up_chains import equal_states, flipped, made, ring
from study_runs import finish

STUDY = {
    "results": "results",
    "seed": 3,
    "replicates": 3,
    "bootstrap_samples": 40,
    "training": {
        "tokens": 8_000, "patience_tokens": 8_000, "evaluate_tokens": 4_000,
        "window": 10, "batch": 20, "learning_rate": 0.005,
    },
    "models": {"markov": {}, "lstm": {"settings": {"embedding": 4, "hidden": 8}}},
}  # fmt: skip
PAGES = ("claims.md", "recommendation.md", "diagnosis.md", "inspect.md", "leaderboard.md")


def system(lag, lags, interval, **more):
    """A system of given states, which are the yardstick too."""
    return {
        "frame_interval": 1,
        "time_unit": "ps",
        "timescales": 2,
        "lags": lags,
        "yardstick": {"lag": lag},
        "base": {"interval": interval},
        "block": 2000,
        "generation": {"walkers": 32, "time": 20_000},
        "claims": {"C1": {"easy": {}}},
    } | more


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The pages and claims.json of one study of three systems."""
    folder = tmp_path_factory.mktemp("statements")
    (folder / "data").mkdir()
    states = {
        "driven": made(ring, 0.02, 0.008),
        "misread": made(flipped, 2000.0, 0.05),
        "four": made(equal_states, 4, 0.997, n_frames=(60_000, 20_000, 45_000, 31_000, 14_000)),
    }
    for name, trajectories in states.items():
        for number, trajectory in enumerate(trajectories):
            np.save(folder / "data" / f"{name}_{number}.npy", trajectory)
    (folder / "data/pair.txt").write_text("0 0\n1 0\n2 1\n")
    pair = {
        "partitions": {
            "ring": {"method": "given"},
            "pair": {"method": "given", "map": "data/pair.txt"},
        },
        "yardstick": {"lag": 10, "names": ["left", "right"]},
        "base": {"interval": 5, "partition": "ring"},
    }
    systems = {
        "driven": system(10, [5, 10, 15, 30], 5, **pair),
        "misread": system(10, [1, 10, 11], 1),
        "four": system(10, [5, 10, 15, 30], 5),
    }
    for name in systems:
        systems[name]["source"] = {"kind": "dtraj", "files": f"data/{name}_*.npy"}
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump(STUDY | {"systems": systems}, sort_keys=False))
    finish(folder, config=config, targets=[f"results/{page}" for page in PAGES])
    found = {page: (folder / "results" / page).read_text() for page in PAGES}
    return found | {"records": json.loads((folder / "results/claims.json").read_text())["records"]}


def answers(page, name):
    """The row of one system in the table at the top of a page."""
    return next(line for line in page.splitlines() if line.startswith(f"| {name} |"))


def verdicts(said, name, reading="long_lag"):
    return {r[reading]["verdict"] for r in said["records"] if r["system"] == name}


WHY = {
    "driven": "the system is driven (it jumps",
    "misread": "the lags reach from 10 ps only to 11 ps",
}


@pytest.mark.parametrize("name", WHY)
class TestMdThatCannotTell:
    def test_every_page_gives_the_same_reason(self, said, name):
        assert f"Not yet: {WHY[name]}" in answers(said["inspect.md"], name)
        assert f"Cannot tell: {WHY[name]}" in answers(said["recommendation.md"], name)
        assert WHY[name] in said["diagnosis.md"]
        lines = said["leaderboard.md"].splitlines()
        of_system = next(line for line in lines if line.startswith(f"- {name}, "))
        assert f"**No ranking**, because this MD cannot decide: {WHY[name]}" in of_system
        capital = WHY[name][0].upper() + WHY[name][1:]
        assert capital in said["claims.md"]

    def test_no_page_says_more(self, said, name):
        assert verdicts(said, name) == {"undecided"}
        assert "yes" not in answers(said["recommendation.md"], name).lower()
        rows = [line for line in said["diagnosis.md"].splitlines() if f"| {name} |" in line]
        assert rows and all("reproduced" not in row for row in rows if "long lag" in row)


def test_a_ring_is_seen_behind_a_yardstick_of_two_states(said):
    sentence = answers(said["recommendation.md"], "driven")
    assert "of `all/ring`" in sentence and "left" not in sentence
    assert verdicts(said, "driven", "one_step") == {"undecided"}
    assert "detailed balance" in said["inspect.md"]


def test_a_network_that_is_not_trained_to_the_end_gets_no_verdict(said):
    assert "Yes, this MD can tell" in answers(said["inspect.md"], "four")
    assert "not trained to the end" in answers(said["recommendation.md"], "four")
    assert verdicts(said, "four") == {"undecided"}
    rows = [line for line in said["diagnosis.md"].splitlines() if line.startswith("| four |")]
    assert rows and all("| not trained to the end |" in row for row in rows)
    assert (
        "A Markov state model reproduces them at a saving interval of 5 ps"
        in (said["recommendation.md"])
    )


def test_pages_lead_with_the_answer_and_end_soon(said):
    for page in PAGES:
        start = said[page].partition("## Details")[0]
        lines = sum(-(-max(1, len(line)) // 100) for line in start.splitlines())
        assert lines <= 100, page
        assert not {"nan", "inf", "e+0"} & set(start.split())
