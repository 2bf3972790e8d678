# Needs: states. Makes: model.safetensors, history.parquet, generated.h5, run.json of each cell.
# Steps: train_model (all replicates in one job, resumable) -> generate_trajectories.


rule train_model:
    input:
        states=states_of_cell,
        # Only that the check was passed matters: a new lag trains nothing anew.
        lengths=ancient(f"{RESULTS}/{{system}}/lengths.json"),
        code=library("training.py", "batches.py", "recrossing.py"),
        model=model_modules,
    output:
        weights=f"{CELL}/{{model}}/model.safetensors",
        history=f"{CELL}/{{model}}/history.parquet",
        record=f"{CELL}/{{model}}/training.json",
    log:
        f"{RESULTS}/logs/train_model/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_model/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(480),
    params:
        cell=model_params,
    message:
        "training {wildcards.model}: {wildcards.system}, {wildcards.coordinate}, "
        "interval {wildcards.interval}, {wildcards.partition}"
    script:
        "../scripts/train_model.py"


rule generate_trajectories:
    input:
        states=states_of_cell,
        weights=f"{CELL}/{{model}}/model.safetensors",
        record=f"{CELL}/{{model}}/training.json",
        code=library("generation.py"),
        model=model_modules,
    output:
        generated=f"{CELL}/{{model}}/generated.h5",
        run=f"{CELL}/{{model}}/run.json",
    log:
        f"{RESULTS}/logs/generate_trajectories/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/generate_trajectories/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        generation=generation_params,
    message:
        "generating with {wildcards.model}: {wildcards.system}, {wildcards.coordinate}, "
        "interval {wildcards.interval}, {wildcards.partition}"
    script:
        "../scripts/generate_trajectories.py"
