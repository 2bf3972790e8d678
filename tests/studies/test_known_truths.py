"""What the workflow says of networks that are known to be right, wrong, or not to be told."""

from __future__ import annotations

import re

import numpy as np
import pytest
from made_up_chains import flipped, made, recrossing, two_states
from made_up_studies import PAGES, pages_of, ranking, row, rows, screen_lines, system, write_study
from study_runs import Run

NETWORK = {"prior": "markov"}  # it begins as a Markov model of so many last states
STUDY = {
    "results": "results",
    "seed": 3,
    "replicates": 3,
    "bootstrap_samples": 40,
    "training": {
        "tokens": 4_000, "patience_tokens": 4_000, "evaluate_tokens": 1_000,
        "window": 10, "batch": 20, "learning_rate": 0.0001,
    },
    "models": {
        "markov": {},
        "lstm": {"settings": NETWORK | {"order": 4, "embedding": 4, "hidden": 8}},
        "transformer": {
            "settings": NETWORK | {"layers": 1, "width": 8, "feed_forward": 8, "context": 4}
        },
    },
}  # fmt: skip
BASINS = {
    "partitions": {
        "lost": {"method": "given", "map": "data/lost.txt"},
        "basins": {"method": "given", "map": "data/basins.txt"},
    },
    "yardstick": {"lag": 10, "partition": "basins"},
    "base": {"interval": 1, "partition": "basins"},
    "sweeps": [{"partition": ["lost"], "models": ["lstm"]}],
    "generation": {"walkers": 2000, "time": 250, "crossings": 0},
    "claims": {"C1": {"easy": {}}, "C4": {"hard": {}, "easy": {"partition": "lost"}}},
}
SYSTEMS = {
    # Ten crossings in each replicate.
    "scattered": system(10, [10, 20, 40]) | {
        "generation": {"walkers": 10, "time": 200, "crossings": 0},
    },
    "memory": system(10, [1, 10, 20, 40]) | BASINS,
    "fast": system(50, [10, 50, 150]),
    "rare": system(10, [10, 20, 40]),
    "never": system(10, [10, 20, 40, 80]),
}  # fmt: skip


def trajectories():
    """By system."""
    island = np.full(9_000, 2, np.int16)
    return {
        "scattered": made(two_states, 100.0),
        "memory": made(recrossing, 0.01),
        "fast": made(two_states, 26.0, n_frames=20_000),
        "rare": [*made(two_states, 4000.0, n_frames=(18_000, 9_000, 14_000, 7_000)), island],
        "never": made(flipped, 2000.0, 0.05),
    }


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The pages and verdicts of one study."""
    folder = tmp_path_factory.mktemp("truths")
    config = write_study(folder, STUDY, SYSTEMS, trajectories())
    (folder / "data/basins.txt").write_text("0 0\n1 0\n2 1\n3 1\n")
    (folder / "data/lost.txt").write_text("0 0\n1 1\n2 1\n3 0\n")
    return pages_of(folder, config)


def reasons(said, name):
    """The main reason on the pages that give one in a sentence of their own."""
    told = [
        row(said["inspect.md"], name).partition("Not yet: ")[2].removesuffix(". |"),
        row(said["recommendation.md"], name).partition("Cannot tell: ")[2].removesuffix(". |"),
        ranking(said["leaderboard.md"], name).partition("cannot decide: ")[2].partition(". ")[0],
    ]
    return [text.partition("; ")[0] for text in told]  # the leaderboard gives them all


def records(said, name, claim="C1"):
    """Verdicts on one claim for one system, by model."""
    mine = [r for r in said["records"] if (r["system"], r["claim"]) == (name, claim)]
    return {r["model"]: (r["long_lag"]["verdict"], r["one_step"]["verdict"]) for r in mine}


WHY = {
    "fast": (
        "no process of the MD is slower than the yardstick's lag of 50 ps (the slowest takes ",
        r"Add lags of \d\.\d ps or less, or save frames more often\.",
    ),
    "rare": (
        "the training data hold only ",
        r"Record about \d+ times as much MD: aim at 200 transitions\.",
    ),
    "never": (
        "at 10 ps and beyond t1 changes by +",
        r"No lag up to 80 ps is long enough: add longer `lags`, or choose a coordinate and states "
        "that resolve the slow process",
    ),
}


@pytest.mark.parametrize("name", WHY)
class TestMdThatCannotTell:
    def test_every_page_gives_the_same_reason_and_advice(self, said, name):
        why, advice = WHY[name]
        first, *others = reasons(said, name)
        assert first.startswith(why) and others == [first] * 2
        assert f": {first}" in said["diagnosis.md"]
        for page in ("inspect.md", "claims.md", "recommendation.md"):
            (line,) = (
                x for x in said[page].splitlines() if x[2:].lower().startswith(first.lower())
            )
            assert re.search(advice, line), page
            assert "shorten" not in line.lower()

    def test_no_claim_is_judged_and_nothing_recommended(self, said, name):
        for claim in ("C1", "C6"):
            found = records(said, name, claim)
            assert found and {long_lag for long_lag, _ in found.values()} == {"undecided"}
        assert "yes" not in row(said["recommendation.md"], name).lower()
        for line in rows(said["diagnosis.md"], name):
            assert "(one step)" in line or "| cannot tell |" in line


def test_a_process_faster_than_the_lag_is_missed_once(said):
    assert "in the states of fast" not in said["claims.md"]
    assert "of `yardstick" not in said["claims.md"]


def test_frames_that_are_not_connected_are_told_with_what_to_do(said):
    for page in ("inspect.md", "claims.md", "recommendation.md"):
        found = re.search(r"- (\d+) % of the frames are not connected .*", said[page])
        assert 10 < int(found[1]) < 40
        assert "leave out the trajectories that stay apart" in found[0], page


def test_replicates_to_either_side_of_the_md_reproduce_nothing(said):
    assert "Yes, this MD can tell" in row(said["inspect.md"], "scattered")
    answer = row(said["recommendation.md"], "scattered")
    assert re.search(
        r"Cannot tell: the interval reaches across the tolerance\. (About|Train)", answer
    )
    assert {v for v, _ in records(said, "scattered").values()} == {"undecided"}
    of_claims = [line for line in rows(said["claims.md"], "scattered") if "basins" not in line]
    assert any(re.search(r"\| (\d+ replicates, not 3|more tokens) \|", x) for x in of_claims)


class TestMemory:
    """Jumps that are undone at once: the LSTM knows them by its last four states."""

    def test_only_the_network_that_is_right_is_recommended(self, said):
        answer = row(said["recommendation.md"], "memory")
        assert "Yes: the LSTM reproduces the slow processes at a saving interval of 1 ps." in answer
        assert "Transformer" not in answer
        found = records(said, "memory")
        assert found["lstm"][0] == "supported" and found["transformer"][0] == "contradicted"

    def test_the_failure_is_put_down_to_states_without_memory(self, said):
        (line,) = (
            x for x in rows(said["diagnosis.md"], "memory")
            if "| Transformer | 10 ps (long lag) |" in x
        )  # fmt: skip
        assert "| not reproduced |" in line
        assert "it has not learned the memory of these states" in line

    def test_c6_shows_both_readings(self, said):
        assert records(said, "memory", "C6") == {"transformer": ("supported", "no difference")}
        (claim,) = (x for x in said["claims.md"].splitlines() if "(C6)" in x)
        assert "At the long lag: " in claim and "At one step: " in claim
        (told,) = (x for x in said["claims.md"].splitlines() if x.startswith("| C6 "))
        assert "| Transformer |" in told and "| **supported** / no difference |" in told

    def test_macrostates_without_the_process_decide_nothing(self, said):
        assert records(said, "memory", "C4")["lstm"][0] == "undecided"
        why = "The MD has no process slower than 10 ps in the states of memory/all/dt_1/lost."
        assert why in said["claims.md"]


def test_the_diagnosis_counts_every_reading_once(said):
    page = said["diagnosis.md"]
    head, table = page.split("## Details")
    total, failed, open_ones = map(
        int, re.search(r"Of (\d+) readings, (\d+) fails?; (\d+) cannot be judged", head).groups()
    )
    lines = [line for name in SYSTEMS for line in rows(table, name)]
    assert len(lines) == total
    assert sum("| not reproduced |" in line for line in lines) == failed
    assert sum("| cannot tell |" in line for line in lines) == open_ones
    assert sum(map(int, re.findall(r"^- cannot be judged, (\d+):", head, re.M))) == open_ones
    assert sum(map(int, re.findall(r"^- (?!cannot).*: (\d+)$", head, re.M))) == failed


def test_pages_lead_with_the_answer_and_hold_numbers_that_people_read(said):
    for page in PAGES:
        assert screen_lines(said[page]) <= 100, page
        words = set(re.split(r"[\s\[\](),|]+", said[page]))
        assert not words & {"nan", "inf", "-inf", "-10.00", "+10.00"}, page
        assert not [word for word in words if re.fullmatch(r"[\d.]+e[+-]\d+", word)], page


@pytest.mark.parametrize("frames", [slice(12_345, 15_000), slice(0, 2_000)])
def test_validation_by_frames_that_are_trained_on_is_refused(tmp_path, frames):
    training = made(two_states, 100.0, n_frames=20_000)
    own = {"source": {"kind": "dtraj", "files": "data/mine_*.npy", "validation": "data/held.npy"}}
    systems = {"mine": own | system(10, [10, 20, 40])}
    config = write_study(tmp_path, STUDY, systems, {"mine": training})
    np.save(tmp_path / "data/held.npy", training[1][frames])
    run = Run(tmp_path, config=config, targets=["results/inspect.md"])
    assert run.wait() != 0
    assert re.search(r"held\.npy: frames \d+ to \d+ are frames \d+ to \d+ of .*mine_1", run.text)
    assert not list((tmp_path / "results").rglob("*.h5"))
