"""Error rates of the verdicts, over made-up studies whose truth is known.

The MD of a study sees a Poisson number of slow transitions, so that its timescale is off by the
logarithm of that, in all cells alike; its bootstrap sees that number resampled. The models' own
truth is the exact timescale times a bias, and their replicates scatter around it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from raremd.analysis import claims
from raremd.analysis.claims import (
    CONTRADICTED,
    INCONCLUSIVE,
    SUPPORTED,
    CellResult,
    Rules,
    judge_contrast,
    judge_models,
)

STUDIES = 500
NOMINAL = 0.05
BINOMIAL = 2 * np.sqrt(NOMINAL * (1 - NOMINAL) / STUDIES)  # two standard errors
RULES = Rules(tolerance=0.32, minimum_transitions=20)
LAG, LONGER, T = 10.0, 20.0, 10.0  # lags; log2 of the true timescale
SCATTER = 0.3  # log2, of replicates
EVENTS = 60  # expected slow transitions: the MD is off by 0.19 log2 units
SAMPLES = 100


@dataclass(frozen=True)
class MadeUp(CellResult):
    """A cell whose values come from a dictionary: thousands are read in seconds."""

    found: dict

    def values(self, model, quantity, lag):
        return self.found[model, quantity]

    def levelled_off(self, tolerance):
        return LEVELLED[id(self.table)]

    @property
    def models(self):
        return [m for m, quantity in self.found if quantity == "timescale"]


def reference(last):
    rows = [
        ("reference", "yardstick_timescale", 1, lag, t) for lag, t in ((LAG, T), (LONGER, last))
    ]
    table = pd.DataFrame(rows, columns=["model", "quantity", "i", "lag", "value"])
    return table.assign(value=2.0 ** table["value"])


LEVEL, RISING = reference(T), reference(T + 1)
LEVELLED = {
    id(t): CellResult("", LAG, LAG, t, {}).levelled_off(RULES.tolerance) for t in (LEVEL, RISING)
}


class Study:
    """One MD; its cells share its error."""

    def __init__(self, rng, events=EVENTS):
        self.rng = rng
        self.events = int(rng.poisson(events))
        resampled = rng.poisson(self.events, SAMPLES)
        with np.errstate(divide="ignore"):  # no event: infinitely slow
            self.md = T - np.log2(np.float64(self.events) / events)
            self.samples = T - np.log2(resampled / events)

    def cell(self, table=LEVEL, n=5, scatter=SCATTER, **bias):
        found = {("md", "slow_transitions"): np.array([self.events])}
        found["md", "yardstick_timescale"] = np.array([2.0**self.md])
        for model, by in bias.items():
            replicates = 2.0 ** (T + by + self.rng.normal(0.0, scatter, n))
            found |= {(model, q): replicates for q in ("timescale", "yardstick_timescale")}
        samples = 2.0 ** np.tile(self.samples[:, None], (2, 1, 1))
        bootstrap = {"lags": np.array([LAG, LONGER]), "own": samples, "yardstick": samples}
        return MadeUp("cell", LAG, LAG, table, bootstrap, found)


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(claims, "DRAWS", 300)


def contrasts(hard, easy, events=EVENTS, studies=STUDIES, seed=1, **options):
    """Records of C4 over many studies."""
    rng = np.random.default_rng(seed)
    records = []
    for _ in range(studies):
        study = Study(rng, events)
        cells = study.cell(lstm=hard, **options), study.cell(lstm=easy, **options)
        records.append(judge_contrast("C4", "toy", "lstm", *cells, {}, RULES, rng))
    return records


def learned(by, events=EVENTS, studies=STUDIES, seed=2, **options):
    """Records of C1."""
    rng = np.random.default_rng(seed)
    records = []
    for _ in range(studies):
        cell = Study(rng, events).cell(lstm=by, **options)
        records.append(judge_contrast("C1", "toy", "lstm", None, cell, {}, RULES, rng))
    return records


def models(lstm, transformer, n_cells=3, studies=STUDIES, seed=3, events=EVENTS, **options):
    """Records of C6, over cells that share their MD."""
    rng = np.random.default_rng(seed)
    records = []
    for _ in range(studies):
        study = Study(rng, events)
        cells = [study.cell(lstm=lstm, transformer=transformer, **options) for _ in range(n_cells)]
        records.append(judge_models("toy", cells, {}, RULES, rng))
    return records


def shares(records):
    counts = Counter(record["verdict"] for record in records)
    return {v: counts[v] / len(records) for v in (SUPPORTED, CONTRADICTED, INCONCLUSIVE)}


class TestNoEffect:
    @pytest.mark.parametrize("n", [3, 5])
    @pytest.mark.parametrize("by", [0.0, -1.0])
    def test_equal_cells_are_rarely_told_apart(self, by, n):
        found = shares(contrasts(by, by, n=n))
        assert found[SUPPORTED] + found[CONTRADICTED] <= NOMINAL + BINOMIAL

    def test_with_hardly_enough_transitions(self):
        found = shares(contrasts(-1.0, -1.0, events=25))
        assert found[SUPPORTED] + found[CONTRADICTED] <= NOMINAL + BINOMIAL

    def test_too_slow_and_too_fast_by_as_much(self):
        found = shares(contrasts(1.0, -1.0))
        assert found[SUPPORTED] + found[CONTRADICTED] <= NOMINAL + BINOMIAL

    @pytest.mark.parametrize("by", [-1.0, 0.0])
    def test_equal_models_are_rarely_told_apart(self, by):
        assert shares(models(by, by))[CONTRADICTED] <= NOMINAL + BINOMIAL

    def test_the_error_of_the_md_does_not_average_out_over_cells(self):
        """One model is as much too slow as the other is too fast: the MD decides who is nearer."""
        found = shares(models(0.5, -0.5, n_cells=4, scatter=0.05))
        assert found[CONTRADICTED] <= NOMINAL + BINOMIAL


class TestEffect:
    def test_a_large_effect_is_found(self):
        found = shares(contrasts(-3.0, 0.0))
        assert found[SUPPORTED] > 0.99 and found[CONTRADICTED] == 0
        assert shares(contrasts(0.0, -3.0, studies=100))[CONTRADICTED] > 0.98

    def test_a_factor_of_two_is_mostly_found(self):
        assert shares(contrasts(-1.2, -0.2))[SUPPORTED] > 0.7

    def test_a_better_transformer_contradicts(self):
        assert shares(models(-1.5, -0.2, studies=200))[CONTRADICTED] > 0.95
        assert shares(models(-0.2, -1.5, studies=200))[SUPPORTED] > 0.95


class TestC1:
    @pytest.mark.parametrize("by", [0.0, -0.32, 1.0])
    def test_the_interval_covers_the_truth(self, by):
        found = learned(by, studies=STUDIES)
        assert np.mean([r["low"] <= by <= r["high"] for r in found]) >= 1 - NOMINAL - BINOMIAL

    @pytest.mark.parametrize("by", [0.32, -0.32])
    def test_neither_verdict_on_the_border(self, by):
        found = shares(learned(by))
        assert found[SUPPORTED] <= NOMINAL + BINOMIAL
        assert found[CONTRADICTED] <= NOMINAL + BINOMIAL

    def test_what_is_learned_is_found_where_the_md_is_long(self):
        assert shares(learned(0.0, events=1000, scatter=0.1, studies=200))[SUPPORTED] > 0.95
        assert shares(learned(-1.5, studies=200))[CONTRADICTED] > 0.95


class TestTooLittleData:
    def test_few_transitions_are_inconclusive(self):
        found = contrasts(-3.0, 0.0, events=8, studies=200)
        few = [r for r in found if r["n_events"] < 20]
        assert len(few) > 190
        assert shares(few)[INCONCLUSIVE] == 1
        assert shares(learned(-3.0, events=8, studies=100))[INCONCLUSIVE] > 0.95
        assert shares(models(-3.0, 0.0, events=8, studies=100))[INCONCLUSIVE] > 0.95

    def test_one_replicate_is_inconclusive(self):
        assert shares(contrasts(-3.0, 0.0, n=1, studies=50))[INCONCLUSIVE] == 1

    def test_a_rising_reference_is_inconclusive(self):
        assert shares(contrasts(-3.0, 0.0, table=RISING, studies=50))[INCONCLUSIVE] == 1
