"""What a result depends on in the package: read from `import` statements, never listed by hand.

Every rule carries one digest of the modules that its script imports, directly or not. Comments,
docstrings and layout do not count; `raremd.io` is left out, since it decides how numbers are
stored and not what they are.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

LIBRARY = Path(__file__).parents[1]
LEFT_OUT = "raremd.io"


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
                raise ValueError("imports within the package are absolute: from raremd.x import y")
            names = [f"{statement.module}.{name}" for name in names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "raremd":
                yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
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
    said = ast.dump(_without_docstrings(tree))
    return imported, hashlib.sha256(said.encode()).hexdigest()


@functools.cache
def _source(path: Path) -> tuple[frozenset[str], str]:
    return _read(path.read_bytes())


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
    ValueError
        If a file uses a relative import.
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
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
