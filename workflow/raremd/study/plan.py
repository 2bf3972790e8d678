"""Study -> the plan of each rule, by pure functions: a plan changes only where the study does."""

from __future__ import annotations

from raremd.study.cell import Cell
from raremd.study.plans import (
    AssessmentPlan,
    Budget,
    GenerationPlan,
    InspectedCell,
    InspectionPlan,
    IntervalWindow,
    KineticsPlan,
    LengthsPlan,
    ModelPlan,
    Slicing,
    Split,
    StatesFile,
    StatesPlan,
    TrainingPlan,
)
from raremd.study.settings.messages import exact
from raremd.study.settings.models import read_model_settings
from raremd.study.settings.partitions import CoreSets, Given, Pcca, n_states
from raremd.study.settings.sources import HiddenChain, Simulated
from raremd.study.study import Study
from raremd.study.verdict_plans import (
    ClaimsPlan,
    ComparisonPlan,
    ContrastPlan,
    Control,
    RankedCell,
    RankingPlan,
    RecipeSearch,
    RecommendationPlan,
    ResultsPagePlan,
    SolvedSystem,
    TablesPlan,
    TriedRecipe,
)

INSPECTION_SAMPLES = 40
"""Resamplings behind error bars that are only looked at."""


def split_of(study: Study, system: str) -> Split:
    """Training and validation of a system: as long a gap as the yardstick's lag."""
    gap = study.frames(system, study.system(system).yardstick.lag)
    return Split(study.settings.training.validation_fraction, gap)


def lengths_plan(study: Study, system: str) -> LengthsPlan:
    """Lags, windows and blocks that the trajectories of a system must hold."""
    longest: dict[tuple[str, int], int] = {}
    for cell, models in study.cells.items():
        if cell.system == system:
            level = exact(cell.interval), study.stride(cell)
            longest[level] = max([longest.get(level, 0), *map(study.window, models)])
    windows = tuple(IntervalWindow(*level, window) for level, window in sorted(longest.items()))
    split = split_of(study, system)
    return LengthsPlan(study.longest_lag(system), split, windows, study.block(system))


def metastable(study: Study, system: str) -> str:
    """Partition of the yardstick, and its states; `own` for as many as the data come with."""
    partition = study.system(system).yardstick.partition
    states = study.states_of(system, partition)
    own = isinstance(states, Given) and not states.lumps
    return f"{partition} {'own' if own else n_states(states) or 0}"


def states_plan(study: Study, system: str, coordinate: str, partition: str) -> StatesPlan:
    """Coordinate and partition of one file of states, see `Study.states_name`."""
    settings, states = study.system(system), study.states_of(system, partition)
    declared = settings.partitions[partition]
    return StatesPlan(
        coordinate=settings.coordinates[coordinate],
        states=states,
        microstates=study.microstates_of(system, states),
        core_fraction=declared.core_fraction if isinstance(declared, CoreSets) else None,
        frame_interval=settings.frame_interval,
        split=split_of(study, system),
        seed=study.settings.seed,
    )


def slicing(study: Study, cell: Cell) -> Slicing:
    """How a cell sees a trajectory."""
    factors = study.factors_of(cell)
    tau = max(1, round(factors.tau_c / cell.interval))
    return Slicing(study.stride(cell), factors.recrossing, tau)


def model_plan(study: Study, name: str) -> ModelPlan:
    """A model with all defaults, and its budget worked in."""
    model, kind, training = study.model(name), study.kind(name), study.recipe(name)
    budget = Budget(
        tokens=round(training.tokens * model.budget),
        patience_tokens=round(training.patience_tokens * model.budget),
        evaluate_tokens=training.evaluate_tokens,
        window=training.window,
        batch=training.batch,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        schedule=training.schedule,
        two_pass=model.two_pass or 0.0,
        slow_share=model.slow_share or 0.0,
    )
    settings = read_model_settings(kind, model.settings).model_dump()
    return ModelPlan(name, kind, settings, budget, model.corrects)


def training_plan(study: Study, cell: Cell, model: str) -> TrainingPlan:
    """All replicates of one model in one cell."""
    return TrainingPlan(
        cell=cell,
        model=model_plan(study, model),
        slicing=slicing(study, cell),
        replicates=study.trainings[cell, model],
        seed=study.settings.seed,
        device=study.settings.device,
    )


def corrected_plan(study: Study, cell: Cell, model: str) -> TrainingPlan | None:
    """The training whose networks a model corrects, if it does."""
    of = study.model(model).corrects
    return training_plan(study, cell, of) if of else None


def generation_plan(study: Study, cell: Cell) -> GenerationPlan:
    """Trajectories that each replicate of a cell generates."""
    system = study.system(cell.system)
    generation = system.generation
    return GenerationPlan(
        walkers=generation.walkers,
        frames=round(generation.time / cell.interval),
        crossings=generation.crossings,
        lag=round(system.yardstick.lag / cell.interval),
        limit=round(generation.longest / cell.interval),
    )


def kinetics_plan(study: Study, cell: Cell) -> KineticsPlan:
    """What is estimated in one cell."""
    settings = study.system(cell.system)
    return KineticsPlan(
        slicing=slicing(study, cell),
        interval=cell.interval,
        lags=tuple(study.lags(cell)),
        timescales=settings.timescales,
        yardstick_lag=round(settings.yardstick.lag / cell.interval),
        block=study.block(cell.system),
        samples=study.settings.bootstrap_samples,
        seed=study.settings.seed,
    )


def assessment_plan(study: Study, system: str) -> AssessmentPlan:
    """What the MD of one system is judged by."""
    settings, whole = study.system(system), study.settings
    lag = study.frames(system, settings.yardstick.lag)
    return AssessmentPlan(
        system=system,
        unit=settings.time_unit,
        frame_interval=settings.frame_interval,
        lags=tuple(sorted({lag, *(study.frames(system, lag) for lag in settings.lags)})),
        yardstick_lag=lag,
        block=study.block(system),
        timescales=settings.timescales,
        samples=whole.bootstrap_samples,
        seed=whole.seed,
        tolerance=whole.tolerance,
        minimum_transitions=whole.minimum_transitions,
        names=settings.yardstick.names or (),
        finer=finer_states(study, system),
    )


def finer_states(study: Study, system: str) -> tuple[StatesFile, ...]:
    """States of all cells, and those that the yardstick lumps, apart from the yardstick's own."""
    settings = study.system(system)
    yardstick = settings.yardstick
    own = yardstick.coordinate, yardstick.partition
    cells = [cell for cell in study.cells if cell.system == system]
    pairs = [(cell.coordinate, study.states_name(system, cell.partition)) for cell in cells]
    lumped = settings.partitions[yardstick.partition]
    if isinstance(lumped, Pcca):
        pairs.append((yardstick.coordinate, lumped.microstates))
    if settings.own_states is not None:
        pairs.append((yardstick.coordinate, settings.own_states))
    other = (pair for pair in dict.fromkeys(pairs) if pair != own)
    return tuple(StatesFile(*pair, states_file(study, system, *pair)) for pair in other)


def inspection_plan(study: Study, system: str) -> InspectionPlan:
    """All that the inspection of one system needs."""
    settings, whole = study.system(system), study.settings
    cells = tuple(
        InspectedCell(
            coordinate=cell.coordinate,
            partition=cell.partition,
            states=study.states_name(system, cell.partition),
            interval=cell.interval,
            slicing=slicing(study, cell),
            models=tuple(model_plan(study, model) for model in models),
            replicates=tuple(study.trainings[cell, model] for model in models),
        )
        for cell, models in study.cells.items()
        if cell.system == system
    )
    yardstick = settings.yardstick.coordinate, settings.yardstick.partition
    pairs = dict.fromkeys([*((cell.coordinate, cell.states) for cell in cells), yardstick])
    return InspectionPlan(
        system=system,
        unit=settings.time_unit,
        frame_interval=settings.frame_interval,
        lags=tuple(sorted(study.frames(system, lag) for lag in settings.lags)),
        yardstick_lag=study.frames(system, settings.yardstick.lag),
        yardstick=yardstick,
        block=study.block(system),
        timescales=settings.timescales,
        samples=min(whole.bootstrap_samples, INSPECTION_SAMPLES),
        seed=whole.seed,
        tolerance=whole.tolerance,
        minimum_transitions=whole.minimum_transitions,
        walkers=settings.generation.walkers,
        generation_frames=study.frames(system, settings.generation.time),
        generation_limit=study.frames(system, settings.generation.longest),
        crossings=settings.generation.crossings,
        states=tuple(StatesFile(*pair, states_file(study, system, *pair)) for pair in pairs),
        cells=cells,
    )


def inspection_plans(study: Study) -> tuple[InspectionPlan, ...]:
    """All systems, by name."""
    return tuple(inspection_plan(study, system) for system in sorted(study.settings.systems))


def yardstick_states(study: Study, system: str) -> str:
    """Where the states of a system's yardstick are."""
    yardstick = study.system(system).yardstick
    return states_file(study, system, yardstick.coordinate, yardstick.partition)


def states_file(study: Study, system: str, coordinate: str, partition: str) -> str:
    """Where the states of a partition are; those of `of` where it only removes recrossings."""
    name = study.states_name(system, partition)
    return f"{study.settings.results}/{system}/{coordinate}/states/{name}.h5"


def comparison_plan(study: Study) -> ComparisonPlan:
    """The cells of a study, and the systems whose exact spectrum is known."""
    spectra = solved_systems(study)
    return ComparisonPlan(tuple(study.factors()), units(study), spectra, study.settings.seed)


def solved_systems(study: Study) -> tuple[str, ...]:
    """The systems whose exact spectrum is known, by name."""
    systems = study.settings.systems.items()
    return tuple(sorted(s for s, system in systems if isinstance(system.source, Simulated)))


def contrasts(study: Study) -> tuple[ContrastPlan, ...]:
    """Declared claims, by system."""
    found = []
    for name, system in study.settings.systems.items():
        for claim, contrast in system.claims.contrasts().items():
            sides = {side: study.cell(name, at) for side, at in contrast.sides().items()}
            found.append(ContrastPlan(name, claim, sides["easy"], sides.get("hard")))
    return tuple(found)


def controls(study: Study) -> tuple[Control, ...]:
    """What each control is a control of, and what it varies."""
    varied = study.varied()
    return tuple(
        Control(name, of, varied[name], study.model(name).budget / study.model(of).budget)
        for name, of in study.controls().items()
    )


def yardstick_lags(study: Study) -> dict[str, float]:
    """System -> lag of its yardstick, in its time unit."""
    return {name: system.yardstick.lag for name, system in study.settings.systems.items()}


def units(study: Study) -> dict[str, str]:
    """System -> time unit."""
    return {name: system.time_unit for name, system in study.settings.systems.items()}


def claims_plan(study: Study) -> ClaimsPlan:
    """What claims are judged and failures diagnosed from."""
    return ClaimsPlan(
        cells=tuple(study.cells),
        bases=tuple(map(study.base, study.settings.systems)),
        contrasts=contrasts(study),
        networks=tuple(study.networks()),
        controls=controls(study),
        yardstick_lags=yardstick_lags(study),
    )


def tables_plan(study: Study) -> TablesPlan:
    """What the tables of the report are written from."""
    return TablesPlan(yardstick_lags(study), controls(study))


def recommendation_plan(study: Study) -> RecommendationPlan:
    """What is recommended from."""
    networks = study.networks()
    return RecommendationPlan(
        cells=tuple(study.cells),
        yardstick_lags=yardstick_lags(study),
        networks=tuple(networks),
        baselines=tuple(name for name in study.plain() if name not in networks),
        controls=controls(study),
    )


def ranking_plan(study: Study) -> RankingPlan:
    """The base cell of each system."""
    cells = []
    for name, system in study.settings.systems.items():
        base = study.base(name)
        cells.append(RankedCell(base, study.stride(base), system.time_unit))
    solved = [
        SolvedSystem(name, tuple(sorted(study.cells[study.base(name)])))
        for name, system in study.settings.systems.items()
        if isinstance(system.source, HiddenChain)
    ]
    return RankingPlan(tuple(cells), tuple(solved), study.settings.tolerance, study.settings.seed)


def recipe_search(study: Study) -> RecipeSearch:
    """What the page of recipes says of the search."""
    usual, tried = study.settings.training, []
    for model in study.networks():
        r = study.recipe(model)
        tried.append(
            TriedRecipe(
                model,
                study.kind(model),
                model_plan(study, model).budget.tokens,
                r.batch,
                r.learning_rate,
                r.weight_decay,
                r.schedule,
                r.window,
            )
        )
    return RecipeSearch(tuple(tried), usual.window, study.settings.replicates)


def results_page_plan(study: Study) -> ResultsPagePlan:
    """What the page of kept results says of the study."""
    systems = study.settings.systems
    return ResultsPagePlan(
        bases=tuple(map(study.base, systems)),
        yardstick_lags=yardstick_lags(study),
        models=tuple(study.longest_trained(study.cells_of_claims())),
        replicates=study.settings.replicates,
        built_on={name: study.built_on(name) for name in systems},
        controls=controls(study),
    )
