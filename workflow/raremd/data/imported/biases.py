"""Columns of a bias and of weights, which are no coordinates of the molecule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from raremd.data.imported.tables import TIME

OF_PLUMED = re.compile(
    r".+\.(bias|rbias|rct|work|force2|acc|neff|nker|zed|(.+_)?(cntr|kappa|work))"
)
"""Components of PLUMED's biases; those of a restraint begin with its coordinate."""
PLAIN = re.compile(r"bias|weights?|ww|logweights?", re.I)
"""What users call a sum of biases, and the weights that undo it."""


def biases_among(names: Sequence[str]) -> list[str]:
    """Names of columns that hold a bias or weights, in alphabetical order.

    Plain words count beside other columns only.

    Examples
    --------
    >>> biases_among(["time", "phi", "restraint.phi_cntr", "ww"])
    ['restraint.phi_cntr', 'ww']
    >>> biases_among(["time", "weight"])
    []
    """
    found = {name for name in names if OF_PLUMED.fullmatch(name)}
    plain = {name for name in names if PLAIN.fullmatch(name)}
    others = {*names} - found - plain - {TIME}
    return sorted(found | plain if others else found)


def words_on_biases(biases: Sequence[str], chosen: bool, remain: bool) -> list[str]:
    """What is to be said of biases in a file.

    Parameters
    ----------
    biases : sequence of str
    chosen : bool
        Whether the source chooses its columns.
    remain : bool
        Whether there are other columns.
    """
    if not biases:
        return []
    said = [
        f"holds {', '.join(biases)}; if this MD was biased, its kinetics are not those of the "
        "molecule"
    ]
    if remain and not chosen:
        said.append(
            "these columns are left out, as no coordinates of the molecule; name all columns that "
            "are wanted in source.columns to change that"
        )
    return said
