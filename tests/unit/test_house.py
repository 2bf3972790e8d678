"""Rules of the house that can be read off the files: who imports whom, sizes, order, names."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflow"
PACKAGE = WORKFLOW / "raremd"
# A room may import from those before it; io and kinetics import none of ours.
ROOMS = ["io", "kinetics", "data", "study", "states", "models", "learning", "analysis", "report"]
ALONE = {"io", "kinetics"}
# fmt: off
DIRECTIVES = [
    "name", "default_target", "input", "output", "log", "benchmark", "wildcard_constraints",
    "priority", "localrule", "conda", "threads", "resources", "params", "message", "script",
    "shell",
]
# fmt: on
MODULES = {
    ".".join(path.relative_to(WORKFLOW).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Trajectories of whatever a user calls their models.
FREE = {"raremd.report.notebook.compare", "raremd.analysis.trajectories.compare_models"}
ANYTHING = re.compile(r"\bdict\b(?!\[)|\b(dict|Mapping)\[str, Any\]")
SCRIPT = re.compile(r"scripts/(\w+)\.py")
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))
RULE_FILES = [ROOT / "Snakefile", WORKFLOW / "Snakefile", *sorted(WORKFLOW.glob("rules/*.smk"))]


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imported(path: Path) -> set[str]:
    """Modules of the package that a file imports, those for type checkers too."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            names |= members or {node.module}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & MODULES.keys()


def room(module: str) -> str:
    """The package within raremd that a module stands in."""
    return module.split(".")[1] if "." in module else ""


def rules(path: Path) -> Iterator[tuple[str, list[str], str]]:
    """Name, directives in their order, and text of each rule of a file; a table's has no name."""
    blocks = re.compile(r"^( *)rule *(\w*):\n((?:\1    .*\n|\n)+)", re.MULTILINE)
    for indent, name, body in blocks.findall(path.read_text()):
        yield name, re.findall(rf"^{indent}    (\w+):", body, re.MULTILINE), body


ALL_RULES = [
    pytest.param(path, *rule, id=rule[0] or f"table in {path.name}")
    for path in RULE_FILES
    for rule in rules(path)
]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout of git")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_every_module_stands_in_a_known_room():
    assert {room(module) for module in MODULES} <= {"", *ROOMS}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module):
    here = room(module)
    above = set(ROOMS[ROOMS.index(here) + 1 :]) if here else set()
    if here in ALONE:
        above = set(ROOMS) - {here}
    wrong = {other for other in imported(MODULES[module]) if room(other) in above}
    assert not wrong, f"{module} imports what may import it"


def test_no_modules_import_in_a_circle():
    try:
        TopologicalSorter(
            {name: imported(path) - {name} for name, path in MODULES.items()}
        ).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_file_is_longer_than_its_kind_may_be():
    files = [*MODULES.values(), *RULE_FILES, *SCRIPTS]
    files += [path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    lines = {path: path.read_text().count("\n") for path in files}
    long = {path.name: n for path, n in lines.items() if n > (60 if path in SCRIPTS else 400)}
    assert not long


def test_the_package_has_few_entries_at_its_top():
    entries = [e.name for e in PACKAGE.iterdir() if e.name != "__pycache__"]
    assert len([name for name in entries if not name.endswith(".egg-info")]) <= 10


@pytest.mark.parametrize(("path", "name", "directives", "body"), ALL_RULES)
def test_directives_stand_in_the_same_order_in_all_rules(path, name, directives, body):
    assert directives == sorted(directives, key=DIRECTIVES.index)


@pytest.mark.parametrize(("path", "name", "directives", "body"), ALL_RULES)
def test_rules_that_run_something_say_where_they_log_and_what_they_need(
    path, name, directives, body
):
    if {"script", "shell"} & set(directives):
        assert {"output", "log", "benchmark", "conda", "threads", "resources"} <= set(directives)


@pytest.mark.parametrize(("path", "name", "directives", "body"), ALL_RULES)
def test_a_rule_has_the_name_of_its_script(path, name, directives, body):
    for script in SCRIPT.findall(body):
        assert script == (name or "plot_figure")
        assert f'code_of("{script}"' in body or "shell" in directives


def test_every_script_has_a_rule():
    named = {s for *_, body in map(lambda p: p.values, ALL_RULES) for s in SCRIPT.findall(body)}
    assert named == {script.stem for script in SCRIPTS}


def test_no_file_names_a_place_on_somebodys_machine():
    place = re.compile(r"(?<![\w.}>-])/(?:home|Users|work|root|var/wt)/\w")
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}: {line}" for line in text.splitlines() if place.search(line)
        ]
    assert not found


def test_no_test_module_imports_another():
    for path in sorted((ROOT / "tests").rglob("*.py")):
        names = re.findall(r"^(?:from|import) (test_\w+)", path.read_text(), re.MULTILINE)
        assert not names, f"{path.name}: what both need goes to a module beside them"


def test_no_function_takes_or_gives_a_dict_of_anything():
    """Two places may: files hold records of any kind, and settings begin as what a user wrote."""
    found = set()
    for module, path in MODULES.items():
        if room(module) == "io" or module.startswith("raremd.study.settings"):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                annotations = [*(a.annotation for a in given), node.returns]
                if any(ANYTHING.search(ast.unparse(a)) for a in annotations if a):
                    found.add(f"{module}.{node.name}")
    assert found == FREE
