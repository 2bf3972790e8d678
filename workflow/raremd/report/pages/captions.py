"""Captions of the report as text, and a figure with its caption as one page."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment

from raremd.io.storage import write_text
from raremd.report.figures.style import Look
from raremd.report.pages.markdown import to_html


def caption(text: str, system: str, look: Look) -> str:
    """A caption of the report as one paragraph of Markdown.

    Parameters
    ----------
    text : str
        reStructuredText with the variables that Snakemake gives to a caption.
    system : str
    look : Look
        Of the figure.
    """
    job = SimpleNamespace(
        wildcards=SimpleNamespace(system=system), params=SimpleNamespace(look=look)
    )
    said = Environment(autoescape=False).from_string(text).render(snakemake=job)
    return " ".join(said.split()).replace("``", "`").replace("\\|", "|")


def write_figure_page(png: Path | str, said: str, page: Path | str) -> None:
    """A figure above its caption; the page holds the picture.

    Parameters
    ----------
    png : Path
    said : str
        As of `caption`.
    page : Path
        HTML file to write.
    """
    image = base64.b64encode(Path(png).read_bytes()).decode()
    picture = f'<img alt="{html.escape(Path(png).stem)}" src="data:image/png;base64,{image}">'
    write_text(page, to_html(f"{picture}\n\n{said}\n"))
