"""Pages that stand outside of docs/ are part of the site too."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
ELSEWHERE = (
    "benchmarks/README.md",
    "benchmarks/rates.svg",
    "benchmarks/scaling.svg",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them under the path that they have in the repository."""
    for name in ELSEWHERE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links that lead out of docs/, or into it, stay within the site."""
    for name in ELSEWHERE:
        markdown = markdown.replace(f"](../{name}", f"]({name}")
    return markdown.replace("](docs/", "](")
