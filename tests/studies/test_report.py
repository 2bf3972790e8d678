"""The report in a browser without a network: no console error, every figure, a table that sorts."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
    "--virtual-time-budget=10000", "--dump-dom",
]  # fmt: skip
CLICKS = """
<script>
const heading = [...document.querySelectorAll("th")].find(h => h.textContent === "interval");
const column = [...heading.parentNode.cells].indexOf(heading);
const seen = [1, 2].map(() => {
  heading.click();
  return [...document.querySelectorAll("tbody tr")].map(r => r.cells[column].textContent);
});
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""


def opened(page, script, folder):
    """Document and console errors after a page with one more script was opened offline."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    copy = folder / page.name
    copy.write_text(page.read_text() + script)
    run = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", copy.as_uri()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    errors = [line for line in run.stderr.splitlines() if re.search(r":ERROR:CONSOLE", line)]
    errors += [line for line in run.stderr.splitlines() if "CONSOLE" in line and "Error" in line]
    return run.stdout, errors


def embedded(page, name):
    """A JSON object that the page holds."""
    start = page.index(f'var {name} = {{"') + len(f"var {name} = ")
    return json.JSONDecoder().raw_decode(page, start)[0]


def test_report(finished, tmp_path):
    run = finished.snakemake("--report", "results/smoke/report.html")
    assert run.returncode == 0, run.stderr
    page = finished.folder / "results/smoke/report.html"
    document, errors = opened(page, "", tmp_path)
    assert not errors
    shown = re.sub(r"<script\b.*?</script>", "", document, flags=re.DOTALL)
    answer = shown.index("<h1>Does a network learn the slow dynamics")
    about = shown.index("About this study.")
    assert answer < about, "the answer is what one sees first"
    assert "Cannot tell: " in shown[answer:about]
    assert 'alt="claims"' in shown[answer:about], "with the forest plot"
    assert "<h2>Details</h2>" not in shown, "which stand on a page of their own"
    sections = ("Answer", "Claims", "Systems", "Tables")
    assert all(f"<span>{item}</span>" in shown for item in sections)
    results = embedded(page.read_text(), "results")
    categories = embedded(page.read_text(), "categories")
    assert set(categories) >= set(sections)
    assert "four_state" in categories["Systems"]
    assert len(categories["Tables"]["Other"]) == 3, "cells, comparison and cost"
    assert set(categories["Claims"]) >= {"all verdicts", "C5 removal of recrossings"}
    figures = {p.name: p for p in (finished.folder / "results/smoke/figures").glob("*.png")}
    for name, path in figures.items():
        result = results[f"results/smoke/figures/{path.stem}.html"]
        held = base64.b64decode(result["data_uri"].partition("base64,")[2])
        assert base64.b64encode(path.read_bytes()) in held
        assert b"<p>" in held, f"{name} stands above its caption"
        assert result["job_properties"]["rule"].startswith("plot_"), "provenance"


def test_the_table_of_the_sweep_sorts(finished, tmp_path):
    document, errors = opened(finished.folder / "results/smoke/cells.html", CLICKS, tmp_path)
    assert not errors
    (seen,) = re.findall(r'data-seen="([^"]*)"', document)
    up, down = json.loads(seen.replace("&quot;", '"'))
    assert [float(v) for v in up] == sorted(float(v) for v in up)
    assert [float(v) for v in down] == sorted((float(v) for v in down), reverse=True)
    assert len(up) > 2
