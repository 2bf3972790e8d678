# Needs: states. Makes: model.safetensors, history.parquet, generated.h5, run.json of each cell.
# Steps: train_and_generate, all replicates of a model in one job. Checkpoints stay beside the
# weights: what is interrupted goes on, and what only generates again does not train again. A model that
# corrects the networks of another reads the checkpoints of that one.


rule train_and_generate:
    input:
        states=states_of_cell,
        plain=networks_to_correct,
    output:
        weights=f"{CELL}/{{model}}/model.safetensors",
        history=f"{CELL}/{{model}}/history.parquet",
        generated=f"{CELL}/{{model}}/generated.h5",
        run=f"{CELL}/{{model}}/run.json",
    log:
        f"{RESULTS}/logs/train_and_generate/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_and_generate/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}/{{model}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt
        * memory.of_training(input.states, STUDY.options(w.model)),
        runtime=growing(600),
    params:
        code=lambda w: code_of("train_and_generate", model_file(w)),
        training_code=lambda w: code_digest(LIBRARY / "learning/replicates.py", model_file(w)),
        plan=planned_of_cell(plan.training_plan, "model"),
        corrected=plan_to_correct,
        generation=planned_of_cell(plan.generation_plan),
    message:
        "training {wildcards.model}, which then generates: {wildcards.system}, "
        "{wildcards.coordinate}, interval {wildcards.interval}, {wildcards.partition}"
    script:
        "../scripts/train_and_generate.py"
