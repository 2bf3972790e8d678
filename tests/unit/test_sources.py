"""Where files come from: when they count as changed, and names that cannot be used."""

from __future__ import annotations

import os
import shutil

import numpy as np
from own_files import refused, walk

from raremd.data.imported.sources import stamp_of

OLD = 1_600_000_000 * 10**9


def test_a_replaced_file_changes_the_stamp_though_it_is_older(folder):
    for name in ("a.npy", "b.npy"):
        np.save(name, walk(100))
    before = stamp_of(["a.npy", "b.npy"])
    assert stamp_of(["a.npy", "b.npy"]) == before, "nothing has changed"
    np.save("new.npy", walk(100, seed=6))
    os.utime("new.npy", ns=(OLD, OLD))
    shutil.copy2("new.npy", "b.npy")
    assert os.stat("b.npy").st_mtime_ns == OLD
    assert stamp_of(["a.npy", "b.npy"]) != before


def test_a_file_of_the_same_time_and_another_size_changes_the_stamp(folder):
    np.save("a.npy", walk(100))
    os.utime("a.npy", ns=(OLD, OLD))
    before = stamp_of(["a.npy"])
    np.save("a.npy", walk(90))
    os.utime("a.npy", ns=(OLD, OLD))
    assert stamp_of(["a.npy"]) != before


def test_files_that_are_missing_or_renamed_change_the_stamp(folder):
    np.save("a.npy", walk(100))
    before = stamp_of(["a.npy"])
    os.rename("a.npy", "b.npy")
    assert len({before, stamp_of(["b.npy"]), stamp_of([])}) == 3


def test_links_that_lead_nowhere_are_named(folder):
    np.save("a.npy", walk(100))
    os.symlink("gone.npy", "b.npy")
    refused("*.npy", "b.npy: a link that leads nowhere")


def test_names_that_are_no_text(folder):
    np.save("a.npy", walk(100))
    os.rename("a.npy", os.fsencode(str(folder)) + b"/gr\xf6sse.npy")
    refused("*.npy", "sse.npy: the name of the file or folder is not in UTF-8; rename it")
