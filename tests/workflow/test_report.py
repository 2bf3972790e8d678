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
FIGURES = """
<script>
addEventListener("load", async () => {
  const found = {};
  for (const [path, result] of Object.entries(results)) {
    const entry = {category: result.category, subcategory: result.subcategory,
                   caption: result.caption, job: result.job_properties};
    if (result.mime_type === "image/png") {
      const image = new Image();
      image.src = result.data_uri;
      await image.decode();
      entry.width = image.naturalWidth;
    }
    found[path] = entry;
  }
  const probe = document.createElement("pre");
  probe.id = "probe";
  probe.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(probe);
});
</script>
"""
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


def test_report(finished, tmp_path):
    run = finished.snakemake("--report", "results/smoke/report.html")
    assert run.returncode == 0, run.stderr
    page = finished.folder / "results/smoke/report.html"
    document, errors = opened(page, FIGURES, tmp_path)
    assert not errors
    (probe,) = re.findall(r'<pre id="probe">([\w+/=]*)</pre>', document)
    found = json.loads(base64.b64decode(probe))
    drawn = {p.name for p in (finished.folder / "results/smoke/figures").glob("*.png")}
    shown = {path.rpartition("/")[2]: r for path, r in found.items() if "width" in r}
    assert drawn <= set(shown)
    assert all(r["width"] > 500 and r["caption"] for r in shown.values())
    assert all(r["job"]["rule"] for r in found.values()), "provenance"
    assert {r["subcategory"] for r in shown.values()} >= {"four_state"}
    assert {r["category"] for r in found.values()} >= {"Claims", "Figures", "Tables"}


def test_the_table_of_the_sweep_sorts(finished, tmp_path):
    document, errors = opened(finished.folder / "results/smoke/cells.html", CLICKS, tmp_path)
    assert not errors
    (seen,) = re.findall(r'data-seen="([^"]*)"', document)
    up, down = json.loads(seen.replace("&quot;", '"'))
    assert [float(v) for v in up] == sorted(float(v) for v in up)
    assert [float(v) for v in down] == sorted((float(v) for v in down), reverse=True)
    assert len(up) > 2
