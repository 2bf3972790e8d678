# Needs: figures, answers and claims of a finished study. Makes: docs/gallery.md, docs/gallery/*.png and
# docs/gallery/claims.json; what docs/tutorial.md quotes, and docs/tutorial/claims.json.
# Steps: write_gallery (make gallery) and write_tutorial (make tutorial), on demand.
SHOWN = catalogue.shown_in_gallery(STUDY)
GALLERY = [catalogue.KINDS[kind].figure(system) for kind, system in SHOWN.items()]
CAPTIONS = sorted({catalogue.KINDS[kind].caption for kind in SHOWN})


rule write_gallery:
    input:
        figures=[f"{RESULTS}/figures/{name}.png" for name in GALLERY],
        captions=[os.path.relpath(LIBRARY.parent / f"report/{name}.rst") for name in CAPTIONS],
        run=per_model("run.json")[0],
        claims=f"{RESULTS}/claims.json",
    output:
        page="docs/gallery.md",
        claims="docs/gallery/claims.json",
        figures=[f"docs/gallery/{name}.png" for name in GALLERY],
    log:
        f"{RESULTS}/logs/write_gallery.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_gallery.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        code=code_of("write_gallery"),
        shown=SHOWN,
        study=study_file(),
        looks=lambda w: {k: vars(catalogue.KINDS[k].look(STUDY, s)) for k, s in SHOWN.items()},
    script:
        "../scripts/write_gallery.py"


rule write_tutorial:
    input:
        claims=f"{RESULTS}/claims.json",
        recommendation=f"{RESULTS}/recommendation.md",
    output:
        claims="docs/tutorial/claims.json",
    log:
        f"{RESULTS}/logs/write_tutorial.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_tutorial.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        code=code_of("write_tutorial"),
    script:
        "../scripts/write_tutorial.py"
