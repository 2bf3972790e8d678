"""Run a study and tell which share of its CPU time is not simulation, training or the like.

Usage: python benchmarks/overhead.py [CONFIG], in a fresh clone; writes benchmarks/overhead.json

Work is what simulation, training, generation and kinetics compute. Training and generation write
it down themselves; for the other two it is the CPU time of a job without that of its imports. All
else is overhead: imports, Snakemake, states, comparison, figures, files.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import yaml

HERE = Path(__file__).parent
SCRIPTS = HERE.parent / "workflow/scripts"
RECORDED = "train_and_generate"
COMPUTING = ("simulate_four_state", "estimate_kinetics")
ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER: processes that outlive their parent become ours


def run_study(config: str, accounts: str) -> tuple[float, float]:
    """Wall and CPU seconds of one call of Snakemake, all its processes included."""
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    path = f"{HERE / 'accounts'}:{HERE.parent / 'workflow'}"
    environment = os.environ | {"CPU_ACCOUNTS": accounts, "PYTHONPATH": path}
    command = [sys.executable, "-m", "snakemake", "--configfile", config, "--cores", "1"]
    started = time.monotonic()
    subprocess.run(command, env=environment, check=True)
    wall = time.monotonic() - started
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, used.ru_utime + used.ru_stime


def cpu_by_rule(accounts: Path) -> dict[str, list[float]]:
    """CPU seconds of each job; all that is not a script is `snakemake`."""
    found = defaultdict(list)
    for path in accounts.iterdir():
        entry = json.loads(path.read_text())
        program = Path(entry["program"])
        script = ".snakemake/scripts" in entry["program"]
        found[program.name.split(".")[1] if script else "snakemake"].append(entry["cpu_seconds"])
    return dict(found)


def seconds_of_imports(rule: str) -> float:
    """CPU seconds of a process that imports what the rule's script does, and nothing else."""
    code = f"import runpy, time; runpy.run_path({str(SCRIPTS / f'{rule}.py')!r})"
    code += "; print(time.process_time())"
    environment = os.environ | {"PYTHONPATH": str(HERE.parent / "workflow")}
    command = [sys.executable, "-c", code]
    runs = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    return sorted(float(run.stdout) for run in runs)[1]


def recorded(results: Path) -> float:
    """CPU seconds that training and generation wrote down, over all models and cells."""
    records = [json.loads(path.read_text()) for path in results.glob("**/run.json")]
    return sum(part["cpu_seconds"] for record in records for part in (record, record["generation"]))


def main(config: str) -> None:
    """Run, divide, write."""
    results = Path(yaml.safe_load(Path(config).read_text()).get("results", "results"))
    if any(results.glob("**/run.json")):
        sys.exit(f"{results} has trainings: a study that has been computed tells no cost")
    with tempfile.TemporaryDirectory() as accounts:
        wall, total = run_study(config, accounts)
        spent = cpu_by_rule(Path(accounts))
    work = {RECORDED: recorded(results)}
    for rule in COMPUTING:
        imports = seconds_of_imports(rule)
        work[rule] = sum(max(0.0, seconds - imports) for seconds in spent.get(rule, []))
    scripts = {rule: values for rule, values in spent.items() if rule != "snakemake"}
    jobs = {
        rule: {"jobs": len(values), "cpu_seconds": sum(values), "work": work.get(rule, 0.0)}
        for rule, values in sorted(scripts.items())
    }
    outcome = {
        "config": config,
        "wall_seconds": wall,
        "cpu_seconds": total,
        "overhead": 1 - sum(work.values()) / total,
        "snakemake_cpu_seconds": total - sum(map(sum, scripts.values())),
        "rules": jobs,
    }
    (HERE / "overhead.json").write_text(json.dumps(outcome, indent=1, sort_keys=True) + "\n")
    print(f"overhead {outcome['overhead']:.1%} of {total:.0f} core s, {wall:.0f} s of wall time")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "config.yaml")
