"""Names for people: of models, coordinates, partitions, units, states and what is compared."""

from __future__ import annotations

from collections.abc import Sequence

from raremd.analysis.tidy import Levels

RATIO = "log₂(t₁ model / t₁ MD)"
"""Of the slowest timescale: 0 is right, 1 a factor of two too slow."""

DIRECTED = f"← too fast    {RATIO}    too slow →"
"""The same as the label of an axis."""

UPWARD = f"{RATIO}\n← too fast    too slow →"
"""The same in two lines, for a y axis."""

_WORDS = {
    "kmeans": "k-means",
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
    "tau": "τ",
    "tica": "TICA",
    "transformer": "Transformer",
}


def pretty(name: str) -> str:
    """A name of the configuration as people write it, such as ``k-means 100``."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def state(index: int, names: Sequence[str]) -> str:
    """A metastable state, counted from 0, by the name that its user gave it, or its number."""
    return names[index] if names else str(index)


def cell_title(levels: Levels, unit: str) -> str:
    """Two lines that name a cell: coordinate and saving interval, partition."""
    return (
        f"{pretty(levels.coordinate)} · Δt {levels.interval:g} {pretty(unit)}\n"
        f"{pretty(levels.partition)}"
    )
