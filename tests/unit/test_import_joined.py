"""Files in which trajectories stand one below the other, are cut, or hold what stands for none."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from own_files import imported, refused, walk

from raremd.data.state_numbers import StateNumbers


def write(name, head, *rows, end="\n"):
    """A csv file."""
    lines = [head, *(",".join(map(str, row)) for row in rows)]
    with open(name, "w") as file:
        file.write("\n".join(line for line in lines if line) + end)


def rows(n=100, seed=1):
    return np.round(walk(n, 2, seed), 3).tolist()


def numbered(*names, n=100):
    """Rows of so many trajectories, each with its name in front."""
    return [[name, *row] for k, name in enumerate(names) for row in rows(n, k)]


@pytest.mark.parametrize("columns", [None, ["a", "b"]])
@pytest.mark.parametrize("head", ["traj", "run_number", "Replica", "walker.id"])
@pytest.mark.parametrize("names", [(0, 1), (0, 1, 2), (7, 3, 5)])
def test_columns_that_number_trajectories(folder, head, names, columns):
    write("a.csv", f"{head},a,b", *numbered(*names))
    said = f"a.csv: line 102: {head} is {names[1]} and was {names[0]} above", "a file of its own"
    refused("a.csv", *said, columns=columns)


def test_columns_that_name_trajectories(folder):
    write("a.csv", "run,a,b", *numbered("wt1", "wt2"))
    refused("a.csv", "line 102: run is wt2 and was wt1", "file of its own", columns=["a", "b"])
    write("a.csv", "run,a,b", *numbered("wt1"))
    assert imported("a.csv", columns=["a", "b"]).feature_names == ["a", "b"]


@pytest.mark.parametrize("head", ["frame", "", "Time (ps)"])
@pytest.mark.parametrize("parts", [1, 3])
def test_frame_numbers_that_begin_again(folder, head, parts, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.text_tables.LINES", 150)
    every = [[0.2 * k, *row] for part in range(2) for k, row in enumerate(rows(150 * parts, part))]
    write("a.csv", f"{head},a,b", *every)
    line = 150 * parts + 2
    name = head or "column_1"
    wanted = {"columns": ["a", "b"], "interval": 0.2}
    refused("a.csv", f"line {line}: {name} begins again", **wanted)
    write("a.csv", f"{head},a,b", *every[: 150 * parts])
    assert imported("a.csv", **wanted).feature_names == ["a", "b"]


def clocked(head, times, form="{:.4f}", name="a.csv"):
    """A file with a column of times beside two features."""
    values = zip(times, rows(len(times)), strict=True)
    write(name, f"{head},a,b" * (head is not None), *([form.format(t), *row] for t, row in values))


@pytest.mark.parametrize("head", ["Time", "time_ps", "t", "Step", "simtime", "frame", "", None])
@pytest.mark.parametrize("change", ["gap", "tenfold", "repeated"])
def test_clocks_that_are_no_features_keep_their_step(folder, head, change, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.text_tables.LINES", 150)
    times = np.arange(600.0)
    if change == "gap":
        times[300:] += 500
    elif change == "tenfold":
        times[300:] = 299 + 10 * np.arange(1, 301)
    else:
        times[300:] -= 1
    clocked(head, times)
    line, wanted = 301 + (head is not None), ["feature_2"] if head is None else ["a", "b"]
    name = {"": "column_1", None: "column 1"}.get(head, head)
    said = f"a.csv: line {line}: {name} grows by", "by 1 above", "'times: none'"
    refused("a.csv", *said, columns=wanted)
    assert len(imported("a.csv", columns=wanted, times="none").trajectories[0]) == 600


@pytest.mark.parametrize(
    ("step", "start", "form"),
    [(0.002, 0, "{:g}"), (0.002, 98, "{:g}"), (1 / 3, 0, "{:.1f}"), (0.15, 0, "{:.1f}"),
     (0.2, 1e6, "{:.1f}"), (2.0, 999_000, "{:g}"), (0.1, 16_000, "{:.9g}"), (500, 0, "{:.0f}"),
     (0.0002, 0, "{:.3f}"), (1e-6, 0, "{:.6e}"), (1.0, 99_000, "{:.6g}")],
)  # fmt: skip
@pytest.mark.parametrize("single", [False, True])
def test_clocks_that_are_rounded(folder, step, start, form, single):
    times = start + step * np.arange(3000)
    clocked("Time", times.astype(np.float32 if single else np.float64), form)
    assert len(imported("a.csv", columns=["a", "b"]).trajectories[0]) == 3000


def test_what_grows_and_stops_is_no_clock(folder):
    moved = np.minimum(np.arange(600), 400) / 1000
    for head in ("centre", "Elapsed Time (s)", "CPU"):
        clocked(head, moved)
        assert len(imported("a.csv", columns=["a", "b"]).trajectories[0]) == 600


@pytest.mark.parametrize(
    "head", ["time_ps", "Time (ps)", "time[ps]", "t/ps", "Simulation time (PS)"]
)
def test_clocks_with_a_unit_are_compared_with_the_interval(folder, head):
    clocked(head, 2.0 * np.arange(100))
    wanted = {"columns": ["a", "b"]}
    refused(
        "a.csv", f"a.csv: frames are 2 ps apart by the column {head}", "'times: none'", **wanted
    )
    for right in (
        {"interval": 2.0}, {"interval": 0.002, "unit": "ns"}, {"times": "none"}, {"unit": "tau"}
    ):  # fmt: skip
        assert len(imported("a.csv", **wanted, **right).trajectories[0]) == 100
    clocked("Time", 2.0 * np.arange(100))
    assert len(imported("a.csv", **wanted).trajectories[0]) == 100, "in a unit that is not told"


def test_states_below_one_another(folder):
    states = np.random.default_rng(1).integers(0, 3, 200)
    write("a.csv", "traj,state", *([k // 100, s] for k, s in enumerate(states)))
    refused("a.csv", "line 102: traj is", columns=["state"], kind="dtraj")


def test_columns_that_number_no_trajectories(folder):
    write("a.csv", "time,replica,a", *([k, k // 50, row[0]] for k, row in enumerate(rows())))
    assert imported("a.csv", columns=["a"]).feature_names == ["a"], "the times go on"
    hops = np.repeat([0, 1, 0, 2], 50)
    write("a.csv", "replica,a", *([k, row[0]] for k, row in zip(hops, rows(200), strict=True)))
    assert imported("a.csv", columns=["a"]).feature_names == ["a"], "an exchange of replicas"
    write("a.csv", "rep_contact,a", *([k > 50, row[0]] for k, row in enumerate(rows())))
    assert imported("a.csv", columns=["a"]).feature_names == ["a"]
    write("a.csv", "run,a", *rows(200))
    assert imported("a.csv").feature_names == ["run", "a"]


# --- numbers that stand for none --------------------------------------------------------------


@pytest.mark.parametrize("fill", [-9999.0, 999.0, 99_999.0, 1e20, 9.96921e36, -1e30])
@pytest.mark.parametrize("suffix", ["npy", "csv"])
def test_fills_among_features(folder, fill, suffix):
    values = walk(200).astype(np.float64)
    values[50:60, 1] = fill
    np.save("a.npy", values)
    np.savetxt("a.csv", values, delimiter=",")
    refused(f"a.{suffix}", f"a.{suffix}: frame 51: feature_2 is", "stands for none", "repair")


@pytest.mark.parametrize("far", [99.0, 998.0, -1e5, 1e19])
def test_what_is_far_may_be_right(folder, far):
    values = walk(200).astype(np.float64)
    values[50, 1] = far
    values[:, 0] += 999 - values[70, 0]
    np.save("a.npy", values)
    assert len(imported("a.npy").trajectories[0]) == 200


# --- heads of two lines, and files that are cut off -------------------------------------------


@pytest.mark.parametrize("second", ["2,2", "1,3", "10,1"])
def test_a_second_line_of_heads(folder, second):
    write("a.csv", "phi,psi", second.split(","), *rows())
    refused("a.csv", f"a.csv: line 2, '{second}', may be a frame or names", "delete")


@pytest.mark.parametrize("first", [[0, 0], [0.5, 2], ["1.0", "2.0"]])
def test_a_first_frame_of_round_numbers(folder, first):
    write("a.csv", "phi,psi", first, *rows())
    assert len(imported("a.csv").trajectories[0]) == 101


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 4])
def test_files_that_are_cut_within_a_number(folder, cut, packed):
    text = "".join(f"{a:9.4f} {b:9.4f}\n" for a, b in walk(100))
    with (gzip.open if packed else open)("a.dat", "wt") as file:
        file.write(text[: -1 - cut])
    refused("a.dat", "a.dat: line 100", "cut off", "delete the line")


@pytest.mark.parametrize(
    "last", [["%.4f", "\n"], ["%.4f", ""], ["%.4f ", ""], ["%.1f", "\n"], ["%.6f", ""]]
)
def test_files_that_are_whole(folder, last):
    form, end = last
    lines = [f"{a:9.4f} {b:9.4f}" for a, b in walk(100)]
    (folder / "a.dat").write_text("\n".join([*lines, f"1.0000 {form % 2.5}"]) + end)
    (folder / "b.dat").write_text("\n".join(f"{a} {b}" for a, b in rows(seed=3)))
    assert len(imported("[ab].dat").trajectories[0]) == 101


def test_hills_of_metadynamics(folder):
    head = "#! FIELDS time phi sigma_phi height biasf"
    write("HILLS", head, *([k, *row, 1.2, 10.0] for k, row in enumerate(rows())))
    refused("HILLS", "HILLS: lists the hills of metadynamics", "leave it out")


# --- frames alone, and states that fill up ----------------------------------------------------


def test_trajectories_of_one_frame(folder, caplog):
    np.save("a.npy", walk(500)[:, None])
    refused("a.npy", "a.npy, trajectory 1 (and 499 others): one frame holds no step")
    np.save("a.npy", walk(30, 1)[None])
    np.save("b.npy", walk(3, 1)[:, None])
    imported("*.npy")
    assert "b.npy, trajectory 1 (and 2 others): one frame holds no step" in caplog.text


@pytest.mark.parametrize("fill", [0, 9])
def test_states_that_fill_up_an_array_are_asked_after(folder, caplog, fill):
    states = np.random.default_rng(1).integers(1, 4, (3, 90))
    np.save("a.npy", states)
    imported("a.npy", kind="dtraj")
    assert "fills up" not in caplog.text
    np.save("a.npy", np.concatenate([states, [[fill] * 90, [fill] * 90]]))
    imported("a.npy", kind="dtraj")
    assert "fills up" not in caplog.text, "trajectories that never move"
    states[1, 50:], states[2, 70:] = fill, fill
    np.save("a.npy", states)
    imported("a.npy", kind="dtraj")
    assert f"2 trajectories end in state {fill}, which occurs nowhere else" in caplog.text
    caplog.clear()
    StateNumbers.of(list(states), "dtrajs")
    assert f"dtrajs: 2 trajectories end in state {fill}, which occurs nowhere else" in caplog.text
