# Needs: the settings of a simulated system, or the trajectories in resources/.
# Makes: results/{system}/features.h5 and, for simulated systems, reference.h5.
# Steps: simulate_four_state | import_embedded.


rule simulate_four_state:
    input:
        code=library("systems/four_state.py"),
    output:
        features=RESULTS + "/{system}/{part}.h5",
    log:
        RESULTS + "/logs/simulate_four_state/{system}_{part}.log",
    benchmark:
        RESULTS + "/benchmarks/simulate_four_state/{system}_{part}.tsv"
    wildcard_constraints:
        system=names(SIMULATED),
    threads: 1
    resources:
        mem_mb=2000,
    params:
        simulation=simulation_params,
    conda:
        ENVIRONMENT
    script:
        "../scripts/simulate_four_state.py"


rule import_embedded:
    input:
        trajectories=lambda w: [
            str(f) for f in source_files(SYSTEMS[w.system]["source"], ROOT)
        ],
        code=library("systems/embedded.py"),
    output:
        features=RESULTS + "/{system}/features.h5",
    log:
        RESULTS + "/logs/import_embedded/{system}.log",
    benchmark:
        RESULTS + "/benchmarks/import_embedded/{system}.tsv"
    wildcard_constraints:
        system=names(EMBEDDED),
    threads: 1
    resources:
        mem_mb=2000,
    params:
        frame_interval=lambda w: SYSTEMS[w.system]["frame_interval"],
        time_unit=lambda w: SYSTEMS[w.system]["time_unit"],
    conda:
        ENVIRONMENT
    script:
        "../scripts/import_embedded.py"
