"""Write docs/reliability.md: what was tried, and what was seen.

Usage: python tests/reliability_table.py [JUNIT.xml ...], with the reports of the fault tests.
Sections that no report speaks of stay as they are; those of the library need none.
"""

from __future__ import annotations

import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "unit"), str(TESTS)]
PAGE = TESTS.parent / "docs" / "reliability.md"

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
one line, no result touched, no training begun, less than 1 GiB of memory.

"""
FAULTS, INPUTS = "Faults", "Flawed input to a run"
FILES = "Flawed data and files, as the library refuses them"
SETTINGS = "Flawed configurations, as the library refuses them"
COLUMNS = {
    FAULTS: "| what happened | outcome | seen |\n|---|---|---|\n",
    INPUTS: f"{REFUSALS}| input | outcome | seen |\n|---|---|---|\n",
    FILES: "| input | what the user sees |\n|---|---|\n",
    SETTINGS: "| input | what the user sees |\n|---|---|\n",
}
"""Sections in their order, and what stands above their rows."""
FOLDER = re.compile(r"/\S*?/pytest-\d+/[^/\s;:)]+")
"""Of a test."""


def kept(page: str) -> dict[str, list[str]]:
    """Section -> its rows, of a page."""
    _, *sections = page.split("\n## ")
    rows = ((s.partition("\n")[0], s.partition("|---|\n")[2].splitlines()) for s in sections)
    return dict(rows)


def seen(attempt) -> str:
    """The message of one flawed input."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            attempt(Path(folder))
        except ValueError as error:
            return str(error).replace(f"{folder}/", "").replace("|", "\\|")
    raise AssertionError("a flawed input was accepted")


def of_library() -> dict[str, dict[str, Callable[[Path], object]]]:
    """Section -> name of a flawed input of the library -> what gives it in a folder."""
    from test_bad_configurations import BAD, load_study
    from test_bad_input import CASES

    return {
        FILES: {name: attempt for name, (attempt, _) in CASES.items()},
        SETTINGS: {name: lambda _, c=config: load_study(c) for name, (config, _) in BAD.items()},
    }


def reported(report: str) -> Iterator[tuple[str, str]]:
    """The section and the row of each fault and of each flawed input in a report."""
    for case in ElementTree.parse(report).iter("testcase"):
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        failed = case.find("failure") is not None or case.find("error") is not None
        place = case.get("classname", "").rsplit(".", 1)[-1].removeprefix("test_")
        name = case.get("name", "").removeprefix("test_").replace("_", " ")
        told = FOLDER.sub("folder", properties.get("seen", "")).replace("folder/", "")
        row = f"{'FAILED' if failed else 'passed'} | {told.replace('|', chr(92) + '|')} |"
        if place != "refusals":
            yield FAULTS, f"| {place.replace('_', ' ')}: {name} | {row}"
        elif "seen" in properties:
            name = name.removeprefix("refused[").removesuffix("]")
            yield INPUTS, f"| {name} | {row}"


def written(rows: dict[str, list[str]]) -> str:
    """The page."""
    parts = (f"\n## {name}\n\n{COLUMNS[name]}" + "\n".join(rows[name]) for name in COLUMNS)
    return HEAD + "\n".join(parts) + "\n"


if __name__ == "__main__":
    new = {
        section: [f"| {name} | {seen(attempt)} |" for name, attempt in attempts.items()]
        for section, attempts in of_library().items()
    }
    for section, row in (found for report in sys.argv[1:] for found in reported(report)):
        new.setdefault(section, []).append(row)
    PAGE.write_text(written(kept(PAGE.read_text()) | new))
