"""Lines that tell how many cells are done."""

import io
import logging

from raremd.io.progress import LAST, CellProgress, keep_terminal_short


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


class Run:
    """A listener with a clock that jumps a minute, or other seconds, a look."""

    def __init__(self, out=None, seconds=60.0):
        self.out, self.seconds, self.now = out or io.StringIO(), seconds, 0.0
        self.log = logging.Logger("run")
        self.log.addHandler(CellProgress(self.out, self.clock))

    def clock(self):
        self.now += self.seconds
        return self.now

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


def test_what_takes_less_than_a_minute_is_told_in_seconds():
    run = Run(seconds=15.0)
    run.plan(**{LAST: 2})
    run.finish(LAST)
    run.finish(LAST)
    assert run.lines == [
        "raremd: 1 of 2 cells of this run done in 15 s, about 15 s left",
        "raremd: 2 of 2 cells of this run done in 30 s",
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


def test_a_cell_and_a_failed_job_are_named_in_one_short_line_each():
    run = Run()
    run.plan(**{LAST: 1})
    wildcards = {"system": "s", "coordinate": "xy", "interval": "5", "partition": "p"}
    told = {"event": "job_info", "rule_name": LAST, "jobid": 7, "wildcards": wildcards}
    run.log.info("Rule", extra=told)
    run.log.info(f"Finished (Rule: {LAST})", extra={"event": "job_finished", "job_id": 7})
    many = [f"input_{n}" for n in range(500)]
    failed = {"event": "job_error", "rule_name": "fit_states", "log": ["a.log"], "input": many}
    run.log.error("Error in rule", extra=failed)
    assert run.lines == [
        "raremd: 1 of 1 cells of this run done in 1 min (s/xy/5/p)",
        "failed: fit_states, log: a.log",
    ]


def test_the_bar_is_for_terminals():
    event = {"event": "progress", "done": 10, "total": 20}
    plain, terminal = Run(), Run(Terminal())
    for run in (plain, terminal):
        run.log.info("", extra=event)
    assert plain.out.getvalue() == ""
    assert terminal.out.getvalue() == "\r\x1b[K" + "█" * 10 + "░" * 10 + " 10 of 20 jobs"


def test_the_terminal_hides_what_the_log_file_keeps(tmp_path):
    terminal, log = io.StringIO(), logging.Logger("run")
    handlers = [logging.StreamHandler(terminal), logging.FileHandler(tmp_path / "log")]
    for handler in handlers:
        log.addHandler(handler)
    keep_terminal_short(log.handlers)
    log.info("Select jobs to execute...")
    log.error("Error in rule", extra={"event": "job_error"})
    log.error("the disk is gone")
    log.info("Complete log(s): x")
    assert terminal.getvalue().splitlines() == ["the disk is gone", "Complete log(s): x"]
    assert len((tmp_path / "log").read_text().splitlines()) == 4
