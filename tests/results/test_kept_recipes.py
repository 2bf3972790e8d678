"""docs/recipes.md says what its kept scores say, and studies use the recipes that it found."""

import re
from pathlib import Path

import pytest
import yaml

from raremd.analysis.leaderboard import read_ranking
from raremd.report.pages.markdown import insert
from raremd.report.pages.searched import MARKS, searched
from raremd.study.load import load_study
from raremd.study.plan import recipe_search

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/recipes.md").read_text()
SCORES = read_ranking(ROOT / "docs/recipes/scores.csv")


def study_of(config):
    return load_study(yaml.safe_load((ROOT / config).read_text()))


def test_the_tables_follow_from_the_scores():
    commits = re.findall(r"`(\w+)`", PAGE.partition("Computed at commit")[2])
    assert commits
    assert (
        insert(
            PAGE, searched(SCORES, recipe_search(study_of("config/recipes.yaml")), commits), MARKS
        )
        == PAGE
    )


FIRST = 5_600_000
"""Tokens of the search that chose the recipes."""


@pytest.mark.parametrize("config", ["config.yaml", "config/study.yaml"])
@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_the_studies_train_by_a_recipe_that_no_other_beats(config, kind):
    total = SCORES.groupby("model")[["low", "score", "high"]].sum()
    used = study_of(config).recipe(kind)
    tried = [t for t in recipe_search(study_of("config/recipes.yaml")).tried if t.kind == kind]
    for tokens in {t.tokens for t in tried}:
        of = {t.model: t for t in tried if t.tokens == tokens}
        scores = total.loc[list(of)]
        (own,) = (
            name for name, t in of.items()
            if (t.batch, t.learning_rate, t.weight_decay, t.schedule)
            == (used.batch, used.learning_rate, used.weight_decay, used.schedule)
        )  # fmt: skip
        assert scores["low"][own] <= scores["high"].min()
        assert tokens != FIRST or scores["score"].idxmin() == own
