"""The laws of a study: how errors fall with tokens, size and MD, and grow with its dials."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import FACTORS
from raremd.analysis.kept_laws import STATES, TOKENS, DialLaw, KeptLaws, NetworkLaw
from raremd.analysis.law_points import ERRORS
from raremd.analysis.power_law import Interval, PowerFit, PowerLaw, fit_power_law
from raremd.analysis.predicted import WITHIN
from raremd.io.storage import Number
from raremd.study.laws_plan import LawsPlan, PredictedPlan

T1 = 1000.0
"""Frames, where the scale of a law of t1 stands."""
AXES = {
    "tokens": [*FACTORS, "network"],
    "parameters": [*FACTORS, "kind", "variant", "budget"],
    "frames": ["family", "coordinate", "interval", "partition", "network", "budget"],
}
"""What errors are fitted against -> what is the same in all trainings of a fit."""
ENOUGH = 1.25
"""An error this much larger than that of the most MD is as good as that."""
FORBIDDEN = 1e-6
"""A leak below this is what rounding leaves of jumps that are forbidden."""
SEEN = 0.02
"""Excess over the true rate below which it is noise of the generated trajectories."""


@dataclass(frozen=True)
class Fit:
    """One law of a study.

    Attributes
    ----------
    quantity : str
        Of `law_points.ERRORS`.
    axis : str
        Of `AXES`.
    system : str
        Or the first of its family.
    coordinate, interval, partition, network
        Of the cell; for sizes `network` is the kind.
    tokens : float
        Of all its trainings; 0 where they differ.
    largest : float
        Largest value of the axis.
    fit : PowerFit
    exponent, floor : Interval
    gain : Interval
        Share by which the error falls with a doubling of the axis beyond its largest value.
    """

    quantity: str
    axis: str
    system: str
    coordinate: str
    interval: float
    partition: str
    network: str
    tokens: float
    largest: float
    fit: PowerFit
    exponent: Interval
    floor: Interval
    gain: Interval


@dataclass(frozen=True)
class Dials:
    """How a quantity goes with the dials of the hidden chains, for one kind of network.

    Exponents of tokens (falling), states and t1 (growing); NaN where the dial was not turned.
    """

    quantity: str
    kind: str
    n: int
    tokens: Interval
    states: Interval
    t1: Interval


@dataclass(frozen=True)
class Trial:
    """A law for use on trainings of one system that it was not fitted to.

    Attributes
    ----------
    system, kind : str
    held_out : bool
        By the configuration; else the law was fitted again without this system, and without the
        same with more or less MD.
    chain : bool
        Whether it is a hidden chain, as most systems of the fit are.
    n : int
    rms : float
        Of ln(t1 predicted / t1 generated) at one step.
    within : float
        Share of the trainings within the factor `predicted.WITHIN`.
    """

    system: str
    kind: str
    held_out: bool
    chain: bool
    n: int
    rms: Number
    within: Number


@dataclass(frozen=True)
class Forecast:
    """The budget that one network is predicted to need.

    Attributes
    ----------
    plan : PredictedPlan
    fit : PowerFit or None
        Of the error at one step against tokens; None where too little was trained.
    tokens : Interval
        Predicted to be needed.
    trained : int
        Tokens of the training that tries it: those, or the most that are allowed.
    error : Interval
        Predicted for that training.
    """

    plan: PredictedPlan
    fit: PowerFit | None
    tokens: Interval
    trained: int
    error: Interval

    @property
    def cut(self) -> bool:
        """Whether more tokens are predicted to be needed than the training may see."""
        return not self.tokens.value <= self.plan.most_tokens


@dataclass(frozen=True)
class Limit:
    """What limits one kind of network on one system.

    Attributes
    ----------
    system, kind : str
    gains : tuple of (axis, Interval)
        Share by which the error at one step falls with a doubling beyond the largest value tried.
    by : str
        Axis with the largest gain; empty where no gain is above zero.
    """

    system: str
    kind: str
    gains: tuple[tuple[str, Interval], ...]
    by: str


@dataclass(frozen=True)
class Laws:
    """All of a study."""

    fits: tuple[Fit, ...]
    dials: tuple[Dials, ...]
    trials: tuple[Trial, ...]
    kept: KeptLaws


def fits(points: pd.DataFrame, samples: int, seed: int) -> Iterator[Fit]:
    """Each error against tokens, size and unique frames, wherever three values of it are there."""
    for axis, same in AXES.items():
        for of, group in points.groupby(same, sort=True):
            at = dict(zip(same, of if isinstance(of, tuple) else (of,), strict=True))
            if axis == "frames" and group["system"].nunique() < 2:
                continue
            for quantity in ERRORS:
                x, y = (group[name].to_numpy(np.float64) for name in (axis, quantity))
                if quantity == "leak":
                    y = np.where(y > FORBIDDEN, y, np.nan)
                found = fit_power_law(x, y, samples, seed)
                if found is None:
                    continue
                largest = float(x.max())

                def gain(law: PowerLaw, most: float = largest) -> float:
                    return 1.0 - law.at(2.0 * most) / law.at(most)

                yield Fit(
                    quantity=quantity,
                    axis=axis,
                    system=at.get("system", at.get("family", "")),
                    coordinate=at["coordinate"],
                    interval=float(at["interval"]),
                    partition=at["partition"],
                    network=at.get("network", at.get("kind", "")),
                    tokens=float(at.get("budget", 0)),
                    largest=largest,
                    fit=found,
                    exponent=found.interval(lambda law: law.exponent),
                    floor=found.interval(lambda law: law.floor),
                    gain=found.interval(gain),
                )


def _regression(table: pd.DataFrame, quantity: str) -> tuple[np.ndarray, float]:
    """Intercept and exponents of tokens, states and t1; NaN where a dial does not vary.

    The exponent of tokens is that within cells where a cell has several budgets: networks were
    trained longer where they are worse.
    """
    turning = np.log([table["tokens"] / TOKENS, table["states"] / STATES, table["t1"] / T1]).T
    y, numbers = np.log(table[quantity].to_numpy(np.float64)), np.full(4, np.nan)
    both = table[FACTORS].assign(x=turning[:, 0], y=y)
    apart = both[["x", "y"]] - both.groupby(FACTORS)[["x", "y"]].transform("mean")
    within = float(apart["x"] @ apart["x"])
    turned = np.ptp(turning, axis=0) > 1e-9
    if within > 1e-9:
        numbers[1], turned[0] = float(apart["x"] @ apart["y"]) / within, False
        y = y - numbers[1] * turning[:, 0]
    design = np.column_stack([np.ones(len(table)), turning[:, turned]])
    best, *_ = np.linalg.lstsq(design, y, rcond=None)
    numbers[0], numbers[1:][turned] = best[0], best[1:]
    return numbers, float(np.std(y - design @ best))


def _usable(points: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Trainings whose value is more than noise."""
    value = points[quantity]
    good = np.isfinite(value) & (value > 0) & np.isfinite(points["t1"])
    if quantity == "excess":
        good &= value * points["t1"] > SEEN
    return points[good]


def dials(points: pd.DataFrame, samples: int, seed: int) -> Iterator[Dials]:
    """Leak and excess rate of plain networks on hidden chains; systems are resampled."""
    rng = np.random.default_rng(seed)
    for kind, own in points[points["plain"]].groupby("kind"):
        for quantity in ("leak", "excess"):
            table = _usable(own, quantity)
            groups = [rows for _, rows in table.groupby("system")]
            if len(groups) < 3:
                continue
            best, _ = _regression(table, quantity)
            drawn = []
            for _ in range(samples):
                chosen = rng.integers(len(groups), size=len(groups))
                drawn.append(_regression(pd.concat([groups[k] for k in chosen]), quantity)[0])
            signs = np.array([1.0, -1.0, 1.0, 1.0])
            with np.errstate(invalid="ignore"):
                low, high = np.nanquantile(np.array(drawn) * signs, [0.025, 0.975], axis=0)
            found = [
                Interval(*map(float, row)) for row in zip(best * signs, low, high, strict=True)
            ]
            yield Dials(quantity, str(kind), len(table), *found[1:])


def dial_law(points: pd.DataFrame, quantity: str) -> DialLaw | None:
    """A law of tokens and states, without t1; None for fewer than three trainings."""
    table = _usable(points, quantity).assign(t1=T1)
    if len(table) < 3:
        return None
    numbers, spread = _regression(table, quantity)
    _, tokens, states, _ = np.nan_to_num(numbers)
    return DialLaw(float(np.exp(numbers[0])), -float(tokens), float(states), spread)


def passes(points: pd.DataFrame) -> float:
    """How often frames can be seen before more MD would help; NaN where MD was not varied."""
    found = []
    for _, group in points.groupby(AXES["frames"]):
        by_frames = group.groupby("frames")["error"].median().dropna()
        if group["system"].nunique() < 3 or len(by_frames) < 3:
            continue
        good = by_frames[by_frames <= ENOUGH * by_frames.iloc[-1]]
        found.append(float(group["tokens"].iloc[0]) / float(good.index[0]))
    return float(np.median(found)) if found else np.nan


def kept_laws(points: pd.DataFrame, before: KeptLaws) -> KeptLaws:
    """Laws for use from a study; of a kind that it does not decide those of before stay."""
    used = points[points["plain"] & ~points["held_out"]]
    networks = {law.kind: law for law in before.networks}
    for kind, own in used.groupby("kind"):
        leak, excess = (dial_law(own, quantity) for quantity in ("leak", "excess"))
        if leak is None or excess is None or excess.tokens <= 0:
            continue
        often = passes(own)
        earlier = networks.get(str(kind), before.networks[0])
        often = earlier.passes if np.isnan(often) else often
        networks[str(kind)] = NetworkLaw(str(kind), leak, excess, often)
    n, systems = len(used), used["system"].nunique()
    origin = f"fitted to {n} trainings on {systems} systems by `make laws`"
    return KeptLaws(origin, tuple(networks[kind] for kind in sorted(networks)))


def trials(points: pd.DataFrame, chains: Container[str]) -> Iterator[Trial]:
    """Laws for use on systems that they were not fitted to."""
    plain = points[points["plain"] & (points["ratio"] > 0) & np.isfinite(points["ratio"])]
    for (kind, system), own in plain.groupby(["kind", "system"]):
        family = own["family"].iloc[0]
        others = plain[(plain["kind"] == kind) & (plain["family"] != family)]
        law = dial_law(others[~others["held_out"]], "excess")
        if law is None:
            continue
        rates = [law.at(t, s).value for t, s in zip(own["tokens"], own["states"], strict=True)]
        off = np.log(1.0 / (1.0 + np.array(rates) * own["t1"]) / own["ratio"])
        yield Trial(
            system=str(system),
            kind=str(kind),
            held_out=bool(own["held_out"].iloc[0]),
            chain=system in chains,
            n=len(own),
            rms=float(np.sqrt(np.mean(off**2))),
            within=float(np.mean(abs(off) < np.log(WITHIN))),
        )


def forecast(points: pd.DataFrame, plan: PredictedPlan, samples: int, seed: int) -> Forecast:
    """The budget at which t1 at one step will be near enough to the MD's, from small ones."""
    here = points[points["network"] == plan.network]
    for column in FACTORS:
        here = here[here[column] == getattr(plan.cell, column)]
    here = here[here["tokens"] <= 1.01 * plan.most_fitted]  # the last batch may go beyond
    found = fit_power_law(here["tokens"].to_numpy(), here["error"].to_numpy(), samples, seed)
    unknown = Interval(np.nan, np.nan, np.nan)
    if found is None:
        return Forecast(plan, None, unknown, plan.most_tokens, unknown)
    wanted = 1.0 / (1.0 - plan.within) - 1.0
    tokens = found.interval(lambda law: law.reach(wanted))
    trained = round(min(tokens.value, plan.most_tokens))
    return Forecast(plan, found, tokens, trained, found.interval(lambda law: law.at(trained)))


def laws(points: pd.DataFrame, plan: LawsPlan, before: KeptLaws) -> Laws:
    """All laws of a study; parameters as in the functions that find them."""
    chains = points[points["system"].isin(list(plan.chains))]
    return Laws(
        fits=tuple(fits(points, plan.samples, plan.seed)),
        dials=tuple(dials(chains, plan.samples, plan.seed)),
        trials=tuple(trials(points, plan.chains)),
        kept=kept_laws(points, before),
    )


def limits(laws: Laws, kinds: Mapping[str, str]) -> tuple[Limit, ...]:
    """Which of tokens, size and MD limits the error at one step where most was spent.

    Parameters
    ----------
    laws : Laws
    kinds : mapping
        Network that stands for its kind -> that kind. Fits of other networks are left out, but
        for those over sizes.
    """
    chosen: dict[tuple[str, str], dict[str, Fit]] = {}
    for fit in laws.fits:
        if fit.quantity != "error" or (fit.axis != "parameters" and fit.network not in kinds):
            continue
        axes = chosen.setdefault((fit.system, kinds.get(fit.network, fit.network)), {})
        before = axes.get(fit.axis)
        if before is None or fit.tokens > before.tokens:
            axes[fit.axis] = fit
    found = []
    for (system, kind), axes in sorted(chosen.items()):
        gains = tuple((axis, fit.gain) for axis, fit in axes.items())
        axis, best = max(gains, key=lambda gain: gain[1].value)
        found.append(Limit(system, kind, gains, axis if best.low > 0 else ""))
    return tuple(found)
