# Entry point: `snakemake --cores 2` makes the study of config.yaml.
include: "workflow/Snakefile"


rule all:
    default_target: True
    input:
        rules.study.input,
