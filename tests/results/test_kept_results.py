"""The committed results are those of the study that `make study` plans today."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from raremd.analysis.assessment import read_assessments
from raremd.analysis.cell_result import cell_results
from raremd.analysis.claim_records import Judgement
from raremd.analysis.claims import judge_study
from raremd.analysis.contrasts import Contrast
from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.leaderboard import read_ranking
from raremd.analysis.recommended import Recommended
from raremd.analysis.verdicts import Verdict
from raremd.io.storage import read_parquet, read_typed
from raremd.report.pages import claims as tables
from raremd.report.pages import results
from raremd.report.pages.answers import answers
from raremd.report.pages.front import MARKS, found
from raremd.report.pages.markdown import insert
from raremd.study.load import load_study
from raremd.study.plan import claims_plan, controls, results_page_plan
from raremd.study.settings.study import read_settings

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "results"
FACTORS = ["system", "coordinate", "interval", "partition"]


@pytest.fixture(scope="module")
def planned():
    return load_study(yaml.safe_load((ROOT / "config/study.yaml").read_text()))


@pytest.fixture(scope="module")
def kept():
    return read_parquet(KEPT / "comparison.parquet")


@pytest.fixture(scope="module")
def judgement():
    return read_typed(Judgement, KEPT / "claims.json")


@pytest.fixture(scope="module")
def commits():
    return {made["commit"] for made in json.loads((KEPT / "provenance.json").read_text())}


def test_the_configuration_kept_is_that_of_the_study(planned):
    kept_config = json.loads((KEPT / "config.json").read_text())
    assert read_settings(kept_config) == planned.settings


def test_every_planned_model_of_every_cell_has_all_its_replicates(planned, kept):
    entropy = kept[(kept["quantity"] == "cross_entropy") & (kept["replicate"] > 0)]
    counted = entropy.groupby([*FACTORS, "model"])["replicate"].nunique().to_dict()
    expected = {
        (cell.system, cell.coordinate, cell.interval, cell.partition, model): replicates
        for (cell, model), replicates in planned.trainings.items()
    }
    assert counted == expected


def test_every_declared_claim_is_judged_for_both_networks_at_several_budgets(planned, judgement):
    declared = {
        (claim, system, model)
        for system, settings in planned.settings.systems.items()
        for claim, contrast in settings.claims.model_dump().items()
        if contrast is not None
        for model in ("lstm", "transformer")
    } | {("C6", system, "transformer") for system in planned.settings.systems}
    assert {(r.claim, r.system, r.model) for r in judgement.records} == declared
    assert all(len(r.budgets) > 1 for r in judgement.records)


def test_verdicts_follow_from_their_intervals(planned, judgement):
    """Section "Verdicts" of docs/method.md, read again from the numbers that are kept."""
    margin = planned.settings.tolerance
    for record in judgement.records:
        for reading, doubts in (
            (record.long_lag, record.doubts),
            (record.one_step, record.one_step_doubts),
        ):
            within = reading.low >= -margin and reading.high <= margin
            if doubts:
                assert reading.verdict is Verdict.UNDECIDED
            elif within:
                right = Verdict.SUPPORTED if record.claim == "C1" else Verdict.NO_DIFFERENCE
                assert reading.verdict is right
            elif reading.verdict is Verdict.SUPPORTED:
                assert reading.low > 0 and reading.high > margin and record.claim != "C1"
            elif reading.verdict is Verdict.CONTRADICTED:
                away = reading.low > margin or reading.high < -margin
                assert away if record.claim == "C1" else reading.high < 0 and reading.low < -margin


def test_verdicts_at_the_long_lag_follow_from_the_kept_table(planned, kept, judgement):
    plan = claims_plan(planned)
    read = cell_results(kept, plan.cells, plan.yardstick_lags)
    cells = dict(zip(plan.cells, read, strict=True))
    contrasts = [
        Contrast(c.claim, c.system, cells[c.easy], cells[c.hard] if c.hard else None)
        for c in plan.contrasts
    ]
    files = [str(KEPT / f"assessments/{name}.json") for name in planned.settings.systems]
    known = read_assessments(files)
    again = judge_study(contrasts, read, plan.networks, plan.controls, known)
    for record, kept_one in zip(again.records, judgement.records, strict=True):
        found, said = record.long_lag, kept_one.long_lag
        assert record.cells == kept_one.cells and record.budget == kept_one.budget
        assert (found.verdict, found.replicates) == (said.verdict, said.replicates)
        assert (found.low, found.high) == pytest.approx((said.low, said.high), rel=1e-6, abs=1e-9)


def _shown(planned, judgement, kept):
    """Name -> the lines that the page should hold."""
    of, records = controls(planned), judgement.records
    study, cost = results_page_plan(planned), pd.read_csv(KEPT / "cost.csv")
    shown = {
        "scoreboard": tables.scoreboard(records),
        "controls": tables.control_table(records, of),
        "removals": results.removals(kept, records, study),
        "speed": results._speed(kept, records, study),
        "spent": results.spent(cost, of),
        "longer": results.longer(records, cost, of),
    }
    for claim in dict.fromkeys(record.claim for record in records):
        mine = [record for record in records if record.claim == claim]
        shown[f"table of {claim}"] = tables.claim_table(mine, of)
        shown[f"budgets of {claim}"] = tables.budget_table(mine)
        shown[f"{claim} with one thing changed"] = tables.varied_table(mine, of)
    return shown


def test_all_tables_of_the_page_follow_from_what_is_kept(planned, judgement, kept):
    page = (KEPT / "README.md").read_text()
    shown = _shown(planned, judgement, kept)
    assert [name for name, lines in shown.items() if "\n".join(lines).strip() not in page] == []


def test_what_is_undecided_says_what_would_decide_it(judgement):
    for record in judgement.records:
        if record.long_lag.verdict is Verdict.UNDECIDED:
            assert record.doubts or record.long_lag.needed


def test_page_and_readme_say_what_follows_from_the_claims(judgement, commits):
    (commit,) = commits
    page = (KEPT / "README.md").read_text()
    assert "\n".join(answers(judgement)) in page and commit[:12] in page
    systems = read_typed(tuple[Recommended, ...], KEPT / "recommendation.json")
    laws = read_typed(KeptLaws, ROOT / "resources/laws.json")
    board = read_ranking(ROOT / "docs/leaderboard/leaderboard.csv")
    readme = (ROOT / "README.md").read_text()
    said = found(judgement, systems, laws, board, "config/study.yaml", commit[:12])
    assert insert(readme, said, MARKS) == readme


def test_the_default_study_says_nothing_contrary(judgement):
    default = read_typed(Judgement, ROOT / "docs/gallery/claims.json")
    of_study = {(r.claim, r.system, r.model): r.long_lag.verdict for r in judgement.records}
    opposite = {Verdict.SUPPORTED, Verdict.CONTRADICTED}
    for r in default.records:
        assert {r.long_lag.verdict, of_study[r.claim, r.system, r.model]} != opposite


def test_all_comes_from_one_commit_that_is_known(commits):
    assert len(commits) == 1 and all(len(commit) == 40 for commit in commits)


def test_the_method_names_every_quantity(kept):
    page = (ROOT / "docs" / "method.md").read_text()
    assert [q for q in kept["quantity"].unique() if f"`{q}`" not in page] == []
