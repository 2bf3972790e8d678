# Needs: states of every planned cell (and so the features), nothing trained.
# Makes: results/inspect.{md,html,csv} and figures/inspect.{pdf,png}: is a study worth its time?
# Steps: inspect_data, on demand (make inspect).


rule inspect_data:
    input:
        states=[path for system in SYSTEMS for path in inspection_plan(system)["states"].values()],
    output:
        markdown=f"{RESULTS}/inspect.md",
        html=report(f"{RESULTS}/inspect.html", category="Data", caption="../report/inspect.rst"),
        csv=f"{RESULTS}/inspect.csv",
        pdf=f"{RESULTS}/figures/inspect.pdf",
        png=f"{RESULTS}/figures/inspect.png",
    log:
        f"{RESULTS}/logs/inspect_data.log",
    benchmark:
        f"{RESULTS}/benchmarks/inspect_data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code_of("inspect_data"),
        plans={system: inspection_plan(system) for system in sorted(SYSTEMS)},
        cores=lambda wildcards: workflow.cores or 1,
    script:
        "../scripts/inspect_data.py"
