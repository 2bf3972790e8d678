# Needs: states of every planned cell (and so the features), nothing trained.
# Makes: results/inspect.{md,html,csv}: is a study worth its time?
# Steps: inspect_data -> plot_inspect, on demand (make inspect).


rule inspect_data:
    input:
        states=[f.path for s in SYSTEMS for f in plan.inspection_plan(STUDY, s).states],
        assessments=ASSESSMENTS,
    output:
        markdown=f"{RESULTS}/inspect.md",
        html=report(f"{RESULTS}/inspect.html", category="Data", caption="../report/inspect.rst"),
        csv=f"{RESULTS}/inspect.csv",
    log:
        f"{RESULTS}/logs/inspect_data.log",
    benchmark:
        f"{RESULTS}/benchmarks/inspect_data.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing_with_states(3000, memory.PAIR_BYTES["inspect_data"], "states"),
    params:
        code=code_of("inspect_data"),
        plan=planned(plan.inspection_plans),
        laws=KEPT_LAWS,
        figures=len(catalogue.figures(STUDY)),
        cores=lambda wildcards: workflow.cores or 1,
    script:
        "../scripts/inspect_data.py"
