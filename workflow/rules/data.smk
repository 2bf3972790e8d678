# Needs: the settings of a simulated system, the trajectories in resources/, or a user's own files.
# Makes: results/{system}/features.h5, for the four-state system reference.h5, for hidden chains exact.json.
# Steps: simulate_four_state | simulate_hidden_chain, solve_hidden_chain | import_embedded | (download_data ->) import_data. On demand, regenerate_resources makes what
# resources/ holds again, in results/regenerated/, by simulate_peptide, simulate_go_model and compute_exact_spectrum.


rule simulate_four_state:
    output:
        features=f"{RESULTS}/{{system}}/{{part}}.h5",
    log:
        f"{RESULTS}/logs/simulate_four_state/{{system}}_{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_four_state/{{system}}_{{part}}.tsv"
    wildcard_constraints:
        system=names(of_kind(FourState)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code_of("simulate_four_state"),
        plan=planned(source_plan.simulation_plan, "system", "part"),
    script:
        "../scripts/simulate_four_state.py"


rule simulate_hidden_chain:
    output:
        features=f"{RESULTS}/{{system}}/features.h5",
    log:
        f"{RESULTS}/logs/simulate_hidden_chain/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_hidden_chain/{{system}}.tsv"
    wildcard_constraints:
        system=names(of_kind(HiddenChain)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("simulate_hidden_chain"),
        plan=planned(source_plan.hidden_chain_plan, "system"),
    script:
        "../scripts/simulate_hidden_chain.py"


rule solve_hidden_chain:
    output:
        answers=f"{RESULTS}/{{system}}/exact.json",
    log:
        f"{RESULTS}/logs/solve_hidden_chain/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/solve_hidden_chain/{{system}}.tsv"
    wildcard_constraints:
        system=names(of_kind(HiddenChain)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        code=code_of("solve_hidden_chain"),
        plan=planned(source_plan.answers_plan, "system"),
    script:
        "../scripts/solve_hidden_chain.py"


rule import_embedded:
    input:
        trajectories=lambda w: [
            os.path.relpath(file) for file in embedded_files(STUDY.system(w.system).source, ROOT)
        ],
    output:
        features=f"{RESULTS}/{{system}}/features.h5",
    log:
        f"{RESULTS}/logs/import_embedded/{{system}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/import_embedded/{{system}}.tsv"
    wildcard_constraints:
        system=names(of_kind(Embedded)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("import_embedded"),
        plan=planned(source_plan.embedded_plan, "system"),
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
        system=names(of_kind(Imported)),
        file="[^/]+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(500),
    params:
        code=code_of("download_data"),
        origin=lambda w: downloads(source_of(w))[w.file],
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
        system=names(of_kind(Imported)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(3000),
    params:
        code=code_of("import_data"),
        plan=planned(source_plan.import_plan, "system"),
        files=stamp_of_source,
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
        molecule=names(recipes.made_by(RECIPES, "peptide")),
        number=r"\d+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(2880),
    params:
        code=code_of("simulate_peptide"),
        recipe=lambda w: as_param(RECIPES[w.molecule]),
        seed=lambda w: recipes.seed_of(RECIPES[w.molecule], int(w.number)),
    script:
        "../scripts/simulate_peptide.py"


rule simulate_go_model:
    input:
        native=lambda w: os.path.relpath(ROOT / RECIPES[w.molecule].native),
    output:
        trajectory=f"{RESULTS}/regenerated/{{molecule}}/trajectory_{{number}}.h5",
    log:
        f"{RESULTS}/logs/simulate_go_model/{{molecule}}_{{number}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_go_model/{{molecule}}_{{number}}.tsv"
    wildcard_constraints:
        molecule=names(recipes.made_by(RECIPES, "go_model")),
        number=r"\d+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(240),
    params:
        code=code_of("simulate_go_model"),
        recipe=lambda w: as_param(RECIPES[w.molecule]),
        seed=lambda w: recipes.seed_of(RECIPES[w.molecule], int(w.number)),
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
            for number in range(1, recipe.trajectories + 1)
        ],
        f"{RESULTS}/regenerated/four_state/exact_spectrum.json",
