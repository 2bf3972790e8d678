# Needs: kinetics.h5 of each cell and run.json of each model.
# Makes: results/cells.{csv,html}, comparison.{csv,parquet}, cost.{csv,parquet}, claims.{json,md,html},
# diagnosis.{json,md,html}, recommendation.{md,html}.
# Steps: list_cells; compare_cells -> judge_claims, diagnose, recommend.


rule list_cells:
    output:
        csv=f"{RESULTS}/cells.csv",
        html=report(
            f"{RESULTS}/cells.html",
            category="Tables",
            labels={"table": "cells and models of the sweep"},
            caption="../report/cells.rst",
        ),
    log:
        f"{RESULTS}/logs/list_cells.log",
    benchmark:
        f"{RESULTS}/benchmarks/list_cells.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code_of("list_cells"),
        rows=STUDY.table().to_dict("records"),
    script:
        "../scripts/list_cells.py"


rule compare_cells:
    input:
        kinetics=per_cell("kinetics.h5"),
        runs=per_model("run.json"),
        spectra=list(exact_spectra().values()),
    output:
        csv=f"{RESULTS}/comparison.csv",
        parquet=f"{RESULTS}/comparison.parquet",
        cost_csv=f"{RESULTS}/cost.csv",
        cost_parquet=f"{RESULTS}/cost.parquet",
    log:
        f"{RESULTS}/logs/compare_cells.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_cells.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code_of("compare_cells"),
        cells=STUDY.cell_records(),
        spectra=sorted(exact_spectra()),
        units={s: SYSTEMS[s]["time_unit"] for s in sorted(SYSTEMS)},
        seed=STUDY.config["seed"],
    script:
        "../scripts/compare_cells.py"


rule judge_claims:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        kinetics=per_cell("kinetics.h5"),
    output:
        json=f"{RESULTS}/claims.json",
        markdown=f"{RESULTS}/claims.md",
        html=report(
            f"{RESULTS}/claims.html",
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "verdicts and controls"},
            caption="../report/claims.rst",
        ),
    log:
        f"{RESULTS}/logs/judge_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge_claims.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("judge_claims"),
        contrasts=STUDY.contrasts(),
        cells=STUDY.cell_records(),
        networks=STUDY.networks(),
        controls=STUDY.controls(),
        yardstick_lags={s: SYSTEMS[s]["yardstick"]["lag"] for s in sorted(SYSTEMS)},
        tolerance=STUDY.config["tolerance"],
        minimum_transitions=STUDY.config["minimum_transitions"],
        seed=STUDY.config["seed"],
    script:
        "../scripts/judge_claims.py"


rule diagnose:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        kinetics=per_cell("kinetics.h5"),
    output:
        json=f"{RESULTS}/diagnosis.json",
        markdown=f"{RESULTS}/diagnosis.md",
        html=report(
            f"{RESULTS}/diagnosis.html",
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "why networks fail"},
            caption="../report/diagnosis.rst",
        ),
    log:
        f"{RESULTS}/logs/diagnose.log",
    benchmark:
        f"{RESULTS}/benchmarks/diagnose.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("diagnose"),
        cells=STUDY.cell_records(),
        bases=STUDY.bases(),
        controls=STUDY.controls(),
        varied=STUDY.varied(),
        networks=STUDY.networks(),
        yardstick_lags={s: SYSTEMS[s]["yardstick"]["lag"] for s in sorted(SYSTEMS)},
        tolerance=STUDY.config["tolerance"],
        minimum_transitions=STUDY.config["minimum_transitions"],
        seed=STUDY.config["seed"],
    script:
        "../scripts/diagnose.py"


rule recommend:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        kinetics=per_cell("kinetics.h5"),
    output:
        markdown=f"{RESULTS}/recommendation.md",
        html=report(
            f"{RESULTS}/recommendation.html",
            category="Answer",
            labels={"page": "which interval and partition"},
            caption="../report/recommendation.rst",
        ),
    log:
        f"{RESULTS}/logs/recommend.log",
    benchmark:
        f"{RESULTS}/benchmarks/recommend.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_of("recommend"),
        cells=STUDY.cell_records(),
        systems={
            s: ordered(SYSTEMS[s]["yardstick"]) | {"unit": SYSTEMS[s]["time_unit"]}
            for s in sorted(SYSTEMS)
        },
        settings={
            "networks": STUDY.networks(),
            "baselines": [m for m in PLAIN if m not in STUDY.networks()],
            "tolerance": STUDY.config["tolerance"],
            "minimum_transitions": STUDY.config["minimum_transitions"],
        },
    script:
        "../scripts/recommend.py"
