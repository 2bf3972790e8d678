"""Compiled functions find a folder where neither package nor home can be written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from raremd.io import compiled


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Nothing can be written but the temporary folder."""
    allowed = tmp_path / "temporary"
    allowed.mkdir()
    monkeypatch.setattr(compiled, "_can_write_below", lambda folder: False)
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(allowed))
    monkeypatch.delenv(compiled.NAME, raising=False)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    return allowed


def test_takes_a_folder_of_the_user_alone(nowhere, monkeypatch):
    monkeypatch.setenv(compiled.NAME, "")
    compiled.keep_compiled_functions()
    (made,) = nowhere.iterdir()
    assert os.environ[compiled.NAME] == str(made)
    assert made.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_can_write_is_not_taken(nowhere, monkeypatch):
    monkeypatch.setenv(compiled.NAME, "")
    theirs = nowhere / f"raremd-{os.getuid()}"
    theirs.mkdir()
    theirs.chmod(0o777)
    compiled.keep_compiled_functions()
    assert os.environ[compiled.NAME] != str(theirs)
    assert os.environ[compiled.NAME].startswith(str(nowhere))


def test_what_the_user_names_is_left_alone(nowhere, monkeypatch):
    monkeypatch.setenv(compiled.NAME, "/named")
    compiled.keep_compiled_functions()
    assert os.environ[compiled.NAME] == "/named" and not list(nowhere.iterdir())


def test_nothing_changes_where_the_package_can_be_written(tmp_path, monkeypatch):
    monkeypatch.delenv(compiled.NAME, raising=False)
    monkeypatch.setattr(compiled, "PACKAGE", tmp_path)
    compiled.keep_compiled_functions()
    assert compiled.NAME not in os.environ


def test_folders_that_can_be_made_count(tmp_path):
    assert compiled._can_write_below(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    assert not compiled._can_write_below(tmp_path / "file" / "numba")
    assert not compiled._can_write_below(compiled.Path("/proc/1/nothing"))


@pytest.fixture
def read_only(tmp_path):
    """The package on a file system that cannot be written."""
    mounted = tmp_path / "installed"
    mounted.mkdir()
    mount = ["mount", "--bind", str(compiled.PACKAGE.parent), str(mounted)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root to mount a folder")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(mounted)], check=True)
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def test_a_read_only_installation_compiles(read_only, tmp_path):
    script = (
        "import os, raremd.kinetics.residence as residence\n"
        "print(residence.__file__, os.environ['NUMBA_CACHE_DIR'], sep='\\n')\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    changed = {"HOME": "/proc/self", "TMPDIR": str(temporary), "PYTHONPATH": str(read_only)}
    left = {k: v for k, v in os.environ.items() if k not in (compiled.NAME, "XDG_CACHE_HOME")}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=left | changed,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    module, cache = ran.stdout.split()
    assert module.startswith(str(read_only))
    assert cache == str(temporary / f"raremd-{os.getuid()}")
