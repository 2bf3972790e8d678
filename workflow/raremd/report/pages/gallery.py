"""One figure of each kind from a finished study, with its caption and how to read it."""

from __future__ import annotations

from typing import NamedTuple

from raremd.report.figures.catalogue import KINDS


class Shown(NamedTuple):
    """One figure of the gallery.

    Attributes
    ----------
    kind : str
    system : str
        Empty for a figure of the whole study.
    caption : str
        As of `captions.caption`.
    """

    kind: str
    system: str
    caption: str


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
