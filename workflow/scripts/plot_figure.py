"""Adapter: the files of one figure -> its PDF and PNG, drawn by the module of its kind."""

from importlib import import_module

from raremd.io.logs import log_to
from raremd.report.figures.style import Look, save


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
    save(kind.draw(kind.read(files, look), look), pdf, png)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    files = {name: list(paths) for name, paths in snakemake.input.items()}
    plot(p.module, files, Look(**p.look), snakemake.output.pdf, snakemake.output.png)
