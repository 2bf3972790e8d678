"""Runs in PyEMMA's own interpreter: trajectories (.npz) -> its transition matrices, timescales.

Usage: python estimate_with_pyemma.py SETS OUTPUT N_TIMESCALES
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np


def estimate(sets: dict, lags: list, n_timescales: int) -> dict:
    from pyemma.msm import estimate_markov_model  # only here: its import reads the settings

    found = {}
    for name, dtrajs in sets.items():
        for lag in lags:
            model = estimate_markov_model(
                [d for d in dtrajs if len(d) > lag], lag, maxerr=1e-13, maxiter=10**8
            )
            key = f"{name}/{lag}"
            found[f"{key}/transition_matrix"] = model.transition_matrix
            found[f"{key}/active"] = model.active_set
            # Fewer states have fewer timescales.
            times = model.timescales()[:n_timescales]
            found[f"{key}/timescales"] = np.pad(
                times, (0, n_timescales - len(times)), constant_values=np.nan
            )
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        # Without this it asks a web page for its newest version.
        settings = "[pyemma]\ncheck_version = False\nshow_progress_bars = False\n"
        Path(folder, "pyemma.cfg").write_text(settings, encoding="utf-8")
        os.environ["PYEMMA_CFG_DIR"] = folder
        sets: dict[str, list[np.ndarray]] = {}
        with np.load(sys.argv[1]) as file:
            lags = [int(lag) for lag in file["lags"]]
            for name in file.files:
                if name != "lags":
                    sets.setdefault(name.partition("/")[0], []).append(file[name].astype(int))
        np.savez(sys.argv[2], **estimate(sets, lags, int(sys.argv[3])))
