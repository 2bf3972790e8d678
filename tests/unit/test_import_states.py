"""Files of states: numbers that are none, counts, comments, and several arrays in one file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from own_files import imported, refused, walk

from raremd.data.features import read_state_labels
from raremd.data.imported.fillers import stands_for_none


def states(n=600, seed=0, k=3):
    """A chain of k states that stays in each for about ten frames, (n,) int."""
    rng = np.random.default_rng(seed)
    return np.cumsum((rng.random(n) < 0.1) * rng.integers(1, k, n)) % k


def write(name, *parts):
    """A text file of lines; an array is one number per line."""
    lines = [str(x) for part in parts for x in np.atleast_1d(part)]
    with open(name, "w") as file:
        file.write("\n".join([*lines, ""]))


def found(*files, **options):
    """The trajectories, as lists of states."""
    return [t[:, 0].astype(int).tolist() for t in imported(list(files), kind="dtraj", **options)
            .trajectories]  # fmt: skip


# --- numbers that stand for no state ----------------------------------------------------------


@pytest.mark.parametrize("number", [-1, -2, -999, -9999, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("suffix", ["txt", "npy"])
def test_numbers_that_cannot_be_states(folder, number, suffix):
    chain = states()
    chain[50:60] = number
    write("a.txt", chain)
    np.save("a.npy", chain)
    refused(f"a.{suffix}", f"a.{suffix}: frame 51: {number} is no state", "cut", kind="dtraj")


@pytest.mark.parametrize("number", [99, 999, 9999, 999_999, 1_000_000, 255, 32_767, 4321])
@pytest.mark.parametrize("suffix", ["txt", "npy", "h5"])
def test_a_number_far_from_all_others(folder, number, suffix):
    for name, chain in (("a", states()), ("b", np.where(np.arange(600) > 590, number, states(1)))):
        write(f"{name}.txt", chain)
        np.save(f"{name}.npy", chain)
        with h5py.File(f"{name}.h5", "w") as h5:
            h5["x"] = chain
    label = {"h5": "b.h5, dataset x"}.get(suffix, f"b.{suffix}")
    words = f"{label}: frame 592: {number}", "which end at 2", "cut", "call it 3"
    refused(f"*.{suffix}", *words, kind="dtraj")


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1],
        [0, 99, 100, 101],
        [2, 487],
        [1, 2, 100],
        [0, 1, 2, 1000, 1001],
        [101, 102, 201, 999],
        [0, 1, 2, 4, 8, 16, 32, 64, 128, 255],
        [*range(300), 1023],
        [5],
        [],
    ],
)
def test_gaps_between_states_are_no_fault(labels):
    assert stands_for_none(labels) is None


def test_half_precision_holds_states(folder, recwarn):
    np.save("a.npy", states().astype(np.float16))
    assert found("a.npy") == [states().tolist()]
    assert not recwarn.list


# --- counts and comments ----------------------------------------------------------------------


@pytest.mark.parametrize("head", [[], ["# written by a program"]])
def test_a_count_above_the_states(folder, head):
    write("a.dat", *head, 600, states())
    refused("a.dat", f"a.dat: line {len(head) + 1}: '600'", "600 numbers", "delete", kind="dtraj")


def test_counts_above_several_trajectories(folder):
    write("a.dat", 600, states(), 600, states(seed=1), 250, states(250, 2))
    refused("a.dat", "line 1: '600'", "a file of its own", kind="dtraj")


def test_a_count_above_whole_features(folder):
    rows = [f"{a} {b}" for a, b in np.random.default_rng(0).integers(0, 30, (400, 2))]
    write("a.dat", "400 2", *rows)
    refused("a.dat", "line 1: '400'", "delete")


def test_counts_in_a_file_that_is_read_in_parts(folder, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.text_tables.LINES", 100)
    write("a.dat", 600, states(), 70, states(70, 2))
    refused("a.dat", "line 1: '600'", kind="dtraj")
    write("a.dat", 600, states(), 70, states(71, 2))
    assert len(found("a.dat")[0]) == 673


@pytest.mark.parametrize(
    "chain",
    [
        np.append(599, np.append(states(598, k=4), 599)),
        np.append(598, states(600, k=4)),
        np.append(5, np.tile([0, 1], 3)[:5]),
        np.random.default_rng(0).integers(0, 600, 600),
    ],
)
def test_states_that_are_no_count(folder, chain):
    others = np.random.default_rng(1).integers(0, 700, 900)
    write("a.dat", chain)
    write("b.dat", others)
    assert found("a.dat", "b.dat") == [chain.tolist(), others.tolist()]


@pytest.mark.parametrize("line", ["# traj 2", "#", "// next", "! run 2", "@ s1", "% end"])
def test_comments_between_states(folder, line):
    write("a.dat", "# states", states(), line, states(seed=1))
    refused("a.dat", f"a.dat: line 602: '{line}'", "a file of its own", "remove", kind="dtraj")


@pytest.mark.parametrize("line", ["# traj 2", "# end of run 1", "// replica 2", "@ title chain 2"])
def test_comments_that_number_trajectories_between_features(folder, line):
    write("a.dat", walk(30, 1)[:, 0], line, walk(30, 1, 6)[:, 0])
    refused("a.dat", f"a.dat: line 31: '{line}'", "a file of its own")


def test_heads_of_plumed_that_stand_in_a_file_again(folder):
    head = "#! FIELDS phi"
    write("a.dat", head, walk(30, 1)[:, 0], head, walk(30, 1, 6)[:, 0])
    refused("a.dat", f"a.dat: line 32: '{head}' stands here again", "a file of its own")


def test_comments_that_part_no_trajectories(folder, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.text_tables.LINES", 100)
    write("a.dat", "state", "# of three", states(), "# end of run 1", "# end")
    assert found("a.dat") == [states().tolist()]
    times = [f"{k} {state}" for k, state in enumerate(states())]
    write("a.dat", "# time state", times[:200], "# restart, run 2", times[200:])
    assert found("a.dat") == [states().tolist()], "the times go on"


# --- several arrays in one file ---------------------------------------------------------------


def save(suffix, **arrays):
    """All arrays in a.npz or a.h5."""
    np.savez("a.npz", **arrays)
    with h5py.File("a.h5", "w") as h5:
        for name, values in arrays.items():
            h5[name] = values
    return f"a.{suffix}"


@pytest.mark.parametrize("suffix", ["npz", "h5"])
@pytest.mark.parametrize("names", [("wt", "mut"), ("run1", "rep2"), ("chainA", "chainB")])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32])
def test_arrays_of_states_are_trajectories_whatever_their_names(folder, suffix, names, dtype):
    chains = [states(seed=seed).astype(dtype) for seed in (0, 1)]
    file = save(suffix, **dict(zip(names, chains, strict=True)))
    assert sorted(found(file)) == sorted(chain.astype(int).tolist() for chain in chains)


@pytest.mark.parametrize("suffix", ["npz", "h5"])
@pytest.mark.parametrize("lump", [lambda s: s // 2, lambda s: 9 - s, lambda s: s % 2 + 4])
def test_the_same_frames_in_other_states(folder, suffix, lump):
    file = save(suffix, micro=states(k=4), macro=lump(states(k=4)))
    refused(file, file, "micro", "macro", "follows from", "source.dataset", kind="dtraj")
    assert found(file, dataset="micro") == [states(k=4).tolist()]


@pytest.mark.parametrize("names", [("phi", "psi"), ("run1/phi", "run1/psi"), ("chi1", "phi")])
def test_states_of_two_angles_are_columns(folder, names):
    file = "a.h5"
    with h5py.File(file, "w") as h5:
        for seed, name in enumerate(names):
            h5[name] = states(seed=seed)
    refused(file, f"{names[0]} and {names[1]} have 600 numbers each", kind="dtraj")


@pytest.mark.parametrize("suffix", ["npz", "h5"])
@pytest.mark.parametrize("kind", ["features", "dtraj"])
@pytest.mark.parametrize("lengths", [[400, 200], [100] * 6, [299.0, 301.0]])
def test_lengths_beside_joined_trajectories(folder, suffix, kind, lengths):
    file = save(suffix, joined=states(), lengths=lengths)
    refused(file, f"lengths of {len(lengths)} trajectories", "joined in joined", kind=kind)


@pytest.mark.parametrize("short", [[400, 201], [0, 600], [20] * 30])
def test_short_trajectories_are_no_lengths(folder, short):
    np.savez("a.npz", a=np.repeat(states(k=2), 2)[:599] * 400 + 20, b=np.array(short))
    assert len(found("a.npz")) == 2


def test_many_states_follow_by_chance(folder):
    every = np.random.default_rng(0).permutation(1200).reshape(2, 600)
    np.savez("a.npz", wt=every[0], mut=every[1])
    assert len(found("a.npz")) == 2


# --- arrays of something else than numbers ----------------------------------------------------

WORDS = ["folded", "unfolded", "folded"] * 50
NO_NUMBERS = {
    "text": np.array(WORDS),
    "bytes": np.array(WORDS, "S8"),
    "numbers as text": np.array([str(x) for x in states()]),
}


@pytest.mark.parametrize("kind", ["features", "dtraj"])
@pytest.mark.parametrize("suffix", ["npy", "npz", "h5"])
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_arrays_of_text(folder, kind, suffix, name):
    values = NO_NUMBERS[name]
    np.save("a.npy", values)
    np.savez("a.npz", x=values)
    with h5py.File("a.h5", "w") as h5:
        h5["x"] = values.astype("S") if name == "bytes" else values.tolist()
    place = {"npy": "a.npy", "npz": "a.npz, array x", "h5": "a.h5, dataset x"}[suffix]
    refused(f"a.{suffix}", f"{place}: text, not a real number", "return_inverse", kind=kind)


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_text_beside_states_can_be_left_out(folder, suffix):
    file = save(suffix, x=states(), note="of the second run")
    refused(file, "note: text", "source.dataset", kind="dtraj")
    assert found(file, dataset="x") == [states().tolist()]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (np.array([states(), states(500)], object), "Python objects"),
        (np.array(["2020-01-01"] * 9, "M8[D]"), "datetime64[D] is not a real number"),
        (np.array([b"1234"] * 9, "V4"), "type |V4 is not a real number"),
    ],
)
def test_arrays_of_other_things(folder, made, words):
    np.save("a.npy", made)
    refused("a.npy", "a.npy: ", words, "plain array", kind="dtraj")


def test_rows_of_their_own_length_in_hdf5(folder):
    with h5py.File("a.h5", "w") as h5:
        rows = h5.create_dataset("x", (2,), h5py.vlen_dtype(np.int32))
        rows[0], rows[1] = states(), states(500)
        h5["y"] = h5py.Empty("f4")
    words = "a.h5, dataset x: each row has a length of its own", "plain array"
    refused("a.h5", *words, dataset="x", kind="dtraj")
    refused("a.h5", "a.h5, dataset y: shape () is not", dataset="y", kind="dtraj")


def test_labels_are_told_in_ascending_order_wherever_they_occur_first(folder):
    rng = np.random.default_rng(1)
    for name, some in (("a", [3, 7]), ("b", [1, 7, 5])):
        np.save(f"{name}.npy", rng.choice(some, 300))
    imported("*.npy", kind="dtraj")
    assert read_state_labels("features.h5") == [1, 3, 5, 7]
