"""All kinds of figures: what each reads, what decides its look, where it stands in the report.

A kind is drawn by the module of its name, or by `module`, which has `read(files, look) -> data` and
`draw(data, look) -> Figure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from raremd.analysis.levels import factor_levels, grid_levels, recrossing_cells
from raremd.report.figures import law_looks, looks
from raremd.report.figures.style import Files, Look
from raremd.study.study import Study


@dataclass(frozen=True)
class Scope:
    """What there is one figure of.

    Attributes
    ----------
    place : str
        Path without suffix; RESULTS and NAME stand for the study's folder and the kind.
    each : str
        Wildcards that end the paths of log and benchmark.
    """

    place: str
    each: str = ""


PER_STUDY = Scope("RESULTS/figures/NAME")
PER_SYSTEM = Scope("RESULTS/figures/{system}_NAME", "/{system}")
PER_CELL = Scope(f"RESULTS/{looks.CELL_FOLDER}/NAME", f"/{looks.CELL_FOLDER}")
TOP = Scope("RESULTS/NAME")


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes
    ----------
    name : str
        Also of its module and its caption, unless they are given.
    files : callable
        Study and system (empty for figures of a whole study) -> what the figure is drawn from,
        paths that may hold wildcards.
    look : callable
        Study and system -> what decides its look.
    module : str
        Of this package.
    scope : Scope
    drawn : callable
        Study and system -> whether a study draws it; None if it is made on demand only.
    category, subcategory : str
        In the report; a figure without a category is not in it.
    labels : mapping
        Of the figure in its category; may hold wildcards.
    caption : str
        Name of the caption in workflow/report.
    title, hint : str
        Heading in the gallery and one sentence for the first look; empty if it is not there.
    memory : int
        MB.
    """

    name: str
    files: Callable[[Study, str], Files]
    look: Callable[[Study, str], Look]
    module: str = ""
    scope: Scope = PER_SYSTEM
    drawn: Callable[[Study, str], bool] | None = lambda study, system: True
    category: str = "Systems"
    subcategory: str = "{system}"
    labels: Mapping[str, str] = field(default_factory=dict)
    caption: str = ""
    title: str = ""
    hint: str = ""
    memory: int = 1000

    def __post_init__(self) -> None:
        for attribute in ("module", "caption"):
            if not getattr(self, attribute):
                object.__setattr__(self, attribute, self.name)

    def place(self, results: str) -> str:
        """Path without its suffix, with wildcards."""
        return self.scope.place.replace("RESULTS", results).replace("NAME", self.name)

    def figure(self, system: str) -> str:
        """Name of the figure of one system, as its file is called."""
        return f"{system}_{self.name}" if self.scope == PER_SYSTEM else self.name


def _varies(factor: str) -> Callable[[Study, str], bool]:
    return lambda study, system: len(factor_levels(study, system, factor)) > 1


def _full(grid: str) -> Callable[[Study, str], bool]:
    return lambda study, system: all(grid_levels(study, system, grid).values())


def _has_controls(study: Study, system: str) -> bool:
    return bool(set(study.cells[study.base(system)]) & set(study.controls()))


def _systems(study: Study, kind: Kind) -> list[str]:
    """Systems that a kind of figure is drawn of; the empty name for the whole study."""
    if kind.drawn is None:
        return []
    names = list(study.settings.systems) if kind.scope == PER_SYSTEM else [""]
    return [name for name in names if kind.drawn(study, name)]


def figures(study: Study, *kinds: str) -> list[str]:
    """Names of all figures that a study draws, or of those of some kinds.

    Parameters
    ----------
    study : Study
    *kinds : str
        All kinds if none is given.
    """
    chosen = [KINDS[name] for name in kinds or KINDS]
    return [kind.figure(system) for kind in chosen for system in _systems(study, kind)]


def shown_in_gallery(study: Study) -> dict[str, str]:
    """Kind -> system whose figure stands in the gallery: the first that has one."""
    found = {name: _systems(study, kind) for name, kind in KINDS.items() if kind.hint}
    return {name: systems[0] for name, systems in found.items() if systems}


def _of(figure: str) -> dict[str, str]:
    """Labels of a figure that stands beside the same figure of other systems."""
    return {"system": "{system}", "figure": figure}


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "claims",
            looks.claims,
            looks.tolerance,
            scope=PER_STUDY,
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "forest plot"},
            caption="forest",
            title="Verdicts on the claims",
            hint="Look for lines that stay clear of zero; the verdict beside them says the rest.",
            memory=500,
        ),
        Kind(
            "budgets",
            looks.claims,
            looks.judged_models,
            scope=PER_STUDY,
            drawn=lambda study, _: "budget" in study.varied().values(),
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "effect against budget"},
            title="Claims against budget",
            hint="Effects that shrink with more tokens were due to too little training.",
            memory=500,
        ),
        Kind(
            "dimension",
            looks.comparison,
            looks.factor("dimension"),
            module="factor",
            drawn=_varies("dimension"),
            category="Claims",
            subcategory="C2 dimension",
            labels=_of("dimension"),
            caption="factor",
            title="Dimension of the reaction coordinate",
            hint="Where marks sink to the right, more dimensions make the slow process too fast.",
        ),
        Kind(
            "interval",
            looks.comparison,
            looks.factor("interval"),
            module="factor",
            drawn=_varies("interval"),
            category="Claims",
            subcategory="C3 saving interval",
            labels=_of("interval"),
            caption="factor",
            title="Saving interval",
            hint="Find the interval from which on the marks stay in the grey band.",
        ),
        Kind(
            "partition",
            looks.comparison,
            looks.factor("partition"),
            module="factor",
            drawn=_varies("partition"),
            category="Claims",
            subcategory="C4 partition",
            labels=_of("partition"),
            caption="factor",
            title="Partition",
            hint="Compare the marks of one colour: the partition nearest to the line is learned "
            "best.",
        ),
        Kind(
            "dimension_interval",
            looks.comparison,
            looks.grid("dimension_interval"),
            module="heatmap",
            drawn=_full("dimension_interval"),
            category="Claims",
            subcategory="C2 dimension",
            labels=_of("dimension_interval"),
            caption="heatmap",
            title="Dimension and saving interval",
            hint="Find the brightest cells: there the model is right.",
        ),
        Kind(
            "interval_partition",
            looks.comparison,
            looks.grid("interval_partition"),
            module="heatmap",
            drawn=_full("interval_partition"),
            category="Claims",
            subcategory="C3 saving interval",
            labels=_of("interval_partition"),
            caption="heatmap",
            title="Saving interval and partition",
            hint="Compare rows: the partition that is bright already at short intervals is learned "
            "best.",
        ),
        Kind(
            "recrossing",
            looks.comparison,
            looks.recrossing,
            drawn=lambda study, system: recrossing_cells(study, system) is not None,
            category="Claims",
            subcategory="C5 removal of recrossings",
            labels=_of("removal of recrossings"),
            title="Removal of recrossings",
            hint="In the upper row, find the shortest time that brings the marks into the band.",
        ),
        Kind(
            "controls",
            looks.comparison,
            looks.controls,
            drawn=_has_controls,
            category="Claims",
            subcategory="controls",
            labels=_of("controls"),
            title="Controls",
            hint="A light mark nearer to the line than its dark one names what the network lacked.",
        ),
        Kind(
            "timescales",
            looks.comparison,
            looks.timescales,
            labels={"figure": "implied timescales"},
            title="Implied timescales",
            hint="Where a coloured line leaves the black one and its band, the model is wrong.",
        ),
        Kind(
            "transition_matrices",
            looks.in_states,
            looks.base_cell,
            labels={"figure": "transition matrices"},
            title="Transition matrices",
            hint="Red off the diagonal is a jump that the model makes too often.",
        ),
        Kind(
            "chapman_kolmogorov",
            looks.in_states,
            looks.base_cell,
            labels={"figure": "Chapman-Kolmogorov test"},
            title="Chapman-Kolmogorov test",
            hint="Marks that leave their dashed line belong to states with memory at that lag.",
        ),
        Kind(
            "populations_mfpt",
            looks.in_states,
            looks.base_cell,
            labels={"figure": "populations and first passages"},
            title="Populations and first passages",
            hint="A mark below the black bar on the right is a passage that comes too early.",
        ),
        Kind(
            "residence_times",
            looks.in_states,
            looks.base_cell,
            category="Claims",
            subcategory="C6 beyond timescales",
            labels=_of("residence times and crossings"),
            title="Residence times and crossings",
            hint="A curve left of the black one is a state that the model leaves too soon.",
        ),
        Kind(
            "free_energy",
            looks.maps,
            looks.free_energy,
            labels={"figure": "free energy"},
            title="Free energy and states",
            hint="Borders should run along ridges: where they cut a basin, frames flicker.",
        ),
        Kind(
            "strips",
            looks.trajectories,
            looks.strips,
            labels={"figure": "trajectories"},
            title="Trajectories",
            hint="Compare the length of the blocks and the number of thin lines with the MD's.",
            memory=2000,
        ),
        Kind(
            "training",
            looks.histories,
            looks.training,
            labels={"figure": "training"},
            title="Training",
            hint="Losses that still fall at their end ask for a larger budget.",
            memory=500,
        ),
        Kind(
            "predicted",
            looks.comparison,
            looks.predicted,
            scope=PER_STUDY,
            subcategory="all systems",
            labels={"figure": "predicted timescales"},
        ),
        Kind(
            "cost",
            looks.costs,
            looks.cost,
            labels={"figure": "cost"},
            title="Cost and accuracy",
            hint="Down and left is better: more accurate, and cheaper.",
        ),
        Kind(
            "crosscheck",
            looks.differences,
            looks.crosscheck,
            scope=PER_CELL,
            drawn=None,
            labels={"figure": "cross-check with PyEMMA"},
        ),
        Kind(
            "inspect",
            looks.inspection,
            looks.nothing,
            module="inspection",
            scope=PER_STUDY,
            drawn=None,
            category="",
        ),
        Kind(
            "law_training",
            law_looks.base_histories,
            law_looks.base_networks,
            scope=PER_STUDY,
            drawn=None,
            category="",
        ),
        Kind(
            "law_tokens",
            law_looks.fitted,
            law_looks.networks,
            scope=PER_STUDY,
            drawn=None,
            category="",
        ),
        Kind(
            "law_maps",
            law_looks.maps,
            looks.nothing,
            scope=PER_STUDY,
            drawn=None,
            category="",
        ),
        Kind(
            "leaderboard",
            looks.ranking,
            looks.tolerance,
            scope=TOP,
            drawn=None,
            category="",
            memory=500,
        ),
    )
}
