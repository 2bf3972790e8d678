"""What the workflow says of data whose truth the test knows, in every file that says it."""

from __future__ import annotations

import pytest
from made_up_chains import equal_states, flipped, made, ring
from made_up_studies import PAGES, pages_of, ranking, row, rows, screen_lines, system, write_study

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


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The pages and claims.json of one study of three systems."""
    folder = tmp_path_factory.mktemp("statements")
    states = {
        "driven": made(ring, 0.02, 0.008),
        "misread": made(flipped, 2000.0, 0.05),
        "four": made(equal_states, 4, 0.997, n_frames=(60_000, 20_000, 45_000, 31_000, 14_000)),
    }
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
        "four": system(
            10, [5, 10, 15, 30], 5, generation={"walkers": 3000, "time": 250, "crossings": 0}
        ),
    }
    config = write_study(folder, STUDY, systems, states)
    (folder / "data/pair.txt").write_text("0 0\n1 0\n2 1\n")
    return pages_of(folder, config)


def verdicts(said, name, reading="long_lag"):
    return {r[reading]["verdict"] for r in said["records"] if r["system"] == name}


WHY = {
    "driven": "the system is driven (it jumps",
    "misread": "the lags reach from 10 ps only to 11 ps",
}


@pytest.mark.parametrize("name", WHY)
class TestMdThatCannotTell:
    def test_every_page_gives_the_same_reason(self, said, name):
        assert f"Not yet: {WHY[name]}" in row(said["inspect.md"], name)
        assert f"Cannot tell: {WHY[name]}" in row(said["recommendation.md"], name)
        assert WHY[name] in said["diagnosis.md"]
        of_system = ranking(said["leaderboard.md"], name)
        assert f"**No ranking**, because this MD cannot decide: {WHY[name]}" in of_system
        capital = WHY[name][0].upper() + WHY[name][1:]
        assert said["claims.md"].count(capital) == 1

    def test_no_page_says_more(self, said, name):
        assert verdicts(said, name) == {"undecided"}
        assert "yes" not in row(said["recommendation.md"], name).lower()
        lines = rows(said["diagnosis.md"], name)
        assert lines and all("reproduced" not in line for line in lines if "long lag" in line)


def test_a_ring_is_seen_behind_a_yardstick_of_two_states(said):
    sentence = row(said["recommendation.md"], "driven")
    assert "of `all/ring`" in sentence and "left" not in sentence
    assert verdicts(said, "driven", "one_step") == {"undecided"}
    assert "detailed balance" in said["inspect.md"]


def test_a_network_that_is_not_trained_to_the_end_gets_no_verdict(said):
    assert "Yes, this MD can tell" in row(said["inspect.md"], "four")
    assert "not trained to the end" in row(said["recommendation.md"], "four")
    assert verdicts(said, "four") == {"undecided"}
    lines = rows(said["diagnosis.md"], "four")
    assert lines and all("| not trained to the end |" in line for line in lines)
    assert (
        "A Markov state model reproduces the slow dynamics at a saving interval of 5 ps"
        in (said["recommendation.md"])
    )


def test_pages_lead_with_the_answer_and_end_soon(said):
    for page in PAGES:
        assert screen_lines(said[page]) <= 100, page
        start = said[page].partition("## Details")[0]
        assert not {"nan", "inf", "e+0"} & set(start.split())
