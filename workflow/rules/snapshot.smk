# Needs: a finished study. Makes: docs/results/, small enough to keep: page, figures, tables; and what
# README.md says was found.
# Steps: write_results_page, on demand (make snapshot).
SNAPSHOT = "docs/results"
KEPT_FIGURES = catalogue.figures(STUDY, *results.KEPT)


rule write_results_page:
    input:
        claims=f"{RESULTS}/claims.json",
        assessments=ASSESSMENTS,
        recommendation=f"{RESULTS}/recommendation.json",
        recommendation_page=f"{RESULTS}/recommendation.md",
        diagnosis=f"{RESULTS}/diagnosis.md",
        comparison=f"{RESULTS}/comparison.parquet",
        cost=f"{RESULTS}/cost.parquet",
        cost_csv=f"{RESULTS}/cost.csv",
        runs=per_model("run.json"),
        laws=ROOT / "resources/laws.json",
        board=ROOT / "docs/leaderboard/leaderboard.csv",
        figures=expand(f"{RESULTS}/figures/{{figure}}.png", figure=KEPT_FIGURES),
    output:
        page=f"{SNAPSHOT}/README.md",
        claims=f"{SNAPSHOT}/claims.json",
        assessments=expand(f"{SNAPSHOT}/assessments/{{system}}.json", system=SYSTEMS),
        recommendation=f"{SNAPSHOT}/recommendation.json",
        comparison=f"{SNAPSHOT}/comparison.parquet",
        cost_csv=f"{SNAPSHOT}/cost.csv",
        config=f"{SNAPSHOT}/config.json",
        provenance=f"{SNAPSHOT}/provenance.json",
        figures=expand(f"{SNAPSHOT}/figures/{{figure}}.png", figure=KEPT_FIGURES),
    log:
        f"{RESULTS}/logs/write_results_page.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_results_page.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("write_results_page"),
        config=lambda w: as_param(STUDY.settings),
        study=study_file(),
        plan=planned(plan.results_page_plan),
    script:
        "../scripts/write_results_page.py"
