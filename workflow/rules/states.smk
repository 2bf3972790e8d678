# Needs: features (and reference). Makes: results/{system}/{coordinate}/states/{states}.h5.
# Steps: fit_states fits coordinate and partition on training frames and assigns every frame.


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
