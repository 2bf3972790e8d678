"""Status of one Slurm job for Snakemake: prints running, success or failed.

A controller that gives no answer is no reason to give a job up, so the answer is then `running`.
"""

from __future__ import annotations

import subprocess
import sys

ALIVE = {
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "COMPLETING",
    "SUSPENDED",
    "REQUEUED",
    "REQUEUE_HOLD",
    "RESIZING",
    "SIGNALING",
    "STAGE_OUT",
}


def ask(command: list[str]) -> tuple[str, str, bool]:
    """First word of the answer, the complaint, and whether the command ended well."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error), False
    words = done.stdout.split()
    return (words[0].rstrip("+") if words else ""), done.stderr, done.returncode == 0


def status(job: str) -> str:
    """`running`, `success` or `failed`."""
    state, complaint, answered = ask(["squeue", "-h", "--states=all", "-j", job, "-o", "%T"])
    if not answered and "Invalid job id" not in complaint:
        return "running"
    if not state:  # forgotten by the controller, minutes after its end
        state, _, _ = ask(["sacct", "-n", "-X", "-P", "-j", job, "-o", "State"])
    if state in ALIVE:
        return "running"
    return "success" if state == "COMPLETED" else "failed"


if __name__ == "__main__":
    print(status(sys.argv[1]))
