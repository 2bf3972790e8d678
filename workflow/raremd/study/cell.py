"""One cell of a study: what it is called in tables, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass

from raremd.study.settings.messages import exact


@dataclass(frozen=True)
class Cell:
    """One combination of the factors; the saving interval is in the time unit of the system."""

    system: str
    coordinate: str
    interval: float
    partition: str

    @classmethod
    def parse(cls, system: str, coordinate: str, interval: str, partition: str) -> Cell:
        """The cell that the parts of a path name."""
        return cls(system, coordinate, float(interval), partition)

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """As they stand in paths, which is also how cells are sorted."""
        return self.system, self.coordinate, exact(self.interval), self.partition

    @property
    def levels(self) -> dict[str, str | float]:
        """Columns of the comparison table -> levels; the system is left out."""
        return {name: level for name, level in vars(self).items() if name != "system"}

    @property
    def folder(self) -> str:
        """Path below the results folder."""
        return "{}/{}/dt_{}/{}".format(*self.parts)


@dataclass(frozen=True)
class Factors:
    """A cell with the removal of recrossings that its partition stands for.

    Attributes
    ----------
    cell : Cell
    recrossing : str
        Method, or ``none``.
    tau_c : float
        Shortest stay that counts, in the time unit of the system; 0 without.
    """

    cell: Cell
    recrossing: str
    tau_c: float

    def columns(self) -> dict[str, str | float]:
        """The factor columns of the comparison table."""
        return vars(self.cell) | {"recrossing": self.recrossing, "tau_c": self.tau_c}
