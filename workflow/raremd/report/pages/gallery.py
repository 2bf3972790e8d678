"""One figure of each kind from a finished study, with its caption and how to read it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from jinja2 import Environment

from raremd.report.figures.catalogue import KINDS
from raremd.report.figures.style import Look


class Shown(NamedTuple):
    """One figure of the gallery.

    Attributes
    ----------
    kind : str
    system : str
        Empty for a figure of the whole study.
    caption : str
        As of `caption`.
    """

    kind: str
    system: str
    caption: str


def caption(text: str, system: str, look: Look) -> str:
    """A caption of the report as one paragraph of Markdown.

    Parameters
    ----------
    text : str
        reStructuredText with the variables that Snakemake gives to a caption.
    system : str
    look : Look
        Of the figure.
    """
    job = SimpleNamespace(
        wildcards=SimpleNamespace(system=system), params=SimpleNamespace(look=look)
    )
    said = Environment(autoescape=False).from_string(text).render(snakemake=job)
    return " ".join(said.split()).replace("``", "`").replace("\\|", "|")


def page(shown: list[Shown], study: str, commit: str) -> str:
    """The gallery.

    Parameters
    ----------
    shown : list of Shown
    study : str
        File of the configuration.
    commit : str
    """
    lines = [
        "# Gallery",
        "",
        "What a study draws, one figure of each kind. Written by `make gallery` from a run of "
        f"`{study}` at commit `{commit}`; do not edit.",
        "",
    ]
    for each in shown:
        kind = KINDS[each.kind]
        lines += [
            f"## {kind.title}",
            "",
            f"![{kind.title}](gallery/{kind.figure(each.system)}.png)",
        ]
        lines += ["", f"**{kind.hint}** {each.caption}", ""]
    return "\n".join(lines)
