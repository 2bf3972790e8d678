"""Names above states: the 0 that pandas gives a column without one, and True, which is no name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from independent import chain
from own_files import imported, refused


def states(seed, n=3000, timescale=15):
    return chain(np.random.default_rng(seed), timescale, n, 3)


def write(first, header=True, n=4):
    """Files as pandas writes Series; the smallest state is `first`."""
    for number in range(n):
        chosen = states(number) + first
        pd.Series(chosen).to_csv(f"{number}.csv", index=False, header=header)
    return [states(number) + first for number in range(n)]


@pytest.mark.parametrize("n", [1, 4])
def test_the_name_of_a_series_above_states_from_1(folder, n):
    write(1, n=n)
    refused("*.csv", "0.csv: line 1, '0'", "pandas", "delete it", "write 0.0", kind="dtraj")
    given = write(1, header=False, n=n)
    made = imported("*.csv", kind="dtraj").trajectories
    assert [t[:, 0].tolist() for t in made] == [g.tolist() for g in given]


def test_the_name_of_a_series_above_states_from_0(folder, caplog):
    write(0, n=6)
    imported("*.csv", kind="dtraj")
    assert "0.csv and the others: all files begin with '0'" in caplog.text


def test_states_that_begin_with_0(folder, caplog):
    for number in range(6):
        begun = np.append([0] * (number + 1), states(number))
        np.savetxt(f"{number}.txt", begun, fmt="%d")
    imported("*.txt", kind="dtraj")
    for number in range(6):  # fast
        begun = np.append(0, np.random.default_rng(number).integers(0, 3, 500))
        np.savetxt(f"{number}.txt", begun, fmt="%d")
    imported("*.txt", kind="dtraj")
    assert "begin with" not in caplog.text
    (folder / "0.txt").write_text("0.0\n" + "1\n2\n2\n1\n" * 20)
    assert len(imported("0.txt", kind="dtraj").trajectories[0]) == 81


def test_states_that_are_true_or_false(folder):
    given = states(0) > 1
    given[0] = True
    np.savetxt("a.txt", given, fmt="%s")
    (made,) = imported("a.txt", kind="dtraj").trajectories
    assert made[:, 0].astype(bool).tolist() == given.tolist()
