"""Names for people: of models, coordinates, partitions, units, states and what is compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raremd.analysis.tidy import Levels
from raremd.analysis.words import given
from raremd.study.verdict_plans import Control

RATIO = "log₂(t₁ model / t₁ MD)"
"""Of the slowest timescale: 0 is right, 1 a factor of two too slow."""

DIRECTED = f"← too fast    {RATIO}    too slow →"
"""The same as the label of an axis."""

UPWARD = f"{RATIO}\n← too fast    too slow →"
"""The same in two lines, for a y axis."""

_WORDS = {
    "kmeans": "k-means",
    "gpt": "GPT",
    "gru": "GRU",
    "hummer": "Hummer",
    "hmm": "HMM",
    "igme": "IGME",
    "lstm": "LSTM",
    "markov": "Markov",
    "md": "MD",
    "phi": "φ",
    "pcca": "PCCA+",
    "psi": "ψ",
    "qmsm": "qMSM",
    "szabo": "Szabo",
    "tica": "TICA",
    "transformer": "Transformer",
}
_PHRASES = {"lstm_corrected": "LSTM with corrected jumps"}


def pretty(name: str) -> str:
    """A name of the configuration as people write it, such as ``k-means 100``."""
    return _PHRASES.get(name) or " ".join(_WORDS.get(word, word) for word in name.split("_"))


def trained(model: str, budget: float) -> str:
    """A model and how many times its own tokens it saw: ``LSTM, 4 x tokens``."""
    return pretty(model) + f", {tokens(budget)}" * (budget != 1)


def tokens(budget: float) -> str:
    """A multiple of the tokens that a model usually sees."""
    return f"{budget:g} x tokens"


def change(control: Control) -> str:
    """What a control has more or less of: ``4 x tokens``, ``corrected, 4 x tokens``."""
    if control.varies == "budget":
        return tokens(control.budget)
    return trained(_without_budget(control).removeprefix(f"{control.of}_"), control.budget)


def named(model: str, controls: Iterable[Control]) -> str:
    """A model, or a control by the model that it varies and by what it has more or less of."""
    control = next((c for c in controls if c.name == model), None)
    if control is None:
        return pretty(model)
    own = control.of if control.varies == "budget" else _without_budget(control)
    return trained(own, control.budget)


def _without_budget(control: Control) -> str:
    return control.name.removesuffix(f"_{control.budget:g}")


def state(index: int, names: Sequence[str]) -> str:
    """A metastable state, counted from 0, by the name that its user gave it, or its number."""
    return names[index] if names else str(index)


def cell_title(levels: Levels, unit: str) -> str:
    """Two lines that name a cell: coordinate and saving interval, partition."""
    return (
        f"{pretty(levels.coordinate)} · Δt {given(levels.interval, unit)}\n"
        f"{pretty(levels.partition)}"
    )
