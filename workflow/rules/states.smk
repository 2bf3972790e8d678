# Needs: features (and reference). Makes: results/{system}/{coordinate}/states/{states}.h5.
# Steps: check_lags refuses lags that no trajectory is long enough for, and check_windows training
# windows, which an inspection does not need; fit_states fits coordinate and partition on training
# frames and assigns every frame.


rule check_lags:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
    output:
        lengths=f"{RESULTS}/{{system}}/lengths.json",
    log:
        f"{RESULTS}/logs/check_lags/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_lags/{{system}}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=growing(10),
    params:
        longest_lag=lambda w: round(
            max(SYSTEMS[w.system]["lags"]) / SYSTEMS[w.system]["frame_interval"]
        ),
    script:
        "../scripts/check_lags.py"


rule check_windows:
    input:
        lengths=f"{RESULTS}/{{system}}/lengths.json",
    output:
        windows=f"{RESULTS}/{{system}}/windows.json",
    log:
        f"{RESULTS}/logs/check_windows/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_windows/{{system}}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=growing(10),
    params:
        split=split_params,
        windows=windows_params,
    script:
        "../scripts/check_windows.py"


rule fit_states:
    input:
        features=f"{RESULTS}/{{system}}/features.h5",
        reference=lambda w: (
            [f"{RESULTS}/{w.system}/reference.h5"] if has_reference(w.system) else []
        ),
        maps=maps_of_states,
        code=library(
            "coordinates.py", "partition.py", "states.py", "geometry.py", "discretisation.py"
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
