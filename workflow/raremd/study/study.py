"""A checked study: its cells, and what follows from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from raremd.study.cell import Cell, Factors
from raremd.study.model_files import ESTIMATED
from raremd.study.settings.messages import is_whole, whole_multiple
from raremd.study.settings.models import read_model_settings
from raremd.study.settings.partitions import (
    DynamicalCoring,
    MinimumDwell,
    Partition,
    Pcca,
    Removal,
    States,
)
from raremd.study.settings.study import Model, Settings, Training
from raremd.study.settings.systems import Levels, System

PRIOR_OPTIONS = "prior", "plain_share", "calibration"
"""Options of a model that say what its logits are corrected by, and when."""


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    Attributes
    ----------
    settings : Settings
        With all defaults.
    cells : mapping
        Cell -> names of its models, in the order of the configuration.
    trainings : mapping
        Cell and model -> number of replicates.
    """

    settings: Settings
    cells: Mapping[Cell, tuple[str, ...]]
    trainings: Mapping[tuple[Cell, str], int]

    def system(self, name: str) -> System:
        """Settings of one system."""
        return self.settings.systems[name]

    def model(self, name: str) -> Model:
        """Settings of one model."""
        return self.settings.models[name]

    def kind(self, model: str) -> str:
        """Kind of a model: the name of its entry if it says none."""
        return self.model(model).kind or model

    # Cells.

    def base(self, name: str) -> Cell:
        """The cell that the system's sweeps depart from."""
        return self.cell(name, Levels())

    def cell(self, name: str, levels: Levels) -> Cell:
        """The base cell with some levels replaced."""
        base = self.system(name).base.model_dump() | levels.model_dump(exclude_none=True)
        return Cell(name, **base)

    def factors(self) -> list[Factors]:
        """All cells with their removal of recrossings, in the order of the study."""
        return [self.factors_of(cell) for cell in self.cells]

    def factors_of(self, cell: Cell) -> Factors:
        """One cell with its removal of recrossings."""
        partition = self.partition(cell.system, cell.partition)
        recrossing = partition.recrossing if isinstance(partition, Removal) else "none"
        tau_c = getattr(partition, "tau_c", 0.0)
        return Factors(cell, recrossing, tau_c)

    def table(self) -> pd.DataFrame:
        """The sweep: one row for each cell and model."""
        pairs = zip(self.factors(), self.cells.values(), strict=True)
        return pd.DataFrame(
            [factors.columns() | {"model": m} for factors, models in pairs for m in models]
        )

    def cells_of_claims(self) -> list[Cell]:
        """Bases and sides of contrasts, in the order of the sweep."""
        wanted = {self.base(name) for name in self.settings.systems}
        for name, system in self.settings.systems.items():
            for claim in system.claims.contrasts().values():
                wanted |= {self.cell(name, levels) for levels in claim.sides().values()}
        return [cell for cell in self.cells if cell in wanted]

    # Partitions.

    def partition(self, system: str, name: str) -> Partition:
        """Settings of one partition."""
        return self.system(system).partitions[name]

    def states_name(self, system: str, name: str) -> str:
        """The partition that defines the states: itself, or the one that it is `of`.

        States with cores are a file of their own.
        """
        partition = self.partition(system, name)
        return partition.of if isinstance(partition, MinimumDwell | DynamicalCoring) else name

    def states_of(self, system: str, name: str) -> States:
        """The definition of the states of a partition: its own, or of the one that it is `of`."""
        partition = self.partition(system, name)
        return self.states_of(system, partition.of) if isinstance(partition, Removal) else partition

    def microstates_of(self, system: str, states: States) -> States | None:
        """The states that are lumped, if any are."""
        return self.states_of(system, states.microstates) if isinstance(states, Pcca) else None

    def built_on(self, system: str) -> dict[str, str]:
        """Partition without recrossings -> the one that it is made of."""
        declared = self.system(system).partitions
        return {name: p.of for name, p in declared.items() if isinstance(p, Removal)}

    # Times.

    def frames(self, system: str, time: float) -> int:
        """Frames of the source in a time that is a whole multiple of them."""
        return round(time / self.system(system).frame_interval)

    def stride(self, cell: Cell) -> int:
        """Frames of the source in one saving interval."""
        frame = self.system(cell.system).frame_interval
        return whole_multiple(cell.interval, frame, f"systems.{cell.system}.interval")

    def lags(self, cell: Cell) -> list[int]:
        """Lag times of the cell, in its saving intervals, shortest first."""
        ratios = {lag / cell.interval for lag in (*self.system(cell.system).lags, cell.interval)}
        return sorted(round(ratio) for ratio in ratios if is_whole(ratio))

    def longest_lag(self, system: str) -> int:
        """In frames."""
        return self.frames(system, max(self.system(system).lags))

    def block(self, system: str) -> int:
        """Shortest block of the bootstrap, in frames."""
        return self.frames(system, self.system(system).block)

    def window(self, model: str) -> int:
        """Frames in a training window of a model."""
        return self.recipe(model).window

    def recipe(self, model: str) -> Training:
        """How a model is trained, before its budget is worked in."""
        return self.model(model).recipe(self.settings.training)

    # Models.

    def plain(self) -> list[str]:
        """Models that are no controls."""
        return [name for name, model in self.settings.models.items() if model.control_of is None]

    def networks(self) -> list[str]:
        """Models that the claims are about: no controls, and trained rather than estimated."""
        return [name for name in self.plain() if self.kind(name) not in ESTIMATED]

    def controls(self) -> dict[str, str]:
        """Control -> the model that it varies."""
        models = self.settings.models
        return {name: m.control_of for name, m in models.items() if m.control_of is not None}

    def longest_trained(self, cells: Iterable[Cell]) -> list[str]:
        """Models that are no controls, each by the name of its largest budget.

        Of the budgets that controls vary, those count that ran in most of the cells.
        """
        among, varied = list(cells), self.varied()

        def rank(name: str) -> tuple[int, float]:
            return sum(name in self.cells[cell] for cell in among), self.model(name).budget

        def at_all_budgets(plain: str) -> list[str]:
            of = self.controls().items()
            return [plain, *(c for c, p in of if p == plain and varied[c] == "budget")]

        return [max(at_all_budgets(plain), key=rank) for plain in self.plain()]

    def with_controls(self) -> list[str]:
        """Models, each followed by its controls."""
        controls = self.controls()
        return [m for p in self.plain() for m in (p, *(c for c in controls if controls[c] == p))]

    def varied(self) -> dict[str, str]:
        """Control -> what it varies: prior, window, size, recipe, or nothing but the budget."""
        found = {}
        for control, of in self.controls().items():
            mine, other = (self.options(name) for name in (control, of))
            how, usual = (self.recipe(name).model_dump() for name in (control, of))
            differs = {
                "prior": any(
                    [mine.pop(key, None) != other.pop(key, None) for key in PRIOR_OPTIONS]
                ),
                "window": how.pop("window") != usual.pop("window"),
                "size": mine != other,
                "recipe": how != usual or self.ways(control) != self.ways(of),
            }
            found[control] = next((what for what, differ in differs.items() if differ), "budget")
        return found

    def options(self, model: str) -> dict[str, object]:
        """Options of a model by name, with the defaults of its kind."""
        return read_model_settings(self.kind(model), self.model(model).settings).model_dump()

    def network(self, model: str) -> str:
        """The first model that is the same network, trained on more or fewer tokens or frames."""
        own = self.kind(model), self.options(model), self.ways(model)
        return next(
            other
            for other in self.settings.models
            if (self.kind(other), self.options(other), self.ways(other)) == own
        )

    def ways(self, model: str) -> tuple[float | None, float | None]:
        """Two-pass training and stratified windows of a model."""
        entry = self.model(model)
        return entry.two_pass, entry.slow_share
