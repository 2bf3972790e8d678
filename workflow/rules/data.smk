# Needs: the settings of a simulated system, the trajectories in resources/, or a user's own files.
# Makes: results/{system}/features.h5 and, for simulated systems, reference.h5.
# Steps: simulate_four_state | import_embedded | (download_data ->) import_data. On demand, regenerate_resources makes what
# resources/ holds anew, in results/regenerated/, by simulate_peptide, simulate_go_model and compute_exact_spectrum.


rule simulate_four_state:
    output:
        features=f"{RESULTS}/{{system}}/{{part}}.h5",
    log:
        f"{RESULTS}/logs/simulate_four_state/{{system}}_{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_four_state/{{system}}_{{part}}.tsv"
    wildcard_constraints:
        system=names(SIMULATED),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code_of("simulate_four_state"),
        simulation=simulation_params,
    script:
        "../scripts/simulate_four_state.py"


rule import_embedded:
    input:
        trajectories=lambda w: [
            os.path.relpath(f) for f in source_files(SYSTEMS[w.system]["source"], ROOT)
        ],
    output:
        features=f"{RESULTS}/{{system}}/features.h5",
    log:
        f"{RESULTS}/logs/import_embedded/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/import_embedded/{{system}}.tsv"
    wildcard_constraints:
        system=names(EMBEDDED),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("import_embedded"),
        frame_interval=lambda w: SYSTEMS[w.system]["frame_interval"],
        time_unit=lambda w: SYSTEMS[w.system]["time_unit"],
    script:
        "../scripts/import_embedded.py"


rule download_data:
    output:
        file=f"{RESULTS}/{{system}}/downloads/{{file}}",
    log:
        f"{RESULTS}/logs/download_data/{{system}}_{{file}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/download_data/{{system}}_{{file}}.tsv"
    wildcard_constraints:
        system=names(IMPORTED_SYSTEMS),
        file="[^/]+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
    params:
        code=code_of("download_data"),
        origin=lambda w: downloads(SYSTEMS[w.system]["source"])[w.file],
    script:
        "../scripts/download_data.py"


rule import_data:
    input:
        unpack(files_of_source),
    output:
        features=f"{RESULTS}/{{system}}/features.h5",
    log:
        f"{RESULTS}/logs/import_data/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/import_data/{{system}}.tsv"
    wildcard_constraints:
        system=names(IMPORTED_SYSTEMS),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=3000,
    params:
        code=code_of("import_data"),
        source=lambda w: ordered(SYSTEMS[w.system]["source"]),
        frame_interval=lambda w: SYSTEMS[w.system]["frame_interval"],
        time_unit=lambda w: SYSTEMS[w.system]["time_unit"],
    script:
        "../scripts/import_data.py"


rule simulate_peptide:
    output:
        trajectory=f"{RESULTS}/regenerated/{{molecule}}/trajectory_{{number}}.h5",
    log:
        f"{RESULTS}/logs/simulate_peptide/{{molecule}}_{{number}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_peptide/{{molecule}}_{{number}}.tsv"
    wildcard_constraints:
        molecule=names(recipes_of("peptide")),
        number=r"\d+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2880),
    params:
        code=code_of("simulate_peptide"),
        recipe=lambda w: ordered(RECIPES[w.molecule]),
        seed=seed_of_recipe,
    script:
        "../scripts/simulate_peptide.py"


rule simulate_go_model:
    input:
        native=lambda w: os.path.relpath(ROOT / RECIPES[w.molecule]["native"]),
    output:
        trajectory=f"{RESULTS}/regenerated/{{molecule}}/trajectory_{{number}}.h5",
    log:
        f"{RESULTS}/logs/simulate_go_model/{{molecule}}_{{number}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_go_model/{{molecule}}_{{number}}.tsv"
    wildcard_constraints:
        molecule=names(recipes_of("go_model")),
        number=r"\d+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(240),
    params:
        code=code_of("simulate_go_model"),
        recipe=lambda w: ordered(RECIPES[w.molecule]),
        seed=seed_of_recipe,
    script:
        "../scripts/simulate_go_model.py"


rule compute_exact_spectrum:
    output:
        spectrum=f"{RESULTS}/regenerated/four_state/exact_spectrum.json",
    log:
        f"{RESULTS}/logs/compute_exact_spectrum.log",
    benchmark:
        f"{RESULTS}/benchmarks/compute_exact_spectrum.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        code=code_of("compute_exact_spectrum"),
    script:
        "../scripts/compute_exact_spectrum.py"


rule regenerate_resources:
    input:
        [
            f"{RESULTS}/regenerated/{molecule}/trajectory_{number}.h5"
            for molecule, recipe in RECIPES.items()
            for number in range(1, recipe["trajectories"] + 1)
        ],
        f"{RESULTS}/regenerated/four_state/exact_spectrum.json",
