"""The page of laws: the prediction and its outcome, fits, dials, limits of validity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from raremd.analysis.budget_trial import Outcome
from raremd.analysis.kept_laws import SHORT_STATES, SHORT_T1, KeptLaws, expectation
from raremd.analysis.kept_laws import WITHIN as WITHIN_TEN
from raremd.analysis.law_points import ERRORS
from raremd.analysis.laws import AXES, Dials, Fit, Laws, Limit
from raremd.analysis.power_law import Interval
from raremd.analysis.predicted import Agreement
from raremd.analysis.words import count, given, listed, number
from raremd.analysis.zones import ZoneCount
from raremd.report.names import pretty
from raremd.report.pages.laws_networks import beside_each_other
from raremd.report.pages.laws_predicted import (
    READINGS,
    agreements,
    before_generation,
    correlations,
)
from raremd.report.pages.laws_trials import trial_sentence, trial_table
from raremd.report.pages.laws_words import (
    ALONE,
    AXES_IN_WORDS,
    LIMITED_BY,
    PROTOTYPE,
    RELATED,
    VALIDITY,
)
from raremd.report.pages.markdown import as_table

QUANTITIES = {**ERRORS, "excess": "added rate at one step"}


def _interval(of: Interval, digits: int = 2) -> str:
    if math.isnan(of.value):
        return "–"
    return f"{number(of.value, digits)} [{number(of.low, digits)}, {number(of.high, digits)}]"


def _percent(of: Interval) -> str:
    return f"{100 * of.value:.0f} % [{100 * of.low:.0f}, {100 * of.high:.0f}]"


def _prediction(outcome: Outcome) -> list[str]:
    """What was predicted, and what came out."""
    forecast, plan = outcome.forecast, outcome.forecast.plan
    within, cell = f"{100 * plan.within:.0f} %", plan.cell
    where = f"`{plan.network}` on `{cell.system}` ({cell.coordinate}, {cell.partition})"
    if forecast.fit is None:
        return [f"Too few budgets were trained to predict one for {where}."]
    n = count(forecast.fit.n, "training")
    tokens = "no budget at all, as the error stops falling"
    if math.isfinite(forecast.tokens.value):
        tokens = f"{_interval(forecast.tokens)} tokens"
    came = listed([number(ratio) for ratio in outcome.times.ratios])
    verdict = "The budget was enough" if outcome.reached else "The budget was not enough"
    if forecast.cut:
        verdict += f", as it was cut at {given(forecast.trained)} tokens"
    return [
        f"Fitted to {n} of {where} with at most {given(plan.most_fitted)} tokens, the law predicts "
        f"that t1 at one step comes within {within} of the MD's at {tokens}. Trained there "
        f"afterwards, with {given(forecast.trained)} tokens:",
        "",
        *as_table(
            ["", "predicted", "came out"],
            [
                ["t1 generated / t1 MD", _ratio(forecast.error), came],
                ["error at one step", _interval(forecast.error), _errors(outcome)],
            ],
        ),
        "",
        f"{verdict}: the geometric mean of these ratios {'is' if outcome.reached else 'is not'} "
        f"within {within} of 1.",
    ]


def _ratio(error: Interval) -> str:
    if math.isnan(error.value):
        return "–"
    return _interval(Interval(*(1 / (1 + e) for e in (error.value, error.high, error.low))))


def _errors(outcome: Outcome) -> str:
    return listed([number(abs(1 / ratio - 1), 2) for ratio in outcome.times.ratios])


def _by(limit: Limit) -> str:
    """What limits the accuracy, where there is something to choose from."""
    if len(limit.gains) > 1:
        return LIMITED_BY[limit.by]
    ((axis, _),) = limit.gains
    return ALONE.format(AXES_IN_WORDS[axis])


def _limits(found: Sequence[Limit]) -> list[str]:
    rows = [
        [
            f"`{limit.system}`",
            pretty(limit.kind),
            *(_percent(dict(limit.gains)[a]) if a in dict(limit.gains) else "–" for a in AXES),
            _by(limit),
        ]
        for limit in found
    ]
    heading = [
        "system", "network", "twice the tokens", "twice the size", "twice the MD",
        "what limits",
    ]  # fmt: skip
    return as_table(heading, rows)


def _fits(found: Sequence[Fit], axis: str) -> list[str]:
    rows = [
        [
            f"`{fit.system}`",
            f"{fit.coordinate}, {fit.partition}, {given(fit.interval)}",
            f"`{fit.network}`",
            given(fit.tokens) if fit.tokens else "–",
            QUANTITIES[fit.quantity],
            _interval(Interval(-fit.exponent.value, -fit.exponent.high, -fit.exponent.low)),
            _interval(fit.floor) if fit.fit.law.floor else "none seen",
            number(fit.fit.spread, 2),
            str(fit.fit.n),
        ]
        for fit in found
        if fit.axis == axis
    ]
    heading = [
        "system", "cell", "network", "tokens", "quantity", "exponent", "floor", "scatter of ln",
        "trainings",
    ]  # fmt: skip
    return as_table(heading, rows)


def _dials(found: Sequence[Dials]) -> list[str]:
    rows = [
        [
            pretty(dial.kind),
            QUANTITIES[dial.quantity],
            _interval(Interval(-dial.tokens.value, -dial.tokens.high, -dial.tokens.low)),
            _interval(dial.states),
            _interval(dial.t1),
            PROTOTYPE[dial.quantity],
            str(dial.n),
        ]
        for dial in found
    ]
    heading = ["network", "quantity", "tokens", "states", "t1", "prototype", "trainings"]
    return as_table(heading, rows)


def _flat(kind: str, fits: Sequence[Fit]) -> str:
    """On which systems the error of a network stops falling before it is small enough."""
    enough = 1.0 / (1.0 - WITHIN_TEN) - 1.0
    flat = [f for f in fits if (f.axis, f.quantity, f.network) == ("tokens", "error", kind)]
    floors = {f.system: f.fit.law.floor for f in flat if f.fit.law.floor > enough}
    if not floors:
        return ""
    low, high = (number(of(floors.values()), 2) for of in (min, max))
    return (
        f" But fitted alone, {listed([f'`{system}`' for system in floors])} "
        f"level{'s' * (len(floors) == 1)} off at an error of "
        f"{low if low == high else f'{low} to {high}'}, above the {number(enough, 2)} that is "
        f"{100 * WITHIN_TEN:.0f} %; more tokens alone may not be enough there."
    )


def _in_short(laws: Laws, before: Mapping[tuple[str, str, str], Agreement]) -> list[str]:
    """The price of a rare event, what makes it cheaper, and whether the law can be trusted."""
    step, lag = (correlations(before, reading) for reading in READINGS.values())
    lines = []
    for law in laws.kept.networks:
        needs = expectation(law, 1e6, SHORT_STATES, SHORT_T1).tokens
        lines.append(
            f"- **{pretty(law.kind)}**: for a process of {SHORT_T1:,.0f} saved frames in "
            f"{SHORT_STATES} states, t1 at one step comes within {100 * WITHIN_TEN:.0f} % after "
            f"about {number(needs.value, 2)} tokens [{number(needs.low, 2)}, "
            f"{number(needs.high, 2)}]. A process ten times as slow takes "
            f"{_times(10, 1 / law.excess.tokens)} as many, ten times as many states "
            f"{_times(10, law.excess.states / law.excess.tokens)}.{_flat(law.kind, laws.fits)}"
        )
    return [
        *lines,
        "- Only the ratio of timescale and saving interval counts, so a saving interval ten times "
        "as long saves as much training as a process ten times as fast.",
        f"- {trial_sentence(laws.trials)}",
        "- What a trained network's probabilities on held-out frames predict before it generates "
        f"anything has a correlation of {step} with its t1 at one step; at the yardstick's lag it "
        f"is {lag}.",
    ]


def _times(base: float, power: float) -> str:
    """A power in words; a law whose exponent is not positive tells nothing."""
    known = math.isfinite(power) and 0 < power < 10
    return f"{number(base**power, 2)} times" if known else "an unknown number of times"


def _zones(found: Sequence[ZoneCount]) -> list[str]:
    heading = ["zone", "trainings", "of which t1 at one step came out right"]
    return as_table(heading, [[z.zone.value, str(z.trainings), str(z.right)] for z in found])


def _kept(kept: KeptLaws) -> list[str]:
    rows = [
        [
            pretty(law.kind),
            name,
            f"{number(of.scale, 2)} (tokens / 10⁶)^{-of.tokens:.2f} (states / 100)^{of.states:.2f}",
            number(math.exp(of.spread), 2),
        ]
        for law in kept.networks
        for name, of in (("leak", law.leak), ("added rate at one step", law.excess))
    ]
    return as_table(["network", "quantity", "law", "factor of one standard deviation"], rows)


def page(
    laws: Laws,
    limiting: Sequence[Limit],
    outcome: Outcome,
    zones: Sequence[ZoneCount],
    points: pd.DataFrame,
    hours: float,
) -> str:
    """Markdown of docs/laws.md.

    Parameters
    ----------
    laws : Laws
    limiting : sequence of Limit
    outcome : Outcome
    zones : sequence of ZoneCount
        Of the trainings on solved systems.
    points : pandas.DataFrame
        The trainings, see `law_points.points`.
    hours : float
        Core-hours of training and generation.
    """
    shared, before = points[points["tokens"] > 0], agreements(points)
    lines = [
        "# Laws: how much training and how much MD do rare events take?",
        "",
        *_in_short(laws, before),
        "",
        f"Written by `make laws` from {count(len(shared), 'training')} on "
        f"{count(shared['system'].nunique(), 'system')}, {number(shared['tokens'].min(), 2)} to "
        f"{number(shared['tokens'].max(), 2)} tokens each, {number(hours, 2)} core-hours of "
        "training and generation. [Theory](theory.md) has the derivations. Intervals are 95 %.",
        "",
        "## A prediction that could fail",
        "",
        *_prediction(outcome),
        "",
        "## What limits the accuracy",
        "",
        "The error at one step falls by this share with a doubling beyond the largest value tried:",
        "",
        *_limits(limiting),
        "",
        "## While networks train",
        "",
        "![expected timescale while training](laws/law_training.png)",
        "",
        "Each line is one training: the slowest timescale of its expected one-step matrix over "
        "that of the MD.",
        "",
        "## Errors against tokens, size and MD",
        "",
        "![errors against tokens](laws/law_tokens.png)",
        "",
        "Shaded: 95 % intervals. Fits of scale x^exponent + floor. The error at one step is "
        "abs(t1 MD / t1 model - 1), that at the yardstick's lag abs(ln(t1 model / t1 MD)).",
        "",
    ]
    for axis, what in AXES_IN_WORDS.items():
        if any(fit.axis == axis for fit in laws.fits):
            lines += [f"### Against {what}", "", *_fits(laws.fits, axis), ""]
    lines += [
        *beside_each_other(points),
        "## Dials of the data",
        "",
        "How the leak and the rate that it adds (false crossings per frame) grow or fall with each "
        "property of a hidden chain, as exponents. `prototype` is what 60 earlier trainings gave "
        "([theory](theory.md)):",
        "",
        *_dials(laws.dials),
        "",
        "## Where models are right",
        "",
        "![maps](laws/law_maps.png)",
        "",
        "Colours and numbers: log2 of t1 generated over t1 of the MD, of networks trained on the "
        "fewest tokens of the study. The black line is where "
        "the law expects an error of 10 % at one step; it was fitted to these chains too, so the "
        "next section is the test.",
        "",
        "## Does it hold elsewhere?",
        "",
        *trial_table(laws.trials),
        "",
        "The laws that `make inspect` uses:",
        "",
        *_kept(laws.kept),
        "",
        "## Predicted before generation",
        "",
        "![predicted against generated](laws/predicted.png)",
        "",
        "From a trained network's probabilities on held-out frames, before it generates anything:",
        "",
        *before_generation(before),
        "",
        "On hidden chains the lowest possible loss is known, so that each training is in one of "
        "three zones ([theory](theory.md)): its rate of crossings is guaranteed by its loss, or it "
        "is predicted to fail, or neither can tell:",
        "",
        *_zones(zones),
        "",
        VALIDITY,
        RELATED,
        "## Do it again",
        "",
        "`make laws` runs the whole study. `make laws-point` repeats one training of each curve "
        "and shows it beside the trainings in [points.csv](laws/points.csv).",
        "",
    ]
    return "\n".join(lines)


def points_page(table: pd.DataFrame) -> str:
    """One point of each curve, trained again, beside the kept ones.

    Parameters
    ----------
    table : pandas.DataFrame
        See `budget_trial.beside_kept`.
    """
    rows = [
        [
            f"`{row.system}`",
            f"`{row.model}`",
            _interval(Interval(row.ratio, row.low, row.high), 3),
            _interval(Interval(row.kept, row.kept_low, row.kept_high), 3),
        ]
        for row in table.itertuples()
    ]
    heading = ["system", "model", "t1 generated / t1 MD, now", "kept"]
    note = "At one step: median over trainings, smallest and largest in brackets."
    return "\n".join(["# One point of each curve", "", note, "", *as_table(heading, rows), ""])
