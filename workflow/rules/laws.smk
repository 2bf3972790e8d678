# Needs: comparison.parquet of a study whose models vary the budget (config/scaling.yaml), exact
# answers of hidden chains. Makes: results/laws*.{json,parquet}, prediction/, docs/laws.md, docs/laws/.
# Steps: fit_laws -> try_prediction trains with the predicted budget -> write_laws_page; all on demand
# (make laws). keep_laws puts the laws for use into resources/. show_points (make laws-point) trains
# the smallest budget of each curve only.
LAWS_PAGE = "docs/laws"
LAW_FIGURES = ["law_training", "law_tokens", "predicted", "law_maps"]
PREDICTION = f"{RESULTS}/prediction"
CURVES = laws_plan.points_of_curves(STUDY)


rule fit_laws:
    input:
        comparison=f"{RESULTS}/comparison.parquet",
        answers=[f"{RESULTS}/{system}/exact.json" for system in of_kind(HiddenChain)],
        # Laws that this study does not decide stay. It is what keep_laws writes, and no reason to fit.
        before=ancient(ROOT / "resources/laws.json"),
    output:
        points=f"{RESULTS}/laws_points.parquet",
        laws=f"{RESULTS}/laws.json",
        forecast=f"{RESULTS}/laws_forecast.json",
        maps=f"{RESULTS}/laws_maps.json",
    log:
        f"{RESULTS}/logs/fit_laws.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_laws.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code_of("fit_laws"),
        plan=planned(laws_plan.laws_plan),
    script:
        "../scripts/fit_laws.py"


rule try_prediction:
    input:
        forecast=f"{RESULTS}/laws_forecast.json",
        states=lambda w: states_of_cell(STUDY.base(STUDY.settings.laws.system)),
    output:
        weights=f"{PREDICTION}/model.safetensors",
        history=f"{PREDICTION}/history.parquet",
        generated=f"{PREDICTION}/generated.h5",
        run=f"{PREDICTION}/run.json",
        outcome=f"{PREDICTION}/outcome.json",
    log:
        f"{RESULTS}/logs/try_prediction.log",
    benchmark:
        f"{RESULTS}/benchmarks/try_prediction.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(600),
    params:
        code=lambda w: code_of("try_prediction", model_file(STUDY.settings.laws)),
        training_code=lambda w: code_digest(
            LIBRARY / "learning/replicates.py", model_file(STUDY.settings.laws)
        ),
        plan=planned(laws_plan.predicted_training_plan),
        generation=lambda w: as_param(
            plan.generation_plan(STUDY, STUDY.base(STUDY.settings.laws.system))
        ),
    script:
        "../scripts/try_prediction.py"


rule write_laws_page:
    input:
        points=f"{RESULTS}/laws_points.parquet",
        laws=f"{RESULTS}/laws.json",
        outcome=f"{PREDICTION}/outcome.json",
        cost=f"{RESULTS}/cost.parquet",
        figures=expand(f"{RESULTS}/figures/{{figure}}.png", figure=LAW_FIGURES),
    output:
        page=f"{LAWS_PAGE}.md",
        points=f"{LAWS_PAGE}/points.csv",
        kept=f"{LAWS_PAGE}/laws.json",
        figures=expand(f"{LAWS_PAGE}/{{figure}}.png", figure=LAW_FIGURES),
    log:
        f"{RESULTS}/logs/write_laws_page.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_laws_page.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("write_laws_page"),
        plan=planned(laws_plan.laws_plan),
    script:
        "../scripts/write_laws_page.py"


rule keep_laws:
    input:
        kept=f"{LAWS_PAGE}/laws.json",
    output:
        done=f"{RESULTS}/laws_kept.txt",
    log:
        f"{RESULTS}/logs/keep_laws.log",
    benchmark:
        f"{RESULTS}/benchmarks/keep_laws.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(100),
    params:
        into=ROOT / "resources/laws.json",
    shell:
        "(cp {input.kept} {params.into} && cp {input.kept} {output.done}) 2> {log}"


rule show_points:
    input:
        states=[states_of_cell(cell) for cell, models in CURVES.items() for _ in models],
        generated=[
            f"{RESULTS}/{cell.folder}/{model}/generated.h5"
            for cell, models in CURVES.items()
            for model in models
        ],
        kept=[points for points in [ROOT / LAWS_PAGE / "points.csv"] if points.exists()],
    output:
        markdown=f"{RESULTS}/laws_point.md",
    log:
        f"{RESULTS}/logs/show_points.log",
    benchmark:
        f"{RESULTS}/benchmarks/show_points.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code_of("show_points"),
        plan=planned(laws_plan.point_plans),
    script:
        "../scripts/show_points.py"
