"""The notebooks in docs/ run, and say what their stored output says."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

DOCS = Path(__file__).parents[2] / "docs"
BOLD = re.compile(r"\*\*(.+?)\*\*")


def conclusions(notebook):
    """What stands in bold in the output."""
    texts = [
        output.get("data", {}).get("text/markdown", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    return [conclusion for text in texts for conclusion in BOLD.findall(text)]


@pytest.mark.parametrize("name", ["your_dtrajs", "new_model"])
def test_notebook(name, monkeypatch, tmp_path):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    stored = nbformat.read(DOCS / f"{name}.ipynb", nbformat.NO_CONVERT)
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any("execution" in cell.metadata for cell in cells)  # times differ at each execution
    again = nbformat.from_dict(stored)
    NotebookClient(again, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert conclusions(again) == conclusions(stored)
    assert conclusions(stored)
    shown = [output.data for cell in cells for output in cell.outputs if "data" in output]
    assert any("image/png" in data for data in shown)
