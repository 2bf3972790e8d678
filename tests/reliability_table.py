"""Write docs/reliability.md: what was tried, and what was seen.

Usage: python tests/reliability_table.py [JUNIT.xml ...], with the reports of the fault tests.
"""

from __future__ import annotations

import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "unit"), str(TESTS)]

HEAD = """# Reliability

Generated from the tests by `make reliability`; do not edit.

A run that was killed leaves a lock: `snakemake --unlock` removes it and the next run goes on from
the last checkpoint. Jobs that survive the main process end by themselves; each file takes its name
only when it is complete. Files that the workflow wrote carry checksums and are refused by name
when they are damaged.
"""


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

    rows = ["", "## Flawed data and files", "", "| input | what the user sees |", "|---|---|"]
    rows += [f"| {name} | {seen(attempt)} |" for name, (attempt, _) in CASES.items()]
    rows += ["", "## Flawed configurations", "", "| input | what the user sees |", "|---|---|"]
    rows += [
        f"| {name} | {seen(lambda _, config=config: load_study(config))} |"
        for name, (config, _) in BAD.items()
    ]
    return rows


def faults(reports: list[str]) -> list[str]:
    """One row a fault test: outcome and seconds."""
    if not reports:
        return []
    rows = ["", "## Faults", "", "| test | outcome | seconds |", "|---|---|---|"]
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            failed = case.find("failure") is not None or case.find("error") is not None
            place = case.get("classname", "").rsplit(".", 1)[-1].removeprefix("test_")
            name = case.get("name", "").removeprefix("test_").replace("_", " ")
            outcome = "FAILED" if failed else "passed"
            rows.append(f"| {place}: {name} | {outcome} | {float(case.get('time', 0)):.0f} |")
    return rows


if __name__ == "__main__":
    rows = faults(sys.argv[1:]) + bad_inputs()
    page = TESTS.parent / "docs" / "reliability.md"
    page.write_text(HEAD + "\n".join(rows) + "\n")
