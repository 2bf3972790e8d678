"""Write docs/reliability.md: what was tried, and what was seen.

Usage: python tests/reliability_table.py [JUNIT.xml ...], with the reports of the fault tests.
"""

from __future__ import annotations

import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "unit"), str(TESTS)]

HEAD = """# Reliability

Generated from the tests by `make reliability`; do not edit.

A run that was killed leaves a lock. `.venv/bin/snakemake --unlock` removes it, and the next run
goes on from the last checkpoint. Jobs that survive the main process end by themselves. Each file
takes its name only when it is complete. The HDF5 and Parquet files, weights, checkpoints and
records that the workflow wrote carry checksums and are refused by name when they are damaged.

After each fault the next run resumed and did not repeat finished jobs, and the final tables had
the bytes of an undisturbed run.
"""
REFUSALS = """Through Snakemake's command line, in a folder with a finished study: exit status 1,
one line, no result touched, no training begun, less than 1 GiB of memory."""
FOLDER = re.compile(r"/\S*?/pytest-\d+/[^/\s;:)]+")
"""Of a test."""
COLUMNS = "", "| input | what the user sees |", "|---|---|"


def seen(attempt) -> str:
    """The message of one flawed input."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            attempt(Path(folder))
        except ValueError as error:
            return str(error).replace(f"{folder}/", "").replace("|", "\\|")
    raise AssertionError("a flawed input was accepted")


def bad_inputs() -> list[str]:
    """One row a flawed input of the data and one of the configuration."""
    from test_bad_input import CASES
    from test_config import BAD, load_study

    rows = ["", "## Flawed data and files, as the library refuses them", *COLUMNS]
    rows += [f"| {name} | {seen(attempt)} |" for name, (attempt, _) in CASES.items()]
    rows += ["", "## Flawed configurations, as the library refuses them", *COLUMNS]
    rows += [
        f"| {name} | {seen(lambda _, config=config: load_study(config))} |"
        for name, (config, _) in BAD.items()
    ]
    return rows


def reported(reports: list[str]) -> list[str]:
    """One row a test of a fault, one row a flawed input that Snakemake's command line refused."""
    faults = ["", "## Faults", "", "| what happened | outcome | seen |", "|---|---|---|"]
    inputs = ["", "## Flawed input to a run", "", REFUSALS, "", "| input | outcome | seen |"]
    inputs += ["|---|---|---|"]
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            properties = {p.get("name"): p.get("value") for p in case.iter("property")}
            failed = case.find("failure") is not None or case.find("error") is not None
            place = case.get("classname", "").rsplit(".", 1)[-1].removeprefix("test_")
            name = case.get("name", "").removeprefix("test_").replace("_", " ")
            seen = FOLDER.sub("folder", properties.get("seen", "")).replace("folder/", "")
            row = f"{'FAILED' if failed else 'passed'} | {seen.replace('|', chr(92) + '|')} |"
            if place == "refusals":
                name = name.removeprefix("refused[").removesuffix("]")
                inputs += [f"| {name} | {row}"] if "seen" in properties else []
            else:
                faults.append(f"| {place.replace('_', ' ')}: {name} | {row}")
    return [*faults, *inputs] if reports else []


if __name__ == "__main__":
    rows = reported(sys.argv[1:]) + bad_inputs()
    page = TESTS.parent / "docs" / "reliability.md"
    page.write_text(HEAD + "\n".join(rows) + "\n")
