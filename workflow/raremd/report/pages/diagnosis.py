"""The diagnosis for people: how many fail, of what, and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from raremd.analysis.diagnosis import VARIES, Diagnosis
from raremd.analysis.recommendation import Outcome
from raremd.analysis.words import count, given
from raremd.report.names import trained
from raremd.report.pages.answers import shown
from raremd.report.pages.markdown import as_table, before_details

TITLE = ["# Why networks fail", ""]
HOW = """\
Each network in the base cell: log2(model / MD) of the slowest timescale with its 95 % interval, at
one step in the cell's own states and at the yardstick's lag in metastable states. The budget is the
largest that passes the test of training, if possible one at which the network is not past its best,
or else the largest that ran. It can still be the cause: if the error fell beyond doubt from the
next smaller budget. A control is the same network with one thing changed; its column gives the
reduction in error (log2), in bold if its 95 % interval lies above zero. The column of the budget
compares that of the row with the next smaller one. Too little training is a cause of failure here,
not a reason to say nothing. The ceiling says how far two MDs of this length differ.
"""


def _gain(diagnosis: Diagnosis, what: str) -> str:
    gains = [gain for gain in diagnosis.controls if gain.varies == what]
    if not gains:
        return "–"
    most = max(gains, key=lambda gain: (gain.helps, gain.gain))
    text = f"{most.gain:+.2f}"
    return f"**{text}**" if most.helps else text


def headline(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """How many networks fail, and the causes, most frequent first."""
    failures = [d for d in diagnoses if d.outcome is Outcome.NOT_REPRODUCED]
    unknown = sum(d.outcome is Outcome.CANNOT_TELL for d in diagnoses)
    n = len(failures)
    text = f"Of {count(len(diagnoses), 'reading')}, {n or 'none'} fail{'s' * (n < 2)}"
    lines = [f"{text}; {unknown} cannot be judged." if unknown else f"{text}.", ""]
    causes = Counter(str(d.cause) for d in failures if d.cause is not None)
    open_ones = [d for d in diagnoses if d.outcome is Outcome.CANNOT_TELL]
    why = Counter(d.evidence for d in open_ones)
    told = [f"- {cause}: {k}" for cause, k in causes.most_common()]
    told += [f"- cannot be judged, {k}: {text}" for text, k in why.most_common()]
    first, left = before_details([*TITLE, *lines], [[line] for line in told])
    return [*lines, *first, *[""] * bool(told and not left)]


def as_markdown(diagnoses: Sequence[Diagnosis]) -> str:
    """The page."""
    heading = [
        "system", "model", "lag", "outcome", "log2(model / MD)", "main cause", "shown by",
        *VARIES, "Markov", "ceiling",
    ]  # fmt: skip
    rows = [
        [
            f"`{d.system}`",
            trained(d.model, d.budget),
            f"{given(d.lag, d.unit)} ({d.reading})",
            str(d.outcome),
            shown(d.ratio),
            str(d.cause or "–"),
            d.evidence or "–",
            *(_gain(d, what) for what in VARIES),
            shown(d.markov) if d.markov else "–",
            f"{d.ceiling:.2f}",
        ]
        for d in diagnoses
    ]
    lines = [*TITLE, *headline(diagnoses), "## Details", "", HOW]
    return "\n".join([*lines, *as_table(heading, rows), ""])
