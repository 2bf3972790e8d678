"""Executor `slurm-patient`: Snakemake's slurm plugin, made to survive an outage of the controller.

While the controller gives no answer, the plugin (2.8.0) asks `sacct` instead; where that gives
none either, it forgets the jobs that it could not ask about and waits for them without end. It also
waits without end for a group of jobs that Slurm refused to take. Here jobs go on, and submissions
wait, while nobody can be asked; what Slurm refuses fails.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from typing import Any

from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_executor_plugin_slurm import ExecutorSettings, common_settings
from snakemake_executor_plugin_slurm.job_status_query import get_min_job_age
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

LONGEST_WAIT = 3600
"""Seconds that a submission waits for the controller before it is tried all the same."""
PAUSE = 10


def silent() -> bool:
    """Whether there is a Slurm whose controller gives no answer."""
    return get_min_job_age() is None and shutil.which("scontrol") is not None


class Executor(SlurmExecutor):
    """The plugin's executor, which takes silence for "still running"."""

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job or a group; called in a thread of its own."""
        end = time.monotonic() + LONGEST_WAIT
        while silent() and time.monotonic() < end:
            self.logger.warning("Slurm's controller gives no answer; a submission waits.")
            time.sleep(PAUSE)
        try:
            super().run_job(job)
        except AttributeError as error:  # from the plugin's own handler, which knows no groups
            self._report_job_error_threadsafe(
                SubmittedJobInfo(job), f"Job submission failed: {error.__context__ or error}"
            )

    def report_job_error(
        self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any
    ) -> None:
        """Say what Slurm said also where Snakemake tells only that a group failed."""
        if msg and job_info.job.is_group():
            self.logger.error(msg)
        super().report_job_error(job_info, msg, **kwargs)

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncIterator[SubmittedJobInfo]:
        """Report what has ended, yield what is running."""
        if active_jobs and silent():
            self.logger.warning("Slurm's controller gives no answer; its jobs are left running.")
            for job in active_jobs:
                yield job
            return
        async for job in super().check_active_jobs(active_jobs):
            yield job
