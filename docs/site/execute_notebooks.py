"""Execute the notebooks in docs/ again and keep their output, but no times of execution."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

DOCS = Path(__file__).parents[1]

if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.ipynb")):
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        resources = {"metadata": {"path": str(DOCS)}}
        NotebookClient(notebook, record_timing=False, resources=resources).execute()
        nbformat.write(notebook, path)
        print(f"executed {path.relative_to(DOCS.parent)}")
