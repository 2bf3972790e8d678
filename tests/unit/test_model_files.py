"""Files of one's own models: what cannot be used is told in one line, and names entry or file."""

from __future__ import annotations

import pytest
import torch
from toy_study import toy

from raremd.models import SequenceModel, model_class
from raremd.study import code, model_files
from raremd.study.load import check_files, load_study
from raremd.study.model_files import class_defines, model_file
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.models import KINDS, Kind, MarkovSettings

GOOD = "from raremd.models.base import SequenceModel\n\n\nclass X(SequenceModel):\n    pass\n"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes raremd/models/x.py beside the others, and an entry of it."""
    library = tmp_path / "raremd"
    (library / "models").mkdir(parents=True)
    (library / "models/base.py").write_text("class SequenceModel:\n    pass\n")
    for module in (code, model_files):
        monkeypatch.setattr(module, "LIBRARY", library)
    for cached in (code._file, code._source, code.import_closure, code.code_digest):
        cached.cache_clear()

    def write(text: str | None, where: str = "raremd.models.x:X", file: str = "x.py"):
        monkeypatch.setitem(KINDS, "x", Kind(MarkovSettings, where))
        path = library / "models" / file
        if text is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return path

    yield write
    for cached in (code._file, code._source, code.import_closure, code.code_digest):
        cached.cache_clear()


def test_every_kind_of_the_package_has_its_file():
    for kind, entry in KINDS.items():
        assert model_file(kind).read_text().count(f"class {entry.name}(") == 1


def test_a_file_and_a_folder_are_found(written):
    path = written(GOOD)
    assert model_file("x") == path
    folder = written(GOOD, "raremd.models.mamba:X", "mamba/__init__.py")
    assert model_file("x") == folder


@pytest.mark.parametrize("file", ["x.py", "x/__init__.py"])
def test_its_digest_changes_with_it(written, file):
    path = written(GOOD, "raremd.models.x:X", file)
    before = code.code_digest(path)
    path.write_text(GOOD + "A = 1\n")
    code._source.cache_clear()
    code.code_digest.cache_clear()
    assert code.code_digest(path) != before


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (None, "raremd.models.nosuch:X", "there is no file workflow/raremd/models/nosuch.py"),
        (GOOD, "raremd.models.x", "'raremd.models.x' names no class; write 'raremd.models.x:"),
        (GOOD, "raremd.models.x:", "names no class"),
        (GOOD, "mymamba.model:X", "'mymamba.model' is not in the package"),
        (GOOD, "raremd.models.x:Y", "no class 'Y' in workflow/raremd/models/x.py"),
    ],
)
def test_a_wrong_entry_is_named(written, text, where, words):
    written(text, where)
    with pytest.raises(ConfigError, match=r"KINDS\['x'\]: ") as error:
        model_file("x")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class X(:\n    pass\n", "x.py: line 1: "),
        (GOOD.replace("raremd.models.base", ".base"), "x.py: imports within the package"),
    ],
)
def test_a_broken_file_is_named(written, text, words):
    written(text)
    with pytest.raises(ConfigError) as error:
        model_file("x")
    assert words in str(error.value)


def test_files_are_looked_at_before_a_study_runs(written, tmp_path):
    written(None)
    study = load_study(
        toy(**{"models": {"x": {}}, "systems.toy.sweeps": [], "systems.toy.claims": {}})
    )
    with pytest.raises(ConfigError, match=r"KINDS.*x.*there is no file"):
        check_files(study, tmp_path)


def test_methods_are_found_without_loading_classes():
    for kind, entry in KINDS.items():
        made = model_class(kind)
        for method in ("logits", "encode", "loss"):
            own = getattr(made, method) is not getattr(SequenceModel, method)
            assert class_defines(entry.module, entry.name, method) == own, (kind, method)
    assert issubclass(SequenceModel, torch.nn.Module)


def test_what_cannot_be_found_counts_as_defined(written):
    written("from elsewhere import Y\n\n\nclass X(Y):\n    pass\n")
    assert class_defines("raremd.models.x", "X", "logits")
    written(GOOD)
    assert not class_defines("raremd.models.x", "X", "logits")
