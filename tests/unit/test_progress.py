"""Lines that tell how many cells are done."""

import io
import logging

from raremd.io.progress import LAST, CellProgress


class Run:
    """A listener with a clock that jumps a minute a look."""

    def __init__(self):
        self.out, self.minutes = io.StringIO(), 0
        self.log = logging.Logger("run")
        self.log.addHandler(CellProgress(self.out, self.clock))

    def clock(self):
        self.minutes += 1
        return 60.0 * self.minutes

    def plan(self, **stats):
        self.log.info("Job stats", extra={"event": "run_info", "stats": stats})

    def finish(self, rule):
        self.log.info(f"Finished jobid: 7 (Rule: {rule})", extra={"event": "job_finished"})

    @property
    def lines(self):
        return self.out.getvalue().splitlines()


def test_a_line_a_cell_with_the_time_that_is_left():
    run = Run()
    run.plan(**{LAST: 3, "train_and_generate": 9, "total": 20})
    for rule in ("train_and_generate", LAST, LAST, "plot_claims", LAST):
        run.finish(rule)
    assert run.lines == [
        "raremd: 1 of 3 cells of this run done in 1 min, about 2 min left",
        "raremd: 2 of 3 cells of this run done in 2 min, about 1 min left",
        "raremd: 3 of 3 cells of this run done in 3 min",
    ]


def test_silent_without_cells_and_in_the_process_of_a_job():
    run = Run()
    run.plan(inspect_data=1)
    run.finish("inspect_data")
    run.finish(LAST)
    other = Run()
    other.finish(LAST)  # no plan: not the main process
    other.log.info("Select jobs to execute...")
    assert run.lines == other.lines == []
