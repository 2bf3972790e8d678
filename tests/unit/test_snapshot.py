import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from judged import LAG, assessment, cell_result, claim_record, finding
from PIL import Image
from spot_check import KEPT, compare_cell, of_first_replicate, verdict

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.cell_result import cell_results
from raremd.analysis.claim_records import ControlError, Judgement
from raremd.analysis.claims import judge_study
from raremd.analysis.contrasts import Contrast
from raremd.analysis.verdicts import Verdict
from raremd.report.pages import pictures
from raremd.report.pages import results as snapshot
from raremd.report.pages.claims import control_table
from raremd.report.pages.markdown import TWO_SCREENS, height
from raremd.report.pages.recommendation import DETAILS
from raremd.study.cell import Cell
from raremd.study.load import load_study
from raremd.study.verdict_plans import Control, ResultsPagePlan


def row(**changes):
    base = {"system": "toy", "coordinate": "x", "interval": 1.0, "partition": "fine"}
    base |= {"model": "lstm", "replicate": 1, "quantity": "timescale", "i": 1, "j": 0, "lag": 1.0}
    return base | {"value": 8.0, "low": np.nan, "high": np.nan} | changes


def test_large_figures_shrink_and_keep_their_proportions(tmp_path):
    # Grey, since the search for the best few colours is slow where every pixel has its own.
    noise = np.random.default_rng(0).integers(0, 255, (400, 600), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    pictures.compress(tmp_path / "large.png", tmp_path / "small.png", 60_000)
    assert (tmp_path / "small.png").stat().st_size <= 60_000
    width, height = Image.open(tmp_path / "small.png").size
    assert width / height == pytest.approx(1.5, rel=0.02)


def test_what_is_kept():
    table = pd.DataFrame(
        [
            row(),
            row(lag=2.0),  # neither the interval nor the yardstick's lag
            row(lag=5.0, quantity="yardstick_timescale"),
            row(quantity="survival"),
            row(quantity="log2_ratio"),  # of one replicate: follows from the timescales
            row(quantity="log2_ratio", replicate=0),
            row(quantity="cross_entropy", lag=np.nan),
        ]
    )
    kept = snapshot.reduce(table, {"toy": 5.0})
    assert kept["quantity"].tolist() == [
        "timescale",
        "yardstick_timescale",
        "log2_ratio",
        "cross_entropy",
    ]


def test_what_is_kept_leads_to_the_same_verdicts():
    toward, away = [-0.1, -0.2, -0.15], [-1.2, -1.5, -1.1]
    of_hard = {"losses": {"lstm": 1.0, "markov": 0.5}, "lstm": away, "markov": toward}
    of_easy = {"moved": {"lstm": [0.5, 0.6, 0.4]}, "losses": {"lstm": 0.5}, "lstm": toward}
    cells = [cell_result(partition="fine", **of_hard), cell_result(partition="coarse", **of_easy)]
    known = {"toy": assessment()}

    def judged(read):
        hard, easy = read
        return judge_study([Contrast("C4", "toy", easy, hard)], read, ["lstm"], (), known)

    of_all = [cell.table.assign(**asdict(cell.cell)) for cell in cells]
    kept = snapshot.reduce(pd.concat(of_all), {"toy": LAG})
    said = judged(cell_results(kept, [cell.cell for cell in cells], {"toy": LAG}))
    assert said == judged(cells)
    texts = " ".join(doubt.text for doubt in said.records[0].one_step_doubts)
    assert "held-out loss is 1.000 nats" in texts and "after 1,000,000 tokens" in texts
    assert "still moved by a factor of 1.41" in texts


def test_few_colours_keep_the_rare_ones(tmp_path):
    picture = Image.new("RGB", (600, 400), "white")
    picture.paste(Image.linear_gradient("L").resize((600, 300)).convert("RGB"), (0, 0))
    picture.paste((213, 94, 0), (10, 320, 14, 324))  # one vermilion mark
    picture.save(tmp_path / "large.png")
    pictures.compress(tmp_path / "large.png", tmp_path / "small.png")
    found = Image.open(tmp_path / "small.png").convert("RGB").getpixel((12, 322))
    assert np.abs(np.subtract(found, (213, 94, 0))).max() < 12


SYSTEMS = ["four_state", "alanine_dipeptide", "protein", "alanine_tetrapeptide"]
NAMES = ["x", "xy", "tica_4", "tica_8", "all"]


def plan_of(systems, models, built_on):
    """What the page is told of a study whose base cells are all alike."""
    return ResultsPagePlan(
        bases=tuple(Cell(system, "x", 1.0, "fine") for system in systems),
        yardstick_lags=dict.fromkeys(systems, 5.0),
        models=models,
        replicates=5,
        built_on=built_on,
        controls=(Control("lstm_twice", "lstm", "budget", 2.0),),
    )


def large_study():
    """A hundred cells of four systems: what the page is written from."""
    rows = [
        row(system=s, coordinate=c, interval=dt, model=m, replicate=0, quantity=q, lag=lag)
        for s in SYSTEMS
        for c in NAMES
        for dt in (1.0, 2.0, 5.0, 10.0, 20.0)
        for m in ("md", "markov", "lstm", "lstm_twice")
        for q, lag in (
            ("yardstick_timescale", 5.0),
            ("crossing_rate", dt),
            ("cross_entropy", np.nan),
        )
    ]
    cost = [row(model="lstm", system=s, core_seconds=3600.0) for s in SYSTEMS]
    return pd.DataFrame(rows), pd.DataFrame(cost * 100)


def test_the_page_of_a_hundred_cells_begins_with_the_answer_and_stays_short():
    table, cost = large_study()
    claims = [claim_record(c, s) for c in ("C1", "C2", "C3", "C4", "C5", "C6") for s in SYSTEMS]
    study = plan_of(SYSTEMS, ("markov", "lstm"), {})
    kinds = ["dimension", "dimension_interval", "interval_partition", "recrossing", "controls"]
    figures = ["claims", *(f"{s}_{kind}" for s in SYSTEMS for kind in kinds)]
    advice = f"# Recommendation\n\nTake it.\n\n## toy\n\n{DETAILS}\n\n| a cell |\n"
    text = snapshot.page(
        Judgement(tuple(claims), ()), advice, "# Why\n\nSo.\n", table, cost, study,
        ["0123456789abcdef-dirty"], figures,
    )  # fmt: skip
    lines = text.splitlines()
    assert "4 systems, 100 cells, 3 models and controls, up to 5 replicates" in text
    assert "`0123456789ab-dirty`" in text
    assert all(line.startswith("- **") for line in lines[2:8]) and not lines[8]
    assert lines.index("Take it.") < 24
    assert "### toy" in lines and "a cell" not in text
    start = text.partition(DETAILS)[0].splitlines()
    assert "Take it." in start and height(start) <= TWO_SCREENS
    assert height(lines[:8]) < TWO_SCREENS / 2
    for name in figures:
        assert text.count(f"(figures/{name}.png)") == 1
    assert len(lines) < 300
    assert "| `four_state` | LSTM | 1.00 |" in text and "LSTM, 2 x tokens" not in text
    assert "400.0 core-hours" in text


class TestSpotCheck:
    kept = pd.DataFrame(
        [
            row(model="md", replicate=0, value=8.0),
            *(row(replicate=n, value=v) for n, v in enumerate([8.0, 2.0, 4.0], start=1)),
            row(replicate=0, value=4.0, low=3.0, high=5.0),
        ]
    )

    def again(self, value, of_md=8.0):
        return pd.DataFrame([row(model="md", replicate=0, value=of_md), row(value=value)])

    def test_the_same(self):
        found = compare_cell(self.kept, self.again(8.0))
        assert found == (0.0, 0.0, 1.0) and verdict(*found) == "the same"

    def test_another_of_its_replicates(self):
        of_md, of_models, surprise = compare_cell(self.kept, self.again(16.0))
        # Student with two degrees of freedom: 2 / sqrt(4/3) deviations from the mean of log2.
        assert (of_md, of_models, surprise) == (0.0, 1.0, pytest.approx(0.2254, abs=1e-4))
        assert verdict(of_md, of_models, surprise) == "as replicates scatter"

    def test_several_values_share_one_level(self):
        more = self.kept.assign(quantity="yardstick_timescale")
        two = pd.concat([self.again(16.0), self.again(16.0).assign(quantity="yardstick_timescale")])
        assert compare_cell(pd.concat([self.kept, more]), two)[2] == pytest.approx(0.4508, abs=1e-4)

    def test_another_answer(self):
        assert verdict(*compare_cell(self.kept, self.again(4e6))) == "DIFFERS"
        assert verdict(*compare_cell(self.kept, self.again(np.nan))) == "DIFFERS"
        assert verdict(*compare_cell(self.kept, self.again(8.0, of_md=8.1))) == "DIFFERS"

    def test_the_md_of_the_first_set(self):
        sets = pd.DataFrame([row(model="md", replicate=n, value=n + 6.0) for n in (1, 2)])
        of_all = pd.DataFrame([row(model="reference", replicate=0, value=9.0)])
        kept = pd.concat([self.kept, sets, of_all])
        again = pd.concat([self.again(8.0, of_md=7.0), of_all.assign(value=8.0)])
        assert compare_cell(kept, again)[0] == 0.0
        assert verdict(*compare_cell(kept, self.again(8.0))) == "DIFFERS"

    def test_missing_values(self):
        with pytest.raises(SystemExit, match="2 committed values, 1 recomputed"):
            compare_cell(self.kept, self.again(8.0).iloc[:1])

    def test_the_kept_study_can_be_run_with_one_replicate(self):
        kept = json.loads((KEPT / "config.json").read_text())
        study, one = load_study(kept), load_study(of_first_replicate(kept))
        assert list(one.cells) == list(study.cells)
        assert one.trainings == dict.fromkeys(study.trainings, 1)


def test_removals_are_compared_with_what_they_are_made_of():
    def times(partition, model, lag, value, high=np.nan):
        return row(
            system="toy", coordinate="x", interval=1.0, partition=partition, model=model,
            replicate=0, quantity="timescale", i=1, lag=lag, value=value, low=np.nan, high=high,
        )  # fmt: skip

    table = pd.DataFrame(
        [
            times("fine", "md", 1.0, 4.0),
            times("fine", "md", 5.0, 16.0, high=20.0),
            times("cored", "md", 1.0, 8.0),
            times("cored", "md", 5.0, 32.0),
            times("cored", "lstm", 5.0, np.nan),
            times("cored", "markov", 5.0, 16.0),
        ]
    )
    models = ("markov", "lstm", "transformer")
    study = plan_of(["toy"], models, {"toy": {"cored": "fine"}})
    lines = snapshot.removals(table, [], study)
    assert "| `toy` | `x/dt_1/cored` | -1.00 | **+1.00** | +0.00 | – | – |" in lines
    assert "slows the MD itself in `cored` of `toy` (by a factor of 2.00)" in " ".join(lines)
    milder = table.assign(value=table["value"].replace(32.0, 18.0))
    assert "slows the MD" not in " ".join(snapshot.removals(milder, [], study))
    assert snapshot.removals(table, [], plan_of(["toy"], models, {"toy": {}})) == []


def test_budgets_follow_each_other_whatever_their_names():
    budgets = {"lstm_64": 64.0, "lstm_thirty_two": 32.0, "lstm_four": 4.0}
    controls = (
        Control("corrected", "lstm", "prior", 4.0),
        *(Control(name, "lstm", "budget", budget) for name, budget in budgets.items()),
    )
    cost = pd.DataFrame([row(model=m, core_seconds=1.0) for m in ("lstm", "corrected", *budgets)])
    models = [line.split("|")[1].strip() for line in snapshot.spent(cost, controls)[-5:]]
    assert models[:4] == ["LSTM", *(f"LSTM, {n} x tokens" for n in (4, 32, 64))]
    errors = [ControlError("x", c.of, c.name, c.varies, 1.0, 2.0) for c in controls]
    heading = control_table([claim_record("C4", controls=tuple(errors))], controls)[0]
    assert [word for word in heading.split(" | ") if "x tokens" in word][:3] == [
        f"{n} x tokens" for n in (4, 32, 64)
    ]


def test_what_longer_training_would_cost():
    doubt = Doubt(Cause.BUDGET, "it still moved", "train longer")
    waiting = claim_record("C4", budget=2.0, doubts=(doubt,))
    both = claim_record("C6", model="transformer", budget=1.0, doubts=(doubt,))
    fine = claim_record("C5", budget=1.0)
    spent = [("lstm_twice", "fine", 100.0), ("lstm_twice", "coarse", 200.0), ("lstm", "fine", 60.0),
             ("lstm_twice", "other", 7.0), ("transformer", "coarse", 90.0)]  # fmt: skip
    cost = pd.DataFrame(
        [row(model=m, partition=p, core_seconds=36.0 * seconds) for m, p, seconds in spent]
    )
    controls = (Control("lstm_twice", "lstm", "budget", 2.0),)
    assert snapshot.longer([fine], cost, controls) == []
    (_, one) = snapshot.longer([waiting, fine], cost, controls)
    assert one.startswith("1 verdict at") and "2 pairs" in one and "about 12.0 core-hours" in one
    (_, two) = snapshot.longer([waiting, both], cost, controls)
    assert two.startswith("2 verdicts at") and "4 pairs" in two and "18.0 core-hours" in two


def test_rates_stand_under_their_lags():
    what = (("yardstick_timescale", 5.0), ("crossing_rate", 5.0), ("crossing_rate", 1.0))
    rows = [
        row(model=model, replicate=0, quantity=quantity, lag=lag, value=value)
        for model, values in (("md", (8.0, 1.0, 1.0)), ("lstm", (2.0, 3.0, 5.0)))
        for (quantity, lag), value in zip(what, values, strict=True)
    ]
    rows.append(row(replicate=0, quantity="cross_entropy", lag=np.nan, value=0.5))
    lines = snapshot._speed(pd.DataFrame(rows), [], plan_of(["toy"], ("lstm",), {}))
    assert "| `toy` | LSTM | 0.25 | 3.00 | 5.00 | 0.5000 |" in lines


def test_networks_have_the_budget_of_the_verdicts_on_a_cell():
    cell = Cell("toy", "x", 1.0, "cored")
    controls = tuple(Control(f"lstm_{n}", "lstm", "budget", n) for n in (4.0, 16.0))
    study = replace(plan_of(["toy"], ("markov", "lstm_4.0"), {}), controls=controls)
    cells = (cell.folder, "toy/x/dt_1/fine")
    sure = claim_record("C5", cells=cells, budget=4.0)
    still_open = replace(sure, claim="C4", budget=16.0, long_lag=finding(Verdict.UNDECIDED))
    both = replace(sure, claim="C6", model="transformer", budget=16.0)

    def judged(model, *records):
        return snapshot._judged(model, cell, records, study)

    assert judged("lstm_4.0", sure, still_open, both) == ("lstm_4.0", "4 x tokens")
    assert judged("lstm_4.0", still_open) == ("lstm_16.0", "16 x tokens")
    elsewhere = replace(still_open, cells=("toy/x/dt_1/other",))
    assert judged("lstm_4.0", elsewhere) == ("lstm_4.0", "4 x tokens")
    assert judged("markov", sure) == ("markov", "")


def test_bold_is_what_leaves_the_interval_of_the_md():
    md = {"model": "md", "replicate": 0}
    rows = [row(lag=5.0, low=6.0, high=10.0, **md)]
    rows += [row(partition="cored", lag=lag, value=v, **md) for lag, v in ((1.0, 9.0), (5.0, 16.0))]
    lines = snapshot.removals(
        pd.DataFrame(rows), [], plan_of(["toy"], (), {"toy": {"cored": "fine"}})
    )
    (line,) = [line for line in lines if line.startswith("| `toy`")]
    assert line.endswith("| +0.17 | **+1.00** |")
