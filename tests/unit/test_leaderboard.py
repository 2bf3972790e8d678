"""Ranking on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from chains import sample_chain
from judged import assessment

from raremd.analysis.leaderboard import (
    FromMD,
    over_systems,
    picked,
    rank,
    validation_timescales,
    worst,
)
from raremd.analysis.leaderboard_cells import Board
from raremd.report.figures.leaderboard import draw
from raremd.report.figures.style import Look
from raremd.report.pages.leaderboard import as_markdown, nearest
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import split_frames

LAGS, N = [1.0, 10.0, 100.0], 2
MD = np.array([[100.0, 20.0], [150.0, 25.0], [200.0, 30.0]])


def rows(model, replicate, times):
    return [
        {
            "model": model,
            "replicate": replicate,
            "quantity": "timescale",
            "lag": lag,
            "i": i + 1,
            "value": times[k, i],
        }
        for k, lag in enumerate(LAGS)
        for i in range(N)
    ]


METRICS = [
    ("toy", "good", "leak", 2e-4, 1e-4, 3e-4),
    ("toy", "bad", "leak", 0.1, 0.1, 0.2),
    ("toy", "hummer_szabo", "long_timescale", 0.25, np.nan, np.nan),
]


def page_of(ranking):
    measured = pd.DataFrame(METRICS, columns=["system", "model", "metric", "value", "low", "high"])
    return as_markdown(Board(ranking, measured), {"toy": "toy/x/dt_1/fine"}, {"toy": "ps"}, 0.14)


def board_row(system, model, score, right=False, doubt=""):
    known = {"system": system, "model": model, "score": score, "high": score + 0.1}
    return known | {"right": right, "doubt": doubt}


def test_entries_of_all_systems_stand_by_their_worst_score():
    both = [
        board_row("a", "near", 0.1, right=True),
        board_row("a", "far", 0.5),
        board_row("a", "twice", 0.2, right=True),
        board_row("a", "here_only", 0.01, right=True),
        board_row("a", "igme", 0.01, right=True),
        board_row("b", "near", 0.3),
        board_row("b", "far", 0.4),
        board_row("b", "twice", 0.2, right=True),
        board_row("b", "igme", 0.01, right=True),
    ]
    found = over_systems(pd.DataFrame(both))
    assert list(dict.fromkeys(found["model"])) == ["twice", "near", "far"]
    assert nearest(found) == (
        "`twice`: in 2 systems no timescale at any lag, averaged over its trainings, is "
        "off by more than a factor of 1.15 (resampled trainings: up to 1.23), and it is right "
        "in 2 of them"
    )


def test_scores_count_where_the_md_can_decide():
    both = [
        board_row("a", "near", 0.1, right=True),
        board_row("a", "far", 0.5),
        board_row("b", "near", 0.6, doubt="too few transitions"),
        board_row("b", "far", 0.4, doubt="too few transitions"),
    ]
    found = over_systems(pd.DataFrame(both))
    assert list(dict.fromkeys(found["model"])) == ["near", "far"]
    assert nearest(found) == (
        "`near`: in 1 system no timescale at any lag, averaged over its trainings, is "
        "off by more than a factor of 1.07 (resampled trainings: up to 1.15), and it is right "
        "in 1 of them. The MD of `b` cannot decide so finely; there it is off by up to a factor "
        "of 1.52"
    )
    nowhere = over_systems(pd.DataFrame(both).assign(doubt="too few transitions"))
    assert list(dict.fromkeys(nowhere["model"])) == ["far", "near"]
    assert nearest(nowhere).endswith("but their MD cannot decide what is right")


def held_out(lags, n):
    """The MD that validates is slower by 2^0.5 at the lags that count."""
    return MD[: len(lags), :n] * 2**0.5


@pytest.fixture
def ranking():
    return ranked(assessment())


def ranked(known):
    off = np.ones((3, 2))
    off[1, 1] = 0.5  # a factor of two at lag 10, process 2
    beyond = np.ones((3, 2))
    beyond[2] = 100.0  # only at a lag that does not count
    lost = MD.copy()
    lost[0, 1] = np.nan
    table = rows("md", 0, MD) + rows("reference", 0, MD * 2**0.1)
    for replicate, noise in ((1, 2**0.02), (2, 2**-0.02)):
        table += rows("good", replicate, MD * noise * beyond)
        table += rows("bad", replicate, MD * off * noise)
        table += rows("broken", replicate, lost if replicate == 1 else MD)
    table.append(
        {"model": "bad", "replicate": 0, "quantity": "cross_entropy", "value": 1.5, "lag": np.nan}
    )
    samples = MD[:, None] * 2.0 ** np.linspace(-0.3, 0.3, 41)[None, :, None]
    bootstrap = {"lags": np.array(LAGS), "own": samples}
    cost = pd.DataFrame({"model": ["good", "bad"], "core_seconds": [7.0, 8.0]})
    md = FromMD(bootstrap, held_out, lambda lags, n: MD[: len(lags), :n] * 2**-0.25)
    return rank(known, pd.DataFrame(table), md, cost, tolerance=0.14, seed=0)


def test_score_is_the_worst_over_lags_and_processes(ranking):
    by = ranking.set_index("model")
    assert by.loc["good", "score"] == pytest.approx(0.0, abs=1e-12)
    assert by.loc["good", "high"] == pytest.approx(0.02)
    assert by.loc["bad", ["score", "lag", "process"]].tolist() == pytest.approx([1.0, 10.0, 2])
    assert by.loc["bad", ["low", "high"]].tolist() == pytest.approx([0.98, 1.02])
    assert by.loc["reference", "score"] == pytest.approx(0.1)
    assert by.loc["md_bootstrap", "score"] == pytest.approx(0.15, abs=0.01)
    assert by.loc["bad", ["cross_entropy", "core_seconds"]].tolist() == [1.5, 8.0]
    ranks = by[["rank_low", "rank_high"]]
    assert ranks.loc[["good", "bad", "broken"]].to_numpy().tolist() == [[1, 2], [2, 3], [1, 3]]
    assert ranks.loc[["md_bootstrap", "reference"]].isna().all(axis=None)
    assert by.index[by["front"]].tolist() == ["good"]  # as right as none, and the cheapest


def test_an_entry_is_right_within_the_tolerance_or_the_error_of_the_md():
    one, two = (MD[None] * 2.0 ** np.array(x)[:, None, None] for x in ([0.3, 0.3], [0.5, 0.5]))
    table = rows("md", 0, MD) + rows("near", 1, one[0]) + rows("far", 1, two[0])
    cost = pd.DataFrame({"model": [], "core_seconds": []})

    def right(spread, tolerance, known):
        samples = MD[:, None] * 2.0 ** np.linspace(-spread, spread, 41)[None, :, None]
        md = FromMD({"lags": np.array(LAGS), "own": samples}, held_out, held_out)
        found = rank(known, pd.DataFrame(table), md, cost, tolerance, seed=0)
        return set(found["model"][found["right"]]) & {"near", "far", "lucky"}

    assert right(0.1, 0.14, assessment()) == set()
    assert right(0.1, 0.35, assessment()) == {"near"}
    assert right(0.4, 0.14, assessment()) == {"near"}  # no nearer than the MD itself
    assert right(0.4, 0.35, assessment(transitions=3)) == set()
    for replicate, factor in enumerate((2.0**-5, 2.0**-5, np.nan), start=1):
        table += rows("lucky", replicate, one[0] * factor)  # opposite signs, none on average
    assert right(0.1, 0.35, assessment()) == {"near"}


def test_a_failure_is_a_row_at_the_bottom(ranking):
    assert ranking["model"].iloc[-1] == "broken"
    assert ranking["score"].iloc[-1] > 3
    assert ranking["failed"].iloc[-1] == 1
    assert ranking["model"].tolist()[0] == "good"


def test_igme_stands_beside_the_models_where_there_are_lags_to_fit():
    lags = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    eigenvalues = np.array([0.9, 0.8]) * np.exp(-np.array(lags)[:, None] / np.array([300, 40]))
    times = -np.array(lags)[:, None] / np.log(eigenvalues)
    table = [
        {"model": "md", "replicate": 0, "quantity": "timescale", "lag": lag, "i": i, "value": value}
        for lag, row in zip(lags, times, strict=True)
        for i, value in enumerate(row, start=1)
    ]
    bootstrap = {"lags": np.array(lags), "own": np.repeat(times[:, None], 5, axis=1)}
    cost = pd.DataFrame({"model": [], "core_seconds": []})
    md = FromMD(bootstrap, lambda lags, n: times, lambda lags, n: times * 2**0.5)
    found = rank(
        assessment(lag=100.0), pd.DataFrame(table), md, cost, tolerance=0.14, seed=0
    ).set_index("model")
    assert found.loc["qmsm", "score"] == pytest.approx(0.5)
    assert found.loc["igme", ["score", "low", "high"]].tolist() == pytest.approx([0, 0, 0])


def test_validation_data_choose_a_model_without_the_md_that_it_is_scored_against(ranking):
    by = ranking.set_index("model")
    assert by.loc["good", "validation"] == pytest.approx(0.5)
    assert by.loc["bad", "validation"] == pytest.approx(1.5)
    assert by.loc["md_bootstrap", "validation"] == pytest.approx(0.5)
    assert picked(ranking)["model"] == "good"


def test_timescales_of_the_validation_trajectories_alone():
    chain = np.array([[0.95, 0.05], [0.1, 0.9]])
    trained, validates = np.zeros(20_000, np.int16), sample_chain(chain, 40_000, seed=1)
    md = [trained, trained, validates, trained, trained]
    system = DiscreteSystem(
        md=md,
        reference=[],
        md_cores=[],
        reference_cores=[],
        n_states=2,
        dimension=1,
        split=split_frames(list(map(len, md)), 0.2, 0),
    )
    (times,) = validation_timescales(system, 2, [3], 2)
    assert times[0] * 2 == pytest.approx(-1 / np.log(0.85), rel=0.1)
    assert np.isnan(times[1])


def test_replicates_are_averaged_before_the_worst_is_taken():
    deviations = np.array([[[0.5, 0.0]], [[-0.5, 0.2]]])
    assert worst(deviations) == pytest.approx(0.1)


def test_table_and_figure_show_every_model(ranking):
    page = page_of(ranking)
    for model in ranking["model"]:
        assert f"| {model} |" in page
    assert "nan" not in page
    assert "| model | long timescale | leak |" in page
    assert "| good |  | 0.0002 (0.0001 to 0.0003) |" in page
    assert "| hummer_szabo | 0.25 |" in page  # which has metrics and is not ranked
    assert "The validation data choose `good` (0.50); its score is 0.00" in page
    assert "They are too short to choose by: even the MD of the training" in page
    ranking.loc[ranking["model"] == "md_bootstrap", "validation"] = 0.4
    assert "too short" not in page_of(ranking)
    assert "The closest is `good`: in 1 system no timescale" in page
    assert "| `good` | **0.00** |" in page and "| `bad` | 1.00 |" in page
    figure = draw(ranking, Look(tolerance=0.32))
    assert len(figure.axes[0].get_yticklabels()) == len(ranking)


def test_md_that_can_decide_nothing_ranks_nothing():
    found = ranked(assessment(transitions=3))
    assert found["model"].tolist() == sorted(found["model"])
    assert found["rank_low"].isna().all() and not found["front"].any()
    page = page_of(found)
    assert "**No ranking**, because this MD cannot decide: the training data hold only 3" in page
    assert "choose" not in page.partition("## `toy`")[2]
    assert "but their MD cannot decide what is right" in page and "**0.00**" not in page
    figure = draw(found, Look(tolerance=0.32))
    assert figure.axes[0].get_title() == "toy (cannot decide)"


def test_the_choice_is_blind_to_scores(ranking):
    seen = ranking.assign(validation=ranking["validation"].mask(ranking["model"] == "bad", 0.1))
    assert picked(seen)["model"] == "bad"


def test_models_are_blue_and_what_starts_from_the_md_black(ranking):
    panel = draw(ranking, Look(tolerance=0.14)).axes[0]
    names = [text.get_text() for text in panel.get_yticklabels()]
    marks = [line for line in panel.lines if line.get_marker() == "o"]
    black, blue = ({names[int(y)] for y in line.get_ydata()} for line in marks)
    assert blue == {"good", "bad", "broken"} and "reference" in black
