# Needs: comparison.parquet, cost.parquet, assessments, kinetics.h5 and states of the base cell of each system,
# exact.json and generated.h5 of hidden chains.
# Makes: leaderboard.{csv,md,pdf,png} and leaderboard_metrics.csv in the folder of results.
# Steps: rank_models -> plot_leaderboard; `make leaderboard` runs both on config/leaderboard.yaml.
# keep_leaderboard, on demand (make keep-leaderboard), copies them into docs/leaderboard, under the name of the
# folder of results; keep_recipes, on demand, keeps the scores of config/recipes.yaml and writes the tables of
# docs/recipes.md.
LEADERBOARD = f"{RESULTS}/leaderboard"
KEPT_BOARD = f"docs/leaderboard/{os.path.basename(RESULTS)}"


rule rank_models:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        cost=f"{RESULTS}/cost.parquet",
        kinetics=[f"{RESULTS}/{STUDY.base(s).folder}/kinetics.h5" for s in SYSTEMS],
        assessments=ASSESSMENTS,
        states=[states_of_cell(STUDY.base(s)) for s in SYSTEMS],
        answers=[f"{RESULTS}/{s}/exact.json" for s in of_kind(HiddenChain)],
        generated=[
            f"{RESULTS}/{STUDY.base(s).folder}/{model}/generated.h5"
            for s in of_kind(HiddenChain)
            for model in sorted(STUDY.cells[STUDY.base(s)])
        ],
    output:
        csv=f"{LEADERBOARD}.csv",
        metrics=f"{LEADERBOARD}_metrics.csv",
        markdown=f"{LEADERBOARD}.md",
    log:
        f"{RESULTS}/logs/rank_models.log",
    benchmark:
        f"{RESULTS}/benchmarks/rank_models.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        code=code_of("rank_models"),
        plan=planned(plan.ranking_plan),
    script:
        "../scripts/rank_models.py"


rule keep_leaderboard:
    input:
        csv=f"{LEADERBOARD}.csv",
        metrics=f"{LEADERBOARD}_metrics.csv",
        markdown=f"{LEADERBOARD}.md",
        png=f"{LEADERBOARD}.png",
    output:
        csv=f"{KEPT_BOARD}.csv",
        metrics=f"{KEPT_BOARD}_metrics.csv",
        markdown=f"{KEPT_BOARD}.md",
        png=f"{KEPT_BOARD}.png",
    log:
        f"{RESULTS}/logs/keep_leaderboard.log",
    benchmark:
        f"{RESULTS}/benchmarks/keep_leaderboard.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(100),
    shell:
        "{{ cp {input.csv} {output.csv}; cp {input.metrics} {output.metrics};"
        " cp {input.markdown} {output.markdown}; cp {input.png} {output.png}; }} 2> {log}"


rule keep_recipes:
    input:
        csv=f"{LEADERBOARD}.csv",
        runs=per_model("run.json"),
    output:
        csv="docs/recipes/scores.csv",
    log:
        f"{RESULTS}/logs/keep_recipes.log",
    benchmark:
        f"{RESULTS}/benchmarks/keep_recipes.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        code=code_of("keep_recipes"),
        plan=planned(plan.recipe_search),
    script:
        "../scripts/keep_recipes.py"
