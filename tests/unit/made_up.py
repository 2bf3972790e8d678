"""A made-up study of one system: four cells with one or two factors changed, three models."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from raremd.analysis import plotted
from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement, VariedFinding
from raremd.analysis.tidy import Levels
from raremd.analysis.verdicts import Verdict
from raremd.study.verdict_plans import Control

MODELS = ["markov", "lstm", "lstm_twice"]
CONTROLS = (Control("lstm_twice", "lstm", "budget", 2.0),)
BASE = Levels("xy", 1.0, "kmeans_100")
CELLS = [
    ("xy", 1.0, "kmeans_100"),
    ("x", 1.0, "kmeans_100"),
    ("xy", 10.0, "kmeans_100"),
    ("xy", 1.0, "macrostates"),
    ("xy", 10.0, "macrostates"),
]
LAGS = [1.0, 10.0, 100.0]


def rows_of_cell(coordinate, interval, partition):
    cell = {
        "coordinate": coordinate,
        "dimension": len(coordinate),
        "recrossing": "none",
        "tau_c": 0.0,
        "interval": interval,
        "partition": partition,
    }
    empty = {"i": 0, "j": 0, "lag": np.nan, "low": np.nan, "high": np.nan, "unit": ""}
    models = MODELS if (coordinate, interval, partition) == BASE else MODELS[:2]
    everyone = [("md", 0), ("reference", 0), *itertools.product(models, range(4))]
    for (model, replicate), lag in itertools.product(everyone, LAGS):
        row = cell | empty | {"model": model, "replicate": replicate, "lag": lag}
        times = {"low": 50.0, "high": 200.0} if replicate == 0 else {}
        ratios = {"low": -2.0, "high": 0.5} if replicate == 0 else {}
        for i in (1, 2, 3) if lag >= interval else ():
            yield row | times | {"quantity": "timescale", "i": i, "value": 300.0 / i, "unit": "tau"}
            for quantity in ("log2_ratio", "yardstick_log2_ratio") if model in models else ():
                yield row | ratios | {"quantity": quantity, "i": i, "value": -0.5 - replicate}
    for model, replicate in everyone:
        row = cell | empty | {"model": model, "replicate": replicate, "lag": 100.0}
        for i, j in itertools.product((1, 2), (1, 2)):
            p = 0.9 if i == j else 0.1
            yield row | {"quantity": "transition_probability", "i": i, "j": j, "value": p}
            if i != j:
                times = {"value": 1000.0, "low": 500.0, "high": np.inf, "unit": "tau"}
                yield row | {"quantity": "mfpt", "i": i, "j": j} | times
        for i in (1, 2):
            shares = {"value": 0.5, "low": 0.4, "high": 0.6}
            yield row | {"quantity": "population", "i": i} | shares
        for t, i in itertools.product((interval, 10 * interval, 100 * interval), (1, 2)):
            stay = {"value": (interval / t) ** (1 / i), "low": 0.02, "high": 0.9}
            yield row | {"quantity": "survival", "i": i, "lag": t} | stay
        for lag in sorted({interval, 100.0}):
            rate = {"value": 0.1 / lag, "low": 0.05 / lag, "high": 0.2 / lag, "unit": "1/tau"}
            yield row | {"quantity": "crossing_rate", "lag": lag} | rate


def exact_rows():
    row = {"coordinate": "", "dimension": 0, "partition": "", "model": "exact", "replicate": 0}
    for i in (1, 2, 3):
        yield row | {"quantity": "timescale", "i": i, "j": 0, "value": 310.0 / i, "unit": "tau"}


def comparison():
    """All rows of the table."""
    rows = [row for cell in CELLS for row in rows_of_cell(*cell)]
    return pd.DataFrame([*rows, *exact_rows()])


def cored():
    """MD of 100 at long lag, 40 at short; coring for 4 corrects that, for 50 it gives 200."""
    short = {("none", 0.0): 40.0, ("dynamical_coring", 4.0): 100.0, ("core_sets", 0.0): 90.0}
    short |= {("dynamical_coring", 50.0): 200.0, ("minimum_dwell", 4.0): 95.0}
    rows = []
    for (method, tau_c), time in short.items():
        long = max(100.0, time)
        for model, lag, value in (("md", 1.0, time), ("md", 100.0, long), ("lstm", 1.0, 10.0)):
            row = BASE._asdict() | {
                "recrossing": method,
                "tau_c": tau_c,
                "model": model,
                "lag": lag,
            }
            row |= {"quantity": "timescale", "replicate": 0, "i": 1, "j": 0, "unit": "tau"}
            rows.append(row | {"value": value, "low": value / 1.25, "high": value * 1.25})
    return pd.DataFrame(rows)


def costs(table):
    """Measured cost of each cell and model, beside its error."""
    names = ["coordinate", "interval", "partition", "model"]
    rows = [(*key, model) for key in CELLS for model in MODELS]
    seconds = pd.DataFrame(rows, columns=names).assign(core_seconds=20.0)
    return plotted.cost_and_error(table, seconds, 100.0)


def history():
    """Training of two cells, three replicates."""
    names = ["coordinate", "interval", "partition", "model", "replicate", "tokens"]
    runs = itertools.product(CELLS[:2], MODELS, (1, 2, 3), (1, 2, 3))
    rows = [(*key, m, replicate, 1000 * step * (m != "markov")) for key, m, replicate, step in runs]
    found = pd.DataFrame(rows, columns=names)
    return found.assign(validation_loss=1.0, expected_timescale=30.0, md_timescale=90.0)


def finding(verdict=Verdict.SUPPORTED, effect=0.1, low=-0.2, high=0.3):
    """A verdict and its effect."""
    return Finding(verdict, effect, low, high, 0.1, 4.0, 0.95, 5, None, 0.32)


def record(**changes):
    """Verdicts on one claim, supported at either lag."""
    same = ClaimRecord(
        claim="C1", statement="it can be learned", system="four_state", model="lstm", cells=("a",),
        long_lag=finding(), one_step=finding(), markov=None, budget=1.0, budgets=(), varied=(),
        controls=(), transitions=42, doubts=(), one_step_doubts=(),
    )  # fmt: skip
    return replace(same, **changes)


def judgement():
    """Verdicts of two claims."""
    varied = (("budget", -8.0), ("size", 0.2))
    changed = tuple(VariedFinding(change, finding(effect=effect)) for change, effect in varied)
    beyond = finding(Verdict.CONTRADICTED, effect=-7.0, low=-10.0)
    records = (
        record(),
        record(model="transformer", long_lag=finding(Verdict.UNDECIDED), varied=changed),
        record(claim="C6", statement="not superior", long_lag=beyond),
    )
    return Judgement(records, ())


def landscapes():
    """A plane, periodic in one dimension, and a line."""
    plane = plotted.Landscape(
        title="macrostates",
        names=["phi", "x"],
        periods=np.array([360.0, 0.0]),
        energy=np.where(np.arange(16).reshape(4, 4) < 12, 0.0, np.nan),
        edges=[np.linspace(-180, 180, 5), np.arange(5.0)],
        states=np.repeat([[0, 0, 1, 1]], 4, axis=0),
    )
    energy, states = np.array([np.log(8), 0.0, np.log(8)]), np.array([0, 1, 1])
    line = plotted.Landscape("x", ["x"], np.zeros(1), energy, [np.arange(4.0)], states)
    return [plane, line]
