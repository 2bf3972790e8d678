"""Text files as users have them: heads, blank lines, numbers, compression."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest
from own_files import imported, refused, walk

ROWS = walk(30, 3)


def lines(separator=" ", form="%.4f", rows=ROWS):
    return [separator.join(form % value for value in row) for row in rows]


def write(name, *parts):
    with open(name, "w") as file:
        file.write("\n".join([*parts, ""]))


def columns(found):
    return np.concatenate(found.trajectories)


@pytest.mark.parametrize(
    ("head", "separator", "rows"),
    [
        ("0,1,2", ",", ROWS),
        ("1;2;3", ";", ROWS),
        ('"0","1","2"', ",", ROWS),
        ("0,1,2", ",", np.rint(ROWS)),
    ],
)
def test_heads_that_count_are_no_frames(folder, head, separator, rows):
    form = "%.4f" if (rows != np.rint(rows)).any() else "%d"
    write("a.csv", head, *lines(separator, form, rows))
    np.testing.assert_allclose(columns(imported("a.csv")), rows, atol=1e-4)


def test_a_head_that_counts_behind_an_index(folder):
    write("a.csv", ",0,1,2", *(f"{k},{row}" for k, row in enumerate(lines(","))))
    found = imported("a.csv", columns=["1", "0"])
    np.testing.assert_allclose(columns(found), ROWS[:, [1, 0]], atol=1e-4)


@pytest.mark.parametrize(("head", "n"), [("0\t1", 2), ("1\t2", 2), ("0", 1)])
def test_a_first_line_that_may_be_names_or_a_frame_is_asked_after(folder, head, n):
    write("a.dat", head, *lines("\t", "%.4f", ROWS[:, :n]))
    refused("a.dat", "line 1", "may be a frame or names", "write 0.0 instead of 0")


def test_two_whole_numbers_are_data(folder):
    write("a.csv", "0,1", "3,1", "2,2", "0,4")
    assert len(imported("a.csv").trajectories[0]) == 4


@pytest.mark.parametrize(
    ("remark", "names"),
    [
        ("# phi psi d", ["phi", "psi", "d"]),
        ("# phi, psi, d", ["phi", "psi", "d"]),
        ("#phi\tpsi\td", ["phi", "psi", "d"]),
        ("# made with two words more", ["feature_1", "feature_2", "feature_3"]),
        ("# x x y", ["feature_1", "feature_2", "feature_3"]),
        ("# 1 2 3", ["feature_1", "feature_2", "feature_3"]),
    ],
)
def test_a_remark_that_names_the_columns(folder, remark, names):
    write("a.txt", remark, *lines())
    assert imported("a.txt").feature_names == names


def test_times_of_states_named_in_a_remark(folder):
    write("a.txt", "# time state", *(f"{0.5 * k} {k % 7 // 3}" for k in range(40)))
    found = imported("a.txt", kind="dtraj", interval=0.5)
    assert found.trajectories[0][:, 0].tolist() == [k % 7 // 3 for k in range(40)]
    refused("a.txt", "'times: ns'", kind="dtraj", interval=0.5, unit="ns")


@pytest.mark.parametrize("blank", ["", "   ", "\t", "\n\n"])
def test_blank_lines_between_frames(folder, blank):
    write("a.txt", *lines()[:15], blank, *lines()[15:])
    refused("a.txt", "line 16: a blank line between frames", "a file of its own")
    write("a.txt", blank, "phi psi d", blank, *lines(), blank)
    np.testing.assert_allclose(columns(imported("a.txt")), ROWS, atol=1e-4)


@pytest.mark.parametrize("separator", [" ", "\t", ";", "  "])
def test_decimal_commas(folder, separator):
    write("a.txt", *(line.replace(".", ",") for line in lines(separator)))
    refused("a.txt", "line", "numbers have decimal points")


def test_one_column_of_decimal_commas_is_not_two(folder):
    write("a.txt", *(line.replace(".", ",") for line in lines(rows=0.01 * ROWS[:, :1])))
    refused("a.txt", "decimal commas")


@pytest.mark.parametrize("letter", ["D", "d", "E"])
def test_exponents_of_fortran(folder, letter):
    write("a.txt", *(line.replace("E", letter) for line in lines(form="%.6E")))
    np.testing.assert_allclose(columns(imported("a.txt")), ROWS, rtol=1e-6)


@pytest.mark.parametrize("opened", [gzip.open, bz2.open, lzma.open])
@pytest.mark.parametrize("name", ["a.dat", "packed"])
def test_compressed_files_whatever_their_name(folder, opened, name):
    with opened(name, "wt") as file:
        file.write("\n".join(lines()))
    np.testing.assert_allclose(columns(imported(name)), ROWS, atol=1e-4)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-9])
    refused(name, f"{name}: not a whole")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_names_of_compressed_files_that_are_none(folder, ending):
    write(f"a{ending}", *lines())
    refused(f"a{ending}", "not a whole", "as its name says")


def test_data_sets_of_grace(folder):
    write("a.xvg", "@ title", *lines(), "&", *lines())
    refused("a.xvg", "line 32: '&' ends one data set")


@pytest.mark.parametrize("word", ["nan", "inf", "", "x7", "2020-01-01"])
def test_columns_that_are_not_wanted_may_hold_anything(folder, word):
    rows = lines(",")
    rows[20] = rows[20].rsplit(",", 1)[0] + f",{word}"
    write("a.csv", "phi,psi,d", *rows)
    found = imported("a.csv", columns=["psi", "phi"])
    np.testing.assert_allclose(columns(found), ROWS[:, [1, 0]], atol=1e-4)
    refused("a.csv", "line 22", word or "column d is empty", columns=["d"])


def test_lines_cut_within_columns_that_are_not_wanted(folder):
    write("a.csv", "phi,psi,d", *lines(","), "1.0,2.0")
    refused("a.csv", "line 32: 2 columns where 3 are expected", columns=["phi"])


@pytest.mark.parametrize(
    "name",
    ["metad.bias", "opes.rct", "restraint.work", "restraint.phi_cntr", "mr.d1_work", "bias", "ww"],
)
def test_biases_are_no_coordinates(folder, caplog, name):
    write("COLVAR", f"#! FIELDS time phi {name}", *lines(rows=np.c_[np.arange(30), ROWS[:, :2]]))
    assert imported("COLVAR").feature_names == ["phi"]
    assert f"holds {name}; if" in caplog.text and "columns are left out" in caplog.text
    assert imported("COLVAR", columns=["phi", name]).feature_names == ["phi", name]


def test_a_weight_alone_is_a_feature(folder, caplog):
    write("a.csv", "weight", *(f"{row[0]:.4f}" for row in ROWS))
    assert imported("a.csv").feature_names == ["weight"]
    write("a.csv", "weight_of_contacts,d.worker", *lines(",", rows=ROWS[:, :2]))
    assert imported("a.csv").feature_names == ["weight_of_contacts", "d.worker"]
    assert "biased" not in caplog.text


@pytest.mark.parametrize("line", ["#N/A,1.0,2.0", "# 1.0,2.0,3.0", "#,1.0,2.0", "% NA,1.5,nan"])
def test_frames_that_pose_as_comments(folder, line):
    write("a.csv", "phi,psi,d", *lines(","), line)
    refused("a.csv", "line 32", "is a comment, and reads as a frame")


@pytest.mark.parametrize("line", ["# step 1000", "#", "# 300 K", "# a,b", "@ 1"])
def test_comments_among_frames(folder, line):
    write("a.csv", "phi,psi,d", *lines(",")[:15], line, *lines(",")[15:])
    np.testing.assert_allclose(columns(imported("a.csv")), ROWS, atol=1e-4)


@pytest.mark.parametrize("mark", ["%", "!", "//", "#"])
def test_marks_of_comments(folder, mark):
    write("a.dat", f"{mark} phi psi d", *lines())
    assert imported("a.dat").feature_names == ["phi", "psi", "d"]
    write("a.dat", f"{mark} phi psi d", *lines(), f"{mark} end of file")
    assert imported("a.dat").feature_names == ["phi", "psi", "d"]
    write("a.dat", f"{mark} written by a script", *lines())
    assert imported("a.dat").feature_names == ["feature_1", "feature_2", "feature_3"]


@pytest.mark.parametrize("head", ["2019 2020 2021", "12 13 14", "3 1 2"])
def test_heads_of_whole_numbers_are_asked_after(folder, head):
    write("a.dat", head, *lines())
    refused("a.dat", f"line 1, '{head}', may be a frame or names")


def test_a_first_frame_of_zeros_is_a_frame(folder):
    write("a.dat", "0 0 0", *lines())
    assert len(imported("a.dat").trajectories[0]) == len(ROWS) + 1


@pytest.mark.parametrize("word", ["NA", "null", "None", "-", ""])
def test_numbers_that_are_missing(folder, word):
    write("a.csv", "phi,psi,d", *lines(","), f"1.0,{word},2.0")
    refused("a.csv", "line 32: column psi is", "source.columns")


@pytest.mark.parametrize("words", ["-0,8 1,2", "-0,5", "-0,1,0,3"])
def test_decimal_commas_of_one_digit(folder, words):
    rows = ["1,1,1,1", "-1,2,0,4", "3,7,2,2"] if words.count(",") > 1 else ["1,1", "-1,2", "3,7"]
    write("a.txt", *rows, words)
    refused("a.txt", "a.txt: line")


def test_separators_between_quotes(folder):
    write("a.csv", '"phi, rad",psi', *lines(",", rows=ROWS[:, :2]))
    assert imported("a.csv").feature_names == ["phi, rad", "psi"]
    write("a.csv", "phi,psi", '"1,000.5",2.0', *lines(",", rows=ROWS[:, :2]))
    refused("a.csv", "line 2: '1,000.5' is not a number", "points, not commas")


def test_a_remark_behind_a_number_is_no_decimal_comma(folder):
    write("a.csv", "phi,psi,d", *lines(","), "1.0,2.0,3.0 # restart")
    refused("a.csv", "line 32: '3.0 # restart' is not a number")


@pytest.mark.parametrize("mark", ["#", "# ", "%"])
def test_names_of_several_words_in_a_comment(folder, mark):
    write("a.csv", f'{mark}"Box Volume (nm^3)","Temperature (K)",d', *lines(","))
    names = ["Box Volume (nm^3)", "Temperature (K)", "d"]
    assert imported("a.csv").feature_names == names


def test_a_line_of_units(folder):
    write("a.csv", "time,phi,psi", "ps,nm,deg", *lines(","))
    refused("a.csv", "a.csv: line 2: 'nm' is not a number; delete the line if it holds units")


def test_states_in_words_or_in_one_line(folder):
    write("a.txt", *["alpha", "beta", "L"] * 20)
    refused("a.txt", "a.txt: line 2: 'beta' is not a number; number the words", kind="dtraj")
    write("a.txt", " ".join("0120" * 20))
    refused("a.txt", "a.txt: 80 columns", "write one number a line", kind="dtraj")
    write("a.txt", str([0, 1, 2, 0] * 20))
    refused("a.txt", "a.txt: 80 columns", "write one number a line", kind="dtraj")


def test_arrays_of_times_beside_features(folder):
    np.savez("a.npz", features=ROWS, time=np.arange(30.0))
    refused("a.npz", "array time has 1 features", "name the arrays that are with source.dataset")
