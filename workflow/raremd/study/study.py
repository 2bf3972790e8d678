"""A checked study: its cells, and what each rule needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from raremd.study.settings import whole_multiple

OWN_TRAINING = ("window", "batch", "two_pass", "slow_share")
"""Keys of `training` that a model's entry may set for itself."""


@dataclass(frozen=True, order=True)
class Cell:
    """One combination of the factors; `interval` is text, as it stands in paths."""

    system: str
    coordinate: str
    interval: str
    partition: str

    @property
    def folder(self) -> str:
        """Path below the results folder."""
        return f"{self.system}/{self.coordinate}/dt_{self.interval}/{self.partition}"


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    Attributes
    ----------
    config : dict
        With all defaults.
    cells : dict
        Cell -> sorted tuple of model names.
    """

    config: dict
    cells: dict[Cell, tuple[str, ...]]

    def system(self, name: str) -> dict:
        """Configuration of one system."""
        return self.config["systems"][name]

    def base(self, name: str) -> Cell:
        """The cell that the system's sweeps depart from."""
        return self.cell(name, {})

    def cell(self, name: str, levels: dict) -> Cell:
        """The base cell with some levels replaced."""
        levels = self.system(name)["base"] | levels
        return Cell(name, levels["coordinate"], f"{levels['interval']:g}", levels["partition"])

    def states_name(self, system: str, partition: str) -> str:
        """The partition that defines the states: itself, or the one that it is `of`.

        States with cores are a file of their own.
        """
        declared = self.system(system)["partitions"][partition]
        return partition if "core_fraction" in declared else declared.get("of", partition)

    def built_on(self, system: str) -> dict[str, str]:
        """Partition without recrossings -> the one that it is made of."""
        declared = self.system(system)["partitions"]
        return {name: p["of"] for name, p in declared.items() if "of" in p}

    def stride(self, cell: Cell) -> int:
        """Frames of the source in one saving interval."""
        frame = self.system(cell.system)["frame_interval"]
        return whole_multiple(float(cell.interval), frame, f"systems.{cell.system}.interval")

    def lags(self, cell: Cell) -> list[int]:
        """Lag times of the cell, in its saving intervals, shortest first."""
        system, interval = self.system(cell.system), float(cell.interval)
        ratios = {lag / interval for lag in [*system["lags"], interval]}
        return sorted(round(r) for r in ratios if abs(r - round(r)) < 1e-6 * r and round(r) >= 1)

    def recrossing(self, cell: Cell) -> tuple[str, float]:
        """Method of removal and tau_c in time units; ("none", 0) where there is none."""
        partition = self.system(cell.system)["partitions"][cell.partition]
        return partition.get("recrossing", "none"), float(partition.get("tau_c", 0.0))

    def removal(self, cell: Cell) -> dict:
        """The same as `sequences.at_interval` takes it: `tau` in saving intervals."""
        method, tau_c = self.recrossing(cell)
        return {"recrossing": method, "tau": max(1, round(tau_c / float(cell.interval)))}

    def model_options(self, name: str) -> dict:
        """Kind, settings and training of a model, with its budget worked in."""
        model, training = self.config["models"][name], dict(self.config["training"])
        del training["validation_fraction"]  # decides the split, which the states carry
        for key in ("tokens", "patience_tokens"):
            training[key] = round(training[key] * model["budget"])
        training |= {key: model[key] for key in OWN_TRAINING if key in model}
        return {
            "kind": model.get("kind", name),
            "settings": dict(sorted(model["settings"].items())),
            "training": dict(sorted(training.items())),
        }

    def window(self, model: str) -> int:
        """Frames in a training window of a model."""
        return self.config["models"][model].get("window", self.config["training"]["window"])

    def longest_lag(self, system: str) -> int:
        """In frames."""
        declared = self.system(system)
        return round(max(declared["lags"]) / declared["frame_interval"])

    def block(self, system: str) -> int:
        """Shortest block of the bootstrap, in frames."""
        declared = self.system(system)
        return round(declared["block"] / declared["frame_interval"])

    def split(self, system: str) -> dict[str, float]:
        """Keyword arguments of `sequences.split_frames`: as long a gap as the yardstick's lag."""
        declared = self.system(system)
        return {
            "validation_fraction": self.config["training"]["validation_fraction"],
            "gap": round(declared["yardstick"]["lag"] / declared["frame_interval"]),
        }

    def windows(self, system: str) -> list[tuple[str, int, int]]:
        """Saving intervals, their strides, and the longest window of the models there."""
        longest: dict[tuple[str, int], int] = {}
        for cell, models in self.cells.items():
            if cell.system == system:
                level = cell.interval, self.stride(cell)
                longest[level] = max([longest.get(level, 0), *map(self.window, models)])
        return [(*level, window) for level, window in sorted(longest.items())]

    def partition_chain(self, system: str, name: str) -> dict[str, dict]:
        """A partition with a method and what it is built on: all that decides its states."""
        declared = self.system(system)["partitions"]
        name = declared[name].get("of", name)
        chain = {name: declared[name]}
        if "microstates" in declared[name]:
            chain[declared[name]["microstates"]] = declared[declared[name]["microstates"]]
        return chain

    def cell_records(self) -> list[dict]:
        """One dict a cell: the factor columns of the comparison table."""
        records = []
        for cell in self.cells:
            method, tau_c = self.recrossing(cell)
            factors = vars(cell) | {"interval": float(cell.interval)}
            records.append(factors | {"recrossing": method, "tau_c": tau_c})
        return records

    def table(self) -> pd.DataFrame:
        """The sweep: one row a cell and model."""
        pairs = zip(self.cell_records(), self.cells.values(), strict=True)
        return pd.DataFrame(
            [record | {"model": model} for record, models in pairs for model in models]
        )

    def contrasts(self) -> list[dict]:
        """One dict a declared claim and system; sides are indices into `cell_records`."""
        index = {cell: n for n, cell in enumerate(self.cells)}
        return [
            {"system": name, "claim": claim}
            | {side: index[self.cell(name, levels)] for side, levels in sides.items()}
            for name, system in self.config["systems"].items()
            for claim, sides in sorted(system["claims"].items())
        ]

    def cells_of_claims(self) -> list[Cell]:
        """Bases and sides of contrasts, in the order of the sweep."""
        systems = self.config["systems"]
        wanted = {self.base(name) for name in systems} | {
            self.cell(name, levels)
            for name, system in systems.items()
            for sides in system["claims"].values()
            for levels in sides.values()
        }
        return [cell for cell in self.cells if cell in wanted]

    def bases(self) -> dict[str, int]:
        """System -> its base cell, as an index into `cell_records`."""
        index = {cell: n for n, cell in enumerate(self.cells)}
        return {name: index[self.base(name)] for name in self.config["systems"]}

    def networks(self) -> list[str]:
        """Models that the claims are about: neither Markov nor a control."""
        models = self.config["models"]
        return [
            name
            for name, model in models.items()
            if model.get("kind", name) != "markov" and "control_of" not in model
        ]

    def controls(self) -> dict[str, str]:
        """Control -> the model that it varies."""
        models = self.config["models"]
        return {name: m["control_of"] for name, m in models.items() if "control_of" in m}

    def varied(self) -> dict[str, str]:
        """Control -> what it varies: budget, window, prior, or else the size."""
        models = self.config["models"]
        found = {}
        for control, of in self.controls().items():
            mine, other = models[control], models[of]
            differs = {
                "budget": mine["budget"] != other["budget"],
                "window": self.window(control) != self.window(of),
                "prior": mine["settings"].get("prior") != other["settings"].get("prior"),
            }
            found[control] = next((what for what, differ in differs.items() if differ), "size")
        return found
