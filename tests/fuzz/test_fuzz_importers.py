"""Broken files of every kind that is imported: features or one line, never a traceback."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

import h5py
import numpy as np
import pytest

from raremd.data.imported.imported import import_source
from raremd.data.imported.kinds import make_source
from raremd.data.imported.sources import check_source

CASES = 20_000
PARTS = 8
TOKENS = [b"nan", b"-inf", b"1e999", b"#! FIELDS a b\n", b"\n", b"\0", b"\xff\xfe", b",", b";"]
TOKENS += [b"#! SET min_phi -pi\n", b"@", b'"', b" ", b"\r", b"1" * 400, b"-", b"0x1f", b"1_0"]
HEADERS = [
    b"{'descr': '|O', 'fortran_order': False, 'shape': (20, 2), }",
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (20, 2), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-20, 2), }",
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (10**9, 10**4), }",
    b"{'descr': '<f4', 'fortran_order': True, 'shape': (999999999999, 19999), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }",
    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (20,), }",
    b"{'descr': '<U7', 'fortran_order': False, 'shape': (20,), }",
    b"{'descr': '<M8[s]', 'fortran_order': False, 'shape': (20,), }",
    b"{'descr': '<f4', 'shape': (20, 2)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (20, 2), 'x': __import__('os')}",
]


def as_npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def as_npz(values):
    file = io.BytesIO()
    np.savez_compressed(file, a=values, b=values + 1)
    return file.getvalue()


def as_hdf5(values):
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5["a"], h5["group/b"] = values, values + 1
        h5.attrs["feature_names"] = ["phi", "psi"]
    return file.getvalue()


def as_text(values, separator=" ", head=""):
    rows = [separator.join(f"{v:g}" for v in row) for row in values]
    return (head + "\n".join(rows) + "\n").encode()


def seeds():
    """Name -> (kind of source, good content)."""
    values = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
    timed = np.column_stack([np.arange(20), values])
    states = np.random.default_rng(2).integers(0, 4, (30, 1))
    colvar = "#! FIELDS time phi psi\n#! SET min_phi -pi\n#! SET max_phi pi\n"
    return {
        "a.npy": ("features", as_npy(values)),
        "a.npz": ("features", as_npz(values)),
        "a.h5": ("features", as_hdf5(values)),
        "a.txt": ("features", as_text(values)),
        "a.csv": ("features", as_text(values, ",", "phi,psi\n")),
        "COLVAR": ("features", as_text(timed, " ", colvar)),
        "a.dat.gz": ("features", gzip.compress(as_text(values))),
        "states.txt": ("dtraj", as_text(states)),
        "states.npy": ("dtraj", as_npy(states)),
    }


def mutate(content, rng):
    """Change, cut, repeat or insert bytes; for arrays also forge the header."""
    content = bytearray(content)
    at = rng.randrange(len(content)) if content else 0
    kind = rng.randrange(8)
    if kind == 0 and content:
        content[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del content[at:]
    elif kind == 2:
        del content[at : at + rng.randrange(1, 40)]
    elif kind == 3:
        content[at:at] = content[at : at + rng.randrange(1, 200)]
    elif kind == 4:
        content[at:at] = rng.choice(TOKENS)
    elif kind == 5:
        token = rng.choice(TOKENS)
        content[at : at + len(token)] = token
    elif kind == 6:
        content[at : at + 8] = rng.randbytes(8)
    elif content[:6] == b"\x93NUMPY":
        forged = rng.choice(HEADERS).ljust(117) + b"\n"
        content[8 : 10 + 118] = len(forged).to_bytes(2, "little") + forged
    return bytes(content)


@pytest.mark.parametrize("part", range(PARTS))
def test_files(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(part)
    good = seeds()
    outcomes = {name: set() for name in good}
    for _ in range(CASES // PARTS):
        name = rng.choice(list(good))
        kind, content = good[name]
        for _ in range(rng.choice([1, 1, 2, 4])):
            content = mutate(content, rng)
        (tmp_path / name).write_bytes(content)
        source = make_source(kind, files=name)
        try:
            check_source(source, "systems.mine.source")
            import_source(source, [name], 1.0, "ps", "features.h5")
            outcomes[name].add("imported")
        except ValueError as error:
            assert "\n" not in str(error), str(error)
            assert type(error) is ValueError, repr(error)
            assert name in str(error), str(error)
            assert len(str(error)) < 600, str(error)
            outcomes[name].add("refused")
        (tmp_path / name).unlink()
    assert all("refused" in seen for seen in outcomes.values())
    assert sum("imported" in seen for seen in outcomes.values()) > len(good) / 2


def test_archive_in_an_archive_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", as_npz(np.ones((3, 2))))
    source = make_source("features", files=str(tmp_path / "a.npz"))
    with pytest.raises(ValueError, match="not a NumPy array"):
        check_source(source, "systems.mine.source")
