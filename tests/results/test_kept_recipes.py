"""docs/recipes.md says what its kept scores say, and studies use the recipes that it found."""

import re
from pathlib import Path

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
    commits = re.findall(r"Computed at commit `(\w+)`", PAGE)
    assert commits
    assert (
        insert(
            PAGE, searched(SCORES, recipe_search(study_of("config/recipes.yaml")), commits), MARKS
        )
        == PAGE
    )


def test_the_studies_train_by_the_best_recipe():
    total = SCORES.groupby("model")["score"].sum()
    tried = recipe_search(study_of("config/recipes.yaml")).tried
    for config in ("config.yaml", "config/study.yaml"):
        study = study_of(config)
        for kind in ("lstm", "transformer"):
            best = min((t for t in tried if t.kind == kind), key=lambda t: total[t.model])
            used = study.recipe(kind)
            assert (used.batch, used.learning_rate, used.weight_decay, used.schedule) == (
                best.batch, best.learning_rate, best.weight_decay, best.schedule,
            )  # fmt: skip
