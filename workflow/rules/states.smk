# Needs: features (and reference). Makes: results/{system}/{coordinate}/states/{states}.h5.
# Steps: check_lengths refuses lags and training windows that no trajectory is long enough for, before
# anything is trained; fit_states fits coordinate and partition on training frames and assigns
# every frame.


rule check_lengths:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
    output:
        lengths=f"{RESULTS}/{{system}}/lengths.json",
    log:
        f"{RESULTS}/logs/check_lengths/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_lengths/{{system}}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
        # A resource, because Snakemake runs a job again for a changed parameter but not for a
        # changed resource, and a longer lag or window must not train everything again. In a
        # finished study, the jobs that use the longer one refuse it before they begin.
        plan=planned(plan.lengths_plan, "system"),
        metastable=lambda wildcards: plan.metastable(STUDY, wildcards.system),
    params:
        code=code_of("check_lengths"),
    script:
        "../scripts/check_lengths.py"


rule fit_states:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
        lengths=f"{RESULTS}/{{system}}/lengths.json",
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
        maps=lambda w: stamp_of(maps_of_states(w)),
    script:
        "../scripts/fit_states.py"
