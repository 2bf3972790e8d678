"""One figure of each kind from a finished study, with its caption and how to read it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

from jinja2 import Environment


class Kind(NamedTuple):
    """A kind of figure.

    Attributes
    ----------
    title : str
    caption : str
        Name of the caption in workflow/report.
    read : str
        One sentence for the first look.
    """

    title: str
    caption: str
    read: str


KINDS = {
    "claims": Kind(
        "Verdicts on the claims",
        "forest",
        "Look for lines that stay clear of zero; the verdict beside them says the rest.",
    ),
    "dimension": Kind(
        "Dimension of the reaction coordinate",
        "factor",
        "Where marks sink to the right, more dimensions make the slow process too fast.",
    ),
    "interval": Kind(
        "Saving interval",
        "factor",
        "Find the interval from which on the marks stay in the grey band.",
    ),
    "partition": Kind(
        "Partition",
        "factor",
        "Compare the marks of one colour: the partition nearest to the line is learned best.",
    ),
    "dimension_interval": Kind(
        "Dimension and saving interval",
        "heatmap",
        "Find the brightest cells: there the model is right.",
    ),
    "interval_partition": Kind(
        "Saving interval and partition",
        "heatmap",
        "Compare rows: the partition that is bright already at short intervals is learned best.",
    ),
    "recrossing": Kind(
        "Removal of recrossings",
        "recrossing",
        "In the upper row, find the shortest time that brings the marks into the band.",
    ),
    "controls": Kind(
        "Controls",
        "controls",
        "A light mark nearer to the line than its dark one names what the network lacked.",
    ),
    "timescales": Kind(
        "Implied timescales",
        "timescales",
        "Where a coloured line leaves the black one and its band, the model is wrong.",
    ),
    "transition_matrices": Kind(
        "Transition matrices",
        "transition_matrices",
        "Red off the diagonal is a jump that the model makes too often.",
    ),
    "populations_mfpt": Kind(
        "Populations and first passages",
        "populations_mfpt",
        "A mark below the black bar on the right is a passage that comes too early.",
    ),
    "residence_times": Kind(
        "Residence times and crossings",
        "residence_times",
        "A curve left of the black one is a state that the model leaves too soon.",
    ),
    "free_energy": Kind(
        "Free energy and states",
        "free_energy",
        "Borders should run along ridges: where they cut a basin, frames flicker.",
    ),
    "strips": Kind(
        "Trajectories",
        "strips",
        "Compare the length of the blocks and the number of thin lines with the MD's.",
    ),
    "training": Kind(
        "Training",
        "training",
        "Lines that still fall at their end ask for a larger budget.",
    ),
    "cost": Kind(
        "Cost and accuracy",
        "cost",
        "Down and left is better: more accurate, and cheaper.",
    ),
}


def chosen(figures: list[str], systems: list[str]) -> dict[str, str]:
    """Kind -> name of the figure that is shown: of the first system that has one.

    Parameters
    ----------
    figures : list of str
        Names of all figures of the study: `claims`, or system and kind.
    systems : list of str
    """
    found = {}
    for kind in KINDS:
        names = [kind, *(f"{system}_{kind}" for system in systems)]
        present = [name for name in names if name in figures]
        if present:
            found[kind] = present[0]
    return found


def caption(text: str, kind: str, figure: str, states: dict[str, int]) -> str:
    """A caption of the report as one paragraph of Markdown.

    Parameters
    ----------
    text : str
        reStructuredText with the variables that Snakemake gives to a caption.
    kind, figure : str
    states : dict
        Parameter of the figure of the dimension.
    """
    system = figure.removesuffix(f"_{kind}")
    wildcards = SimpleNamespace(system=system, factor=kind, grid=kind)
    rule = SimpleNamespace(wildcards=wildcards, params=SimpleNamespace(states=states))
    said = Environment(autoescape=False).from_string(text).render(snakemake=rule)
    return " ".join(said.split()).replace("``", "`").replace("\\|", "|")


def page(shown: dict[str, str], captions: dict[str, str], made_by: dict[str, Any]) -> str:
    """The gallery.

    Parameters
    ----------
    shown : dict
        As of `chosen`.
    captions : dict
        Kind -> its caption.
    made_by : dict
        study (file of the configuration) and commit.
    """
    lines = [
        "# Gallery",
        "",
        "What a study draws, one figure of each kind. Written by `make gallery` from a run of "
        f"`{made_by['study']}` at commit `{made_by['commit']}`; do not edit.",
        "",
    ]
    for kind, name in shown.items():
        title, _, read = KINDS[kind]
        lines += [f"## {title}", "", f"![{title}](gallery/{name}.png)", ""]
        lines += [f"**{read}** {captions[kind]}", ""]
    return "\n".join(lines)
