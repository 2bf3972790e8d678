# Needs: kinetics.h5 of each cell, run.json of each model, the states of the yardstick and of all
# cells of each system, exact spectra.
# Makes: results/{system}/assessment.json, results/cells.{csv,html}, comparison.{csv,parquet,html},
# cost.{csv,parquet,html}, claims.{json,md,html},
# diagnosis.{json,md,html}, recommendation.{json,md,html}.
# Steps: list_cells; assess_md says for each system what its MD can decide; compare_cells -> write_tables
# and judge_claims, which also diagnoses failures -> recommend.
ASSESSMENTS = [f"{RESULTS}/{system}/assessment.json" for system in SYSTEMS]


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
        spectra=[spectrum_of(system) for system in plan.solved_systems(STUDY)],
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


rule write_tables:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        cost=f"{RESULTS}/cost.parquet",
    output:
        comparison=report(
            f"{RESULTS}/comparison.html",
            category="Tables",
            labels={"table": "model / MD in every cell"},
            caption="../report/comparison.rst",
        ),
        cost=report(
            f"{RESULTS}/cost.html",
            category="Tables",
            labels={"table": "cost"},
            caption="../report/spent.rst",
        ),
    log:
        f"{RESULTS}/logs/write_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_tables.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        code=code_of("write_tables"),
        plan=planned(plan.tables_plan),
    script:
        "../scripts/write_tables.py"


rule assess_md:
    input:
        states=lambda w: plan.yardstick_states(STUDY, w.system),
        finer=lambda w: [f.path for f in plan.finer_states(STUDY, w.system)],
    output:
        json=f"{RESULTS}/{{system}}/assessment.json",
    log:
        f"{RESULTS}/logs/assess_md/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/assess_md/{{system}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing_with_states(2000, memory.PAIR_BYTES["assess_md"], "states", "finer"),
        runtime=growing(30),
    params:
        code=code_of("assess_md"),
        plan=planned(plan.assessment_plan, "system"),
    script:
        "../scripts/assess_md.py"


rule judge_claims:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        assessments=ASSESSMENTS,
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
        diagnosis=f"{RESULTS}/diagnosis.json",
        diagnosis_markdown=f"{RESULTS}/diagnosis.md",
        diagnosis_html=report(
            f"{RESULTS}/diagnosis.html",
            category="Claims",
            subcategory="all verdicts",
            labels={"page": "why networks fail"},
            caption="../report/diagnosis.rst",
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


rule recommend:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        assessments=ASSESSMENTS,
        kinetics=per_cell("kinetics.h5"),
        claims=f"{RESULTS}/claims.json",
    output:
        record=f"{RESULTS}/recommendation.json",
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
        mem_mb=growing(1000),
    params:
        code=code_of("recommend"),
        plan=planned(plan.recommendation_plan),
    script:
        "../scripts/recommend.py"
