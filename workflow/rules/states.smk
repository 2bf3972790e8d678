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
        mem_mb=500,
        runtime=growing(10),
    # The script reads lags and windows from the configuration. As params they would make all models
    # train anew when a lag is added; `ancient` does not help: where what is ancient has to be made
    # anew, Snakemake 9.27.1 overlooks every other reason to run what needs it.
    script:
        "../scripts/check_lengths.py"


rule fit_states:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
        reference=lambda w: (
            [f"{RESULTS}/{w.system}/reference.h5"] if has_reference(w.system) else []
        ),
        maps=maps_of_states,
        code=library(
            "states/coordinates.py",
            "states/partition_methods.py",
            "states/partition.py",
            "states/geometry.py",
            "states/fit.py",
        ),
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
        definition=states_params,
    script:
        "../scripts/fit_states.py"
