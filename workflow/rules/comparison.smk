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
        spectra=[
            os.path.relpath(ROOT / "resources/four_state/exact_spectrum.json")
            for system in of_kind(FourState)
        ],
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
        plan=planned(plan.comparison_plan),
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
        plan=planned(plan.claims_plan),
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
        plan=planned(plan.diagnosis_plan),
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
        plan=planned(plan.recommendation_plan),
    script:
        "../scripts/recommend.py"
