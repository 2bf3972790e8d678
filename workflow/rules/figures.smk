# Needs: what each kind of figure is drawn from, by the table in raremd/report/figures/catalogue.py.
# Makes: {pdf,png} of each, and {html} with its caption for the report: results/figures/claims,
# results/figures/{system}_{kind}; on demand results/figures/inspect, crosscheck in the folder of a cell, results/leaderboard (of a board).
# Steps: one rule for each kind, plot_<kind>; all have the script plot_figure.py.
FIGURES = expand(
    f"{RESULTS}/figures/{{figure}}.{{format}}",
    figure=catalogue.figures(STUDY),
    format=["pdf", "png"],
)

for KIND in catalogue.KINDS.values():

    rule:
        name:
            f"plot_{KIND.name}"
        input:
            unpack(partial(figure_files, KIND)),
        output:
            **reported(KIND),
            pdf=f"{KIND.place(RESULTS)}.pdf",
            png=f"{KIND.place(RESULTS)}.png",
        log:
            f"{RESULTS}/logs/plot_{KIND.name}{KIND.scope.each}.log",
        benchmark:
            f"{RESULTS}/benchmarks/plot_{KIND.name}{KIND.scope.each}.tsv"
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(KIND.memory),
        params:
            code=code_of("plot_figure", LIBRARY / f"report/figures/{KIND.module}.py"),
            module=KIND.module,
            look=partial(figure_look, KIND),
            caption=partial(caption_of, KIND),
        script:
            "../scripts/plot_figure.py"
