"""Two programs that estimate the same: agreement is found, disagreement is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chains import sample_chain

from raremd.analysis.crosscheck import check_agreement, compare, export_sets, import_sets
from raremd.io.storage import write_table
from raremd.kinetics.timescales import timescales
from raremd.kinetics.transition_matrix import count_matrix, estimate
from raremd.report.figures.crosscheck import draw
from raremd.report.figures.style import Look

CHAIN = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]])
LAGS, INTERVAL, N = [1, 5], 0.5, 2


@pytest.fixture
def files(tmp_path):
    sets = {
        "md.0": [sample_chain(CHAIN, 3000, 1).astype(np.int16)],
        "lstm.1": [sample_chain(CHAIN, 900, s).astype(np.int16) for s in range(12)],
    }
    export_sets(tmp_path / "sets.npz", sets, LAGS)
    others, rows = {}, []
    for name, dtrajs in sets.items():
        model, _, replicate = name.rpartition(".")
        for lag in LAGS:
            found = estimate(count_matrix(dtrajs, 3, lag))
            times = timescales(found.transition_matrix, lag, N, found.stationary)
            others[f"{name}/{lag}/transition_matrix"] = found.transition_matrix
            others[f"{name}/{lag}/active"] = found.active
            others[f"{name}/{lag}/timescales"] = times
            rows += [
                {"model": model, "replicate": int(replicate), "quantity": "timescale",
                 "i": i, "lag": lag * INTERVAL, "value": t * INTERVAL}
                for i, t in enumerate(times, start=1)
            ]  # fmt: skip
    write_table(tmp_path / "k.h5", pd.DataFrame(rows), {})
    return tmp_path, sets, others


def found(folder, others):
    np.savez(folder / "others.npz", **others)
    return compare(folder / "sets.npz", folder / "others.npz", folder / "k.h5", INTERVAL, 3)


def test_sets_come_back_in_order(files):
    folder, sets, _ = files
    again, lags = import_sets(folder / "sets.npz")
    assert lags == LAGS and list(again) == list(sets)
    for name in sets:
        for a, b in zip(sets[name], again[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_agreement(files):
    folder, sets, others = files
    table = found(folder, others)
    assert len(table) == len(sets) * len(LAGS) * (N + 1)
    assert check_agreement(table) < 1e-12
    assert set(table["lag"]) == {0.5, 2.5}


@pytest.mark.parametrize("what", ["timescales", "transition_matrix"])
def test_a_difference_is_found_and_named(files, what):
    folder, _, others = files
    others[f"lstm.1/5/{what}"] = others[f"lstm.1/5/{what}"] * (1 + 3e-6)
    with pytest.raises(ValueError, match=r"lstm at lag 2.5 .* relative difference of 3.0e-06"):
        check_agreement(found(folder, others))


def test_other_states_are_refused(files):
    folder, _, others = files
    others["md.0/1/active"] = np.array([0, 1])
    with pytest.raises(ValueError, match="we keep 3 states, the other program 2"):
        found(folder, others)


def test_figure(files):
    folder, _, others = files
    left, right = draw(found(folder, others), Look(models=("lstm",), unit="ps")).axes
    assert left.get_xlabel() == "lag (ps)"
    assert all((np.asarray(line.get_ydata()) > 0).all() for line in right.lines)
