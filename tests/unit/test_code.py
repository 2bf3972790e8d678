"""What a rule depends on: read from import statements, compared with Python's own module finder."""

from __future__ import annotations

import importlib
import modulefinder
import shutil
from pathlib import Path

import pytest

import raremd
from raremd.study import code
from raremd.study.settings.models import KINDS

WORKFLOW = Path(raremd.__file__).parents[1]
TRAINING = WORKFLOW / "raremd/learning/replicates.py"
SCRIPTS = sorted(s for s in (WORKFLOW / "scripts").glob("*.py") if "from raremd" in s.read_text())
LEFT_OUT = ("io",)
MODELS = WORKFLOW / "raremd/study/settings/models.py"
READ = code._read  # parses each source once for all tests
MODULES = sorted(
    path
    for path in (WORKFLOW / "raremd").rglob("*.py")
    if path.relative_to(WORKFLOW).parts[1] not in LEFT_OUT
)


def module_name(path: Path) -> str:
    parts = path.relative_to(WORKFLOW).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def model_file(module: str) -> Path:
    return WORKFLOW.joinpath(*module.split(".")).with_suffix(".py")


class Finder(modulefinder.ModuleFinder):
    """Notes what each file imports; all but the package is invisible to it."""

    def __init__(self) -> None:
        super().__init__(path=[str(WORKFLOW)])
        self.imported: dict[str, set[str]] = {}

    def import_hook(self, name, caller=None, fromlist=None, level=-1):
        named = {name, *(f"{name}.{part}" for part in fromlist or ())}
        self.imported.setdefault(caller.__file__, set()).update(named)
        return super().import_hook(name, caller, fromlist, level)


@pytest.fixture(scope="module")
def finder() -> Finder:
    """Python's module finder, with all that scripts and models import."""
    finder = Finder()
    for path in (*SCRIPTS, TRAINING, *(model_file(kind.module) for kind in KINDS.values())):
        finder.load_file(str(path))
    return finder


def found_by_python(finder: Finder, start: Path) -> set[str]:
    """Modules of the package that running a file would load."""
    found: set[str] = set()
    waiting = [str(start)]
    while waiting:
        names = finder.imported.get(waiting.pop(), set())
        parts = [name.split(".") for name in names]
        names = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)} - found
        names = {n for n in names if n in finder.modules and n.split(".")[0] == "raremd"}
        found |= names
        waiting += [finder.modules[name].__file__ for name in names]
    return {name for name in found if name.split(".")[1:2] not in [[of] for of in LEFT_OUT]}


@pytest.fixture(scope="module")
def dependencies(finder) -> dict[tuple[Path, ...], set[str]]:
    """By the files that a digest starts from, what they import according to Python."""
    starts = [(script,) for script in SCRIPTS]
    starts += [(TRAINING, model_file(kind.module)) for kind in KINDS.values()]
    found = {
        start: set().union(*(found_by_python(finder, path) for path in start)) for start in starts
    }
    for start in starts[len(SCRIPTS) :]:
        found[start] |= set(map(module_name, start))
    return found


class Sources(dict):
    """What files say, as `code._source` keeps it; one file can be forgotten alone."""

    def __missing__(self, path: Path):
        self[path] = READ(path.read_bytes())
        return self[path]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The package in a folder where its modules can be changed, looked at by a fresh `code`."""
    shutil.copytree(WORKFLOW / "raremd", tmp_path / "raremd")
    shutil.copytree(WORKFLOW / "scripts", tmp_path / "scripts")
    fresh = importlib.reload(code)
    monkeypatch.setattr(fresh, "LIBRARY", tmp_path / "raremd")
    monkeypatch.setattr(fresh, "_source", Sources().__getitem__)
    yield tmp_path
    importlib.reload(code)


def digests(
    folder: Path, starts: list[tuple[Path, ...]], changed: Path | None = None
) -> dict[tuple[Path, ...], str]:
    """As a new process gives them; faster if one file has changed, and not what it imports."""
    sources = code._source.__self__
    if changed is None:
        sources.clear()
        code.import_closure.cache_clear()
    sources.pop(changed, None)
    code.code_digest.cache_clear()
    here = [tuple(folder / path.relative_to(WORKFLOW) for path in start) for start in starts]
    return {start: code.code_digest(*files) for start, files in zip(starts, here, strict=True)}


def test_any_change_of_a_module_reaches_just_what_imports_it(copied, dependencies):
    starts = list(dependencies)
    before = digests(copied, starts)
    for path in MODULES:
        target = copied / path.relative_to(WORKFLOW)
        text = target.read_text()
        change = "kind_of_model = None" if path == MODELS else "CHANGED = True"
        target.write_text(f"{text}\n{change}\n")
        after = digests(copied, starts, changed=target)
        target.write_text(text)
        code._source.__self__.pop(target, None)
        changed = {start for start in starts if after[start] != before[start]}
        importing = {start for start in starts if module_name(path) in dependencies[start]}
        assert changed == importing, module_name(path)


def test_comments_docstrings_and_layout_do_not_count(copied, dependencies):
    starts = list(dependencies)
    before = digests(copied, starts)
    for path in MODULES:
        target = copied / path.relative_to(WORKFLOW)
        text = target.read_text()
        assert text.startswith('"""')
        target.write_text("# A comment.\n" + text.replace('"""', '"""Other words. ', 1) + "\n\n\n")
    assert digests(copied, starts) == before


OWN_MODEL = '''

class OwnSettings(Section):
    """A model of one's own."""

    depth: Whole = Field(default=2, description="Layers.")


KINDS["own"] = Kind(OwnSettings, "raremd.models.gru:Own")
'''
HIDDEN = "    hidden: Whole = Field(default=48, ge=1"


def of_kinds(folder: Path, *kinds: str) -> list[str]:
    """Digests that the checkpoints of these kinds are valid for, as a new process gives them."""
    starts = [(TRAINING, model_file(KINDS[kind].module)) for kind in kinds]
    return list(digests(folder, starts).values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", OWN_MODEL),
        ("", "from typing import get_args\n"),
        ('"Width of the hidden state."', '"So wide is the hidden state."'),
        ('PRIOR = "Table', 'PRIOR = "What is'),
        ("class HMMSettings(Section):", "class HMMSettings(Section):\n    more: Whole = 1\n"),
        ('"""What `match_seen_jumps` stands for."""', ""),
        ('"raremd.models.hmm:HMM"', '"raremd.models.hmm:Other"'),
    ],
)
def test_other_models_and_descriptions_do_not_reach_the_training_of_one(copied, old, new):
    before = of_kinds(copied, "lstm", "transformer", "persistence")
    target = copied / MODELS.relative_to(WORKFLOW)
    text = target.read_text()
    assert old in text
    target.write_text(text.replace(old, new) if old else text + new)
    assert of_kinds(copied, "lstm", "transformer", "persistence") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class LSTMSettings(RecurrentSettings):", "class LSTMSettings(OnPrior):"),
        (HIDDEN, HIDDEN.replace("48", "40")),
        ("if self.calibration and", "if not self.calibration and"),
        ('"plain_share": 1, "calibration": 4', '"plain_share": 1, "calibration": 5'),
        ("kernels.lstm:CompiledLSTM", "kernels.lstm:LSTM"),
        ("    return KINDS[kind]", '    return KINDS["lstm"]'),
        ("\n\nclass OnPrior(Section):", "\n\nfor _ in KINDS:\n    pass\nclass OnPrior(Section):"),
    ],
)
def test_what_a_kind_is_reaches_its_training(copied, old, new):
    before = of_kinds(copied, "lstm")
    target = copied / MODELS.relative_to(WORKFLOW)
    text = target.read_text()
    assert old in text
    target.write_text(text.replace(old, new))
    assert of_kinds(copied, "lstm") != before


def test_a_file_that_imports_the_table_whole_depends_on_all_of_it(copied):
    start = copied / "script.py"
    target = copied / MODELS.relative_to(WORKFLOW)
    start.write_text("from raremd.study.settings import models\n")
    before = code.code_digest(start)
    target.write_text(target.read_text() + OWN_MODEL)
    code._source.__self__.clear()
    code.code_digest.cache_clear()
    assert code.code_digest(start) != before


def test_how_files_are_stored_does_not_count(copied, dependencies):
    starts = list(dependencies)
    before = digests(copied, starts)
    for of in LEFT_OUT:
        for target in (copied / "raremd" / of).rglob("*.py"):
            target.write_text(target.read_text() + "\nCHANGED = True\n")
    assert digests(copied, starts) == before


def test_rules_that_compute_do_not_depend_on_figures_or_pages(dependencies):
    computing = ["simulate", "import", "fit", "train", "estimate", "compare_cells", "check_lengths"]
    for (script, *_), modules in dependencies.items():
        if script.stem.startswith(tuple(computing)) and script.stem != "compare_estimators":
            assert not [name for name in modules if name.startswith("raremd.report")], script.stem


def test_a_relative_import_is_refused(tmp_path):
    (tmp_path / "script.py").write_text("from . import neighbour\n")
    with pytest.raises(ValueError, match="absolute"):
        code.import_closure(tmp_path / "script.py")


def test_imports_for_type_checkers_do_not_count(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from raremd.models import base\n"
        "def late():\n    import raremd.kinetics.igme\n"
    )
    assert code.import_closure(script) == {"raremd", "raremd.kinetics", "raremd.kinetics.igme"}
