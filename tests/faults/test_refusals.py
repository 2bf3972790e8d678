"""Bad input through Snakemake's command line: exit status, one line, and no result touched."""

from __future__ import annotations

import multiprocessing
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import bad_files
import bad_settings
import pytest
import yaml
from flaws import IMPORT, LENGTHS, PLAN, STATES, prepare
from study_runs import ROOT, TARGETS, copy_study
from terminal import snakemake

CASES = bad_settings.CASES | bad_files.CASES
PRELOAD = ["snakemake.cli", "raremd.study.load", "raremd.analysis.tidy", "raremd.io.storage"]
MEMORY_GIB = 1.0
LATE = {IMPORT, LENGTHS, STATES}
ALLOWED = {PLAN: set(), IMPORT: {IMPORT}, LENGTHS: LATE, STATES: LATE}
LOGS = ".snakemake/log"
RECORDS = ("logs", "benchmarks", "config.json")


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    status: int
    text: str
    log: str
    before: dict
    after: dict
    gib: float

    @property
    def lines(self) -> list[str]:
        """Messages of the product."""
        found = re.findall(r"raremd: (.*)$", self.text, re.MULTILINE)
        return [line.split(" (details in ")[0] for line in found]

    @property
    def jobs(self) -> set[str]:
        """Rules that started, by Snakemake's own log."""
        return set(re.findall(r"^(?:local)?rule (\w+):", self.log, re.MULTILINE))


def results(folder: Path) -> dict:
    """Content and time of every result."""
    files = (folder / "results").rglob("*")
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.read_bytes())
        for path in files
        if path.is_file() and path.relative_to(folder).parts[1] not in RECORDS
    }


def attempt(name: str, folder: Path, context) -> Outcome:
    config = prepare(folder)
    flawed = CASES[name].change(folder, config)
    if flawed is None:
        flawed = yaml.safe_dump(config, sort_keys=False).encode()
    (folder / "config.yaml").write_bytes(flawed)
    before = results(folder)
    earlier = set((folder / LOGS).iterdir())
    arguments = ["--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    arguments += ["--configfile", "config.yaml", "--", *TARGETS]
    process = context.Process(target=snakemake, args=(str(folder), arguments))
    process.start()
    process.join()
    outcome = Outcome(
        int((folder / "status").read_text()),
        (folder / "terminal.log").read_text(),
        "".join(path.read_text() for path in set((folder / LOGS).iterdir()) - earlier),
        before,
        results(folder),
        float((folder / "memory").read_text()),
    )
    shutil.rmtree(folder / "data")  # some are large
    return outcome


@pytest.fixture(scope="module")
def outcomes(undisturbed, tmp_path_factory, request):
    """Every case, two at a time.

    The fork server has imported Snakemake already, so a case costs one second instead of four.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    mine = [i for i in request.session.items if getattr(i, "originalname", "") == "test_refused"]
    names = [item.callspec.params["name"] for item in mine]
    folders = [copy_study(undisturbed, tmp_path_factory.mktemp("refusal")) for _ in names]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(attempt, names, folders, [context] * len(names))
        return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_refused(outcomes, name, record_property):
    case, outcome = CASES[name], outcomes[name]
    assert outcome.status == 1, outcome.text
    assert "Traceback" not in outcome.text
    if outcome.lines:
        assert len(outcome.lines) == 1, outcome.text
        (message,) = outcome.lines
    else:  # Snakemake itself could not read the configuration
        message = " ".join(outcome.text.split())
    for word in case.words:
        assert word in message, message
    record_property("seen", message)
    assert outcome.jobs <= ALLOWED[case.stage]
    assert case.stage in {PLAN, *outcome.jobs}
    assert len(outcome.before) > 20
    assert {path: outcome.after.get(path) for path in outcome.before} == outcome.before
    assert outcome.gib < MEMORY_GIB


def test_at_least_forty():
    assert len(CASES) >= 40
