# Needs: states, generated.h5 and kinetics.h5 of a cell; PyEMMA's interpreter (make crosscheck).
# Makes: crosscheck.csv in the cell's folder; plot_crosscheck draws it.
# Steps: export_sets -> estimate_with_pyemma -> compare_estimators; crosscheck asks for base cells.
PYEMMA = os.path.relpath(ROOT / ".venv-pyemma/bin/python")


rule export_sets:
    input:
        states=states_of_cell,
        generated=generated_of_cell,
    output:
        sets=temp(f"{CELL}/crosscheck_sets.npz"),
    log:
        f"{RESULTS}/logs/export_sets/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_sets/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code_of("export_sets"),
        plan=planned_of_cell(plan.kinetics_plan),
        models=lambda w: sorted(STUDY.cells[cell_of(w)]),
    script:
        "../scripts/export_sets.py"


rule estimate_with_pyemma:
    input:
        sets=f"{CELL}/crosscheck_sets.npz",
        program=os.path.relpath(ROOT / "workflow/scripts/estimate_with_pyemma.py"),
    output:
        others=f"{CELL}/crosscheck_pyemma.npz",
    log:
        f"{RESULTS}/logs/estimate_with_pyemma/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/estimate_with_pyemma/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        python=PYEMMA,
        timescales=lambda w: STUDY.system(w.system).timescales,
    shell:
        "PYTHONPATH= {params.python} {input.program} {input.sets} {output.others} "
        "{params.timescales} > {log} 2>&1"


rule compare_estimators:
    input:
        sets=f"{CELL}/crosscheck_sets.npz",
        others=f"{CELL}/crosscheck_pyemma.npz",
        kinetics=f"{CELL}/kinetics.h5",
    output:
        csv=f"{CELL}/crosscheck.csv",
    log:
        f"{RESULTS}/logs/compare_estimators/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_estimators/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code_of("compare_estimators"),
        interval=lambda w: cell_of(w).interval,
    script:
        "../scripts/compare_estimators.py"


rule crosscheck:
    input:
        [f"{RESULTS}/{STUDY.base(system).folder}/crosscheck.png" for system in SYSTEMS],
