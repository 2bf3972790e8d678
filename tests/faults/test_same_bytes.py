"""Same seeds, same bytes: neither cores nor threads nor the order of the jobs matter."""

from __future__ import annotations

from study_runs import finish, products, tables, times

RESULTS = ("*.h5", "model.safetensors", "cells.csv")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "2")


def test_other_cores_threads_and_order(undisturbed, tmp_path, record_property):
    """One core instead of two, two threads a library, and the cell that was last comes first."""
    by_time = sorted(times(undisturbed, "kinetics.h5").items(), key=lambda item: item[1])
    first, *_, last = [path for path, _ in by_time]
    other = {"cores": 1, "environment": THREADS}
    finish(tmp_path, targets=[str(last.relative_to(undisturbed))], **other)
    assert not (tmp_path / first.relative_to(undisturbed)).exists()
    finish(tmp_path, "--scheduler", "greedy", **other)
    assert tables(tmp_path) == tables(undisturbed)
    same = products(undisturbed, *RESULTS)
    assert len(same) >= 8
    assert products(tmp_path, *RESULTS) == same
    record_property("seen", f"{len(same)} files and the tables have the same SHA-256")
