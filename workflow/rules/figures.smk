# Needs: comparison.parquet, cost.parquet, claims.json; history.parquet, states, generated.h5 and kinetics.h5.
# Makes: results/figures/claims.{pdf,png} and results/figures/{system}_{figure}.{pdf,png}.
# Steps: plot_claims once; every other rule once a system, plot_factor once a swept factor too,
# plot_heatmap once a full grid of two factors, plot_recrossing where recrossings are removed,
# plot_controls where a network is varied in the base cell.
CLAIM_OF = {
    "dimension": "C2 dimension",
    "dimension_interval": "C2 dimension",
    "interval": "C3 saving interval",
    "interval_partition": "C3 saving interval",
    "partition": "C4 partition",
}
FACTOR_FIGURES = [
    f"{system}_{factor}"
    for system in SYSTEMS
    for factor in COLUMN
    if len(levels.factor_levels(STUDY, system, factor)) > 1
]
HEATMAPS = [
    f"{system}_{grid}"
    for system in SYSTEMS
    for grid in levels.GRIDS
    if all(levels.grid_levels(STUDY, system, grid).values())
]
RECROSSINGS = [
    f"{system}_recrossing" for system in SYSTEMS if levels.recrossing_cells(STUDY, system)
]
CONTROLS = [
    f"{system}_controls"
    for system in SYSTEMS
    if set(STUDY.cells[STUDY.base(system)]) & set(STUDY.controls())
]
SYSTEM_FIGURES = [
    f"{system}_{figure}"
    for system in SYSTEMS
    for figure in (
        "timescales",
        "transition_matrices",
        "populations_mfpt",
        "residence_times",
        "training",
        "free_energy",
        "strips",
        "cost",
    )
]
ALL_FIGURES = [
    "claims",
    *FACTOR_FIGURES,
    *HEATMAPS,
    *RECROSSINGS,
    *CONTROLS,
    *SYSTEM_FIGURES,
]
FIGURES = expand(
    f"{RESULTS}/figures/{{figure}}.{{format}}",
    figure=ALL_FIGURES,
    format=["pdf", "png"],
)


rule plot_claims:
    input:
        claims=f"{RESULTS}/claims.json",
        code=library("report/figures/claims.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/claims.pdf",
        png=report(
            f"{RESULTS}/figures/claims.png",
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "forest plot"},
            caption="../report/forest.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_claims.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
    params:
        tolerance=STUDY.settings.tolerance,
    script:
        "../scripts/plot_claims.py"


rule plot_timescales:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library("report/figures/timescales.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_timescales.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_timescales.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "implied timescales"},
            caption="../report/timescales.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_timescales/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_timescales/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        models=PLAIN,
    script:
        "../scripts/plot_timescales.py"


rule plot_factor:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library("report/figures/factor.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_{{factor}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_{{factor}}.png",
            category="Claims",
            subcategory=lambda w: CLAIM_OF[w.factor],
            labels={"system": "{system}", "figure": "{factor}"},
            caption="../report/factor.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_factor/{{system}}_{{factor}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_factor/{{system}}_{{factor}}.tsv"
    wildcard_constraints:
        factor=names(COLUMN),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        levels=lambda w: levels.factor_levels(STUDY, w.system, w.factor),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        tolerance=STUDY.settings.tolerance,
        models=PLAIN,
        states=lambda w: levels.microstates(STUDY, w.system) if w.factor == "dimension" else {},
    script:
        "../scripts/plot_factor.py"


rule plot_heatmap:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library("report/figures/heatmap.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_{{grid}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_{{grid}}.png",
            category="Claims",
            subcategory=lambda w: CLAIM_OF[w.grid],
            labels={"system": "{system}", "figure": "{grid}"},
            caption="../report/heatmap.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_heatmap/{{system}}_{{grid}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_heatmap/{{system}}_{{grid}}.tsv"
    wildcard_constraints:
        grid=names(levels.GRIDS),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        grid=lambda w: levels.grid_levels(STUDY, w.system, w.grid),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        models=PLAIN,
    script:
        "../scripts/plot_heatmap.py"


rule plot_recrossing:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library("report/figures/recrossing.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_recrossing.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_recrossing.png",
            category="Claims",
            subcategory="C5 removal of recrossings",
            labels={"system": "{system}", "figure": "removal of recrossings"},
            caption="../report/recrossing.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_recrossing/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_recrossing/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        cells=lambda w: levels.recrossing_cells(STUDY, w.system),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        models=PLAIN,
    script:
        "../scripts/plot_recrossing.py"


rule plot_controls:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library("report/figures/controls.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_controls.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_controls.png",
            category="Claims",
            subcategory="controls",
            labels={"system": "{system}", "figure": "controls"},
            caption="../report/controls.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_controls/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_controls/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        tolerance=STUDY.settings.tolerance,
        models=STUDY.with_controls(),
        controls=STUDY.controls(),
    script:
        "../scripts/plot_controls.py"


rule plot_transition_matrices:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library(
            "report/figures/transition_matrices.py", "report/figures/style.py", "analysis/tidy.py"
        ),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_transition_matrices.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_transition_matrices.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "transition matrices"},
            caption="../report/transition_matrices.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_transition_matrices/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_transition_matrices/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        models=lambda w: [m for m in BASE_MODELS[w.system] if m in STUDY.networks()],
    script:
        "../scripts/plot_transition_matrices.py"


rule plot_populations_mfpt:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library(
            "report/figures/populations_mfpt.py", "report/figures/style.py", "analysis/tidy.py"
        ),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_populations_mfpt.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_populations_mfpt.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "populations and first passages"},
            caption="../report/populations_mfpt.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_populations_mfpt/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_populations_mfpt/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        models=lambda w: BASE_MODELS[w.system],
    script:
        "../scripts/plot_populations_mfpt.py"


rule plot_residence_times:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        code=library(
            "report/figures/residence_times.py", "report/figures/style.py", "analysis/tidy.py"
        ),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_residence_times.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_residence_times.png",
            category="Claims",
            subcategory="C6 beyond timescales",
            labels={"system": "{system}", "figure": "residence times and crossings"},
            caption="../report/residence_times.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_residence_times/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_residence_times/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        base=lambda w: levels.base_levels(STUDY, w.system),
        models=lambda w: BASE_MODELS[w.system],
    script:
        "../scripts/plot_residence_times.py"


rule plot_training:
    input:
        histories=lambda w: per_model("history.parquet", w.system),
        code=library("report/figures/training.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_training.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_training.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "training"},
            caption="../report/training.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_training/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_training/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
    params:
        cells=lambda w: [c for c in STUDY.table().to_dict("records") if c["system"] == w.system],
        unit=lambda w: STUDY.system(w.system).time_unit,
        models=list(STUDY.settings.models),
        controls=STUDY.controls(),
    script:
        "../scripts/plot_training.py"


rule plot_free_energy:
    input:
        states=map_files,
        code=library("report/figures/free_energy.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_free_energy.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_free_energy.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "free energy"},
            caption="../report/free_energy.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_free_energy/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_free_energy/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    script:
        "../scripts/plot_free_energy.py"


rule plot_strips:
    input:
        states=lambda w: states_of_cell(STUDY.base(w.system)),
        kinetics=base_file("kinetics.h5"),
        generated=lambda w: [
            base_file(f"{model}/generated.h5")(w) for model in BASE_MODELS[w.system]
        ],
        code=library("report/figures/strips.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_strips.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_strips.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "trajectories"},
            caption="../report/strips.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_strips/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_strips/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
    params:
        stride=lambda w: STUDY.stride(STUDY.base(w.system)),
        interval=lambda w: STUDY.base(w.system).interval,
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        unit=lambda w: STUDY.system(w.system).time_unit,
        models=lambda w: BASE_MODELS[w.system],
    script:
        "../scripts/plot_strips.py"


rule plot_cost:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        cost=f"{RESULTS}/cost.parquet",
        code=library("report/figures/cost.py", "report/figures/style.py", "analysis/tidy.py"),
    output:
        pdf=f"{RESULTS}/figures/{{system}}_cost.pdf",
        png=report(
            f"{RESULTS}/figures/{{system}}_cost.png",
            category="Systems",
            subcategory="{system}",
            labels={"figure": "cost"},
            caption="../report/cost.rst",
        ),
    log:
        f"{RESULTS}/logs/plot_cost/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_cost/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        lag=lambda w: STUDY.system(w.system).yardstick.lag,
        tolerance=STUDY.settings.tolerance,
        models=list(STUDY.settings.models),
        controls=STUDY.controls(),
    script:
        "../scripts/plot_cost.py"
