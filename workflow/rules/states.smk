# Needs: features (and reference). Makes: results/{system}/{coordinate}/states/{states}.h5.
# Steps: check_lengths refuses lags and training windows that no trajectory is long enough for, before
# anything is trained; fit_states fits coordinate and partition on training frames and assigns
# every frame.
LENGTHS = [f"{RESULTS}/{system}/lengths.json" for system in SYSTEMS]


rule check_lengths:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
    output:
        lengths=f"{RESULTS}/{{system}}/lengths.json",
    log:
        f"{RESULTS}/logs/check_lengths/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_lengths/{{system}}.tsv"
    # What trains takes no notice of its output, so that a longer lag trains nothing again: it comes
    # first. An ancient input would not do, as Snakemake 9.27.1 forgets all that lies behind one.
    priority: 100
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=growing(10),
    params:
        code=code_of("check_lengths"),
        plan=planned(plan.lengths_plan, "system"),
    script:
        "../scripts/check_lengths.py"


rule fit_states:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
        reference=lambda w: (
            [f"{RESULTS}/{w.system}/reference.h5"]
            if source_plan.has_reference(STUDY, w.system)
            else []
        ),
        maps=maps_of_states,
    output:
        states=f"{RESULTS}/{{system}}/{{coordinate}}/states/{{states}}.h5",
    log:
        f"{RESULTS}/logs/fit_states/{{system}}/{{coordinate}}/{{states}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_states/{{system}}/{{coordinate}}/{{states}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        code=code_of("fit_states"),
        plan=planned(plan.states_plan, "system", "coordinate", "states"),
    script:
        "../scripts/fit_states.py"
