# Needs: figures of a finished study. Makes: docs/gallery.md and docs/gallery/*.png.
# Steps: write_gallery, on demand (make gallery).
SHOWN = gallery.chosen(ALL_FIGURES, SYSTEMS)


rule write_gallery:
    input:
        figures=[f"{RESULTS}/figures/{name}.png" for name in SHOWN.values()],
        captions=sorted(
            {
                os.path.relpath(LIBRARY.parent / f"report/{gallery.KINDS[k].caption}.rst")
                for k in SHOWN
            }
        ),
        run=per_model("run.json")[0],
        code=library("report/pages/gallery.py", "report/pages/results.py"),
    output:
        page="docs/gallery.md",
        figures=[f"docs/gallery/{name}.png" for name in SHOWN.values()],
    log:
        f"{RESULTS}/logs/write_gallery.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_gallery.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        shown=SHOWN,
        study=lambda w: os.path.relpath(workflow.configfiles[-1]),
        states=levels.microstates(STUDY, SYSTEMS[0]),
    script:
        "../scripts/write_gallery.py"
