# Needs: states, the yardstick's states, what the models generated.
# Makes: kinetics.h5 of each cell: MD, reference and all models in one job, with the same estimator.
# Steps: estimate_kinetics. On demand, cells_of_claims: those that decide the claims, to have first.


rule estimate_kinetics:
    input:
        states=states_of_cell,
        yardstick=yardstick_of_cell,
        generated=generated_of_cell,
    output:
        kinetics=f"{CELL}/kinetics.h5",
    log:
        f"{RESULTS}/logs/estimate_kinetics/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/estimate_kinetics/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing_with_states(
            3000, memory.compared_bytes(STUDY.settings.bootstrap_samples), "yardstick"
        ),
        runtime=growing(60),
    params:
        code=code_of("estimate_kinetics"),
        plan=planned_of_cell(plan.kinetics_plan),
        models=lambda w: sorted(STUDY.cells[cell_of(w)]),
    message:
        "kinetics: {wildcards.system}, {wildcards.coordinate}, interval {wildcards.interval}, "
        "{wildcards.partition}"
    script:
        "../scripts/estimate_kinetics.py"


rule cells_of_claims:
    input:
        [f"{RESULTS}/{cell.folder}/kinetics.h5" for cell in STUDY.cells_of_claims()],
