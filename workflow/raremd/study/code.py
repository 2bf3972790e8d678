"""What a result depends on in the package: read from `import` statements, never listed by hand.

Every rule carries one digest of the modules that its script imports, directly or not. Comments,
docstrings, descriptions of options and layout do not count; `raremd.io` is left out, since it
decides how numbers are stored and not what they are. Of the table of models, what is said of other
models does not count either.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from raremd.study.kinds_code import said_of_kinds
from raremd.study.settings.messages import ConfigError

LIBRARY = Path(__file__).parents[1]
LEFT_OUT = "raremd.io"
MODELS = "raremd.study.settings.models"
"""Holds the options of every model."""


@functools.cache
def _file(module: str) -> Path | None:
    """Source of a module of the package; None if there is no such module."""
    path = LIBRARY.parent.joinpath(*module.split("."))
    return next((f for f in (path / "__init__.py", path.with_suffix(".py")) if f.is_file()), None)


def _statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements that run, wherever they stand: all but those for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield from _statements(child)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names that may be modules of the package, with the packages that they stand in."""
    for statement in _statements(tree):
        names = [alias.name for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            if statement.level:
                raise ConfigError("imports within the package are absolute: from raremd.x import y")
            names = [f"{statement.module}.{name}" for name in names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "raremd":
                yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _without_words(tree: ast.Module) -> ast.Module:
    """Without docstrings and the descriptions of options."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Field"
        ):
            node.keywords = [k for k in node.keywords if k.arg != "description"]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


@functools.cache
def _read(source: bytes) -> tuple[frozenset[str], str]:
    """Names that a source imports from the package, and a digest of what it says."""
    tree = ast.parse(source)
    imported = frozenset(name for name in _imported(tree) if not name.startswith(LEFT_OUT))
    said = ast.dump(_without_words(tree))
    return imported, hashlib.sha256(said.encode()).hexdigest()


@functools.cache
def _source(path: Path) -> tuple[frozenset[str], str]:
    parsed(path)
    try:
        return _read(path.read_bytes())
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file.

    Raises
    ------
    ConfigError
        If it is no Python, naming file and line.
    """
    try:
        return ast.parse(path.read_bytes())
    except SyntaxError as error:
        raise ConfigError(f"{path}: line {error.lineno}: {error.msg}; correct it") from None


@functools.cache
def import_closure(*starts: Path) -> frozenset[str]:
    """Modules of the package that files import, directly or not.

    Parameters
    ----------
    *starts : Path
        Python files, inside or outside the package.

    Returns
    -------
    frozenset of str
        Dotted names, with the packages that they stand in; `raremd.io` is left out.

    Raises
    ------
    ConfigError
        If a file uses a relative import or is no Python, naming it.
    """
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        imported, _ = _source(waiting.pop())
        files = {name: file for name in imported - found if (file := _file(name))}
        found |= files.keys()
        waiting += files.values()
    return frozenset(found)


@functools.cache
def code_digest(*starts: Path) -> str:
    """One digest of files and of all modules of the package that they import.

    Parameters
    ----------
    *starts : Path
        Python files, such as the script of a rule.

    Returns
    -------
    str
        Hexadecimal; it changes when the meaning of any of these files does.
    """
    files = {str(number): start for number, start in enumerate(starts)}
    files |= {name: file for name in import_closure(*starts) if (file := _file(name))}
    digests = {name: _source(file)[1] for name, file in files.items()}
    if MODELS in files:
        own = {name for file in starts if (name := _module_name(file))}
        digests[MODELS] = _digest_of_models(files, own)
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()


def _module_name(file: Path) -> str | None:
    """Of a file in the package."""
    if not file.is_relative_to(LIBRARY):
        return None
    parts = file.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _digest_of_models(files: Mapping[str, Path], starts: Set[str]) -> str:
    """Of what files take from the table of models, about those models whose modules they are."""
    used: set[str] = set()
    for name in files.keys() - {MODELS}:
        imported, _ = _source(files[name])
        taken = {n.removeprefix(f"{MODELS}.") for n in imported if n.startswith(f"{MODELS}.")}
        if MODELS in imported and not taken:  # the module as a whole
            return _source(files[MODELS])[1]
        used |= taken
    tree = _without_words(ast.parse(files[MODELS].read_bytes()))
    said = said_of_kinds(tree, used, files.keys() | starts)
    return hashlib.sha256(said.encode()).hexdigest()
