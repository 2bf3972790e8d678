# Needs: states. Makes: model.safetensors, history.parquet, generated.h5, run.json of each cell.
# Steps: train_model (all replicates in one job, resumable) -> generate_trajectories.


rule train_model:
    input:
        states=states_of_cell,
        code=library("training.py", "recrossing.py"),
        model=model_modules,
    output:
        weights=CELL + "/{model}/model.safetensors",
        history=CELL + "/{model}/history.parquet",
        record=CELL + "/{model}/training.json",
    log:
        RESULTS + "/logs/train_model/{system}/{coordinate}/dt_{interval}/{partition}/{model}.log",
    benchmark:
        (
            RESULTS
            + "/benchmarks/train_model/{system}/{coordinate}/dt_{interval}/{partition}/{model}.tsv"
        )
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
    params:
        cell=model_params,
    script:
        "../scripts/train_model.py"


rule generate_trajectories:
    input:
        states=states_of_cell,
        weights=CELL + "/{model}/model.safetensors",
        record=CELL + "/{model}/training.json",
        code=library("generation.py"),
        model=model_modules,
    output:
        generated=CELL + "/{model}/generated.h5",
        run=CELL + "/{model}/run.json",
    log:
        (
            RESULTS
            + "/logs/generate_trajectories/{system}/{coordinate}/dt_{interval}/{partition}/{model}.log"
        ),
    benchmark:
        (
            RESULTS
            + "/benchmarks/generate_trajectories/{system}/{coordinate}/dt_{interval}/{partition}/{model}.tsv"
        )
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
    params:
        generation=generation_params,
    script:
        "../scripts/generate_trajectories.py"
