"""Adapter: the files of one figure -> PDF, PNG and a page with its caption."""

from dataclasses import replace
from importlib import import_module

from raremd.analysis.assessment import Assessment
from raremd.io.logs import log_to
from raremd.io.storage import read_typed
from raremd.report.figures.style import Look, save
from raremd.report.pages.captions import caption, write_figure_page


def plot(module: str, files: dict[str, list[str]], look: Look, pdf: str, png: str) -> None:
    """Read, draw and save one figure.

    Parameters
    ----------
    module : str
        Of raremd.report.figures; its `read` and `draw` are called.
    files : dict
        Name -> paths, as that module names them.
    look : Look
    pdf, png : str
    """
    kind = import_module(f"raremd.report.figures.{module}")
    for assessment in files.get("assessment", []):
        look = replace(look, names=read_typed(Assessment, assessment).state_names)
    save(kind.draw(kind.read(files, look), look), pdf, png)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    files = {name: list(paths) for name, paths in snakemake.input.items()}
    look, out = Look(**p.look), snakemake.output
    plot(p.module, files, look, out.pdf, out.png)
    if p.caption:
        said = caption(p.caption, snakemake.wildcards.get("system", ""), look)
        write_figure_page(out.png, said, out.html)
