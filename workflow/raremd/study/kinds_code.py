"""What the module of models' options says of some kinds: a new kind must not retrain the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

TABLE = "KINDS"


def _definitions(tree: ast.Module) -> Iterator[tuple[str | None, ast.stmt]]:
    """Statements with the name that each defines; None where that is not a single one."""
    for statement in tree.body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                for alias in statement.names:
                    one = ast.ImportFrom(getattr(statement, "module", None), [alias], 0)
                    yield (alias.asname or alias.name).partition(".")[0], one
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name, statement
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.AnnAssign(target=ast.Name(id=name))
                | ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))])
            ):
                yield name, statement
            case ast.Expr(value=ast.Constant()):  # the docstring of a constant
                pass
            case _:
                yield None, statement


def _is_of_others(entry: ast.expr, modules: Set[str]) -> bool:
    """Whether an entry of the table names a class, and none of these modules holds it."""
    texts = [n.value for n in ast.walk(entry) if isinstance(n, ast.Constant)]
    found = [text.partition(":")[0] for text in texts if isinstance(text, str) and ":" in text]
    return bool(found) and modules.isdisjoint(found)


def _entries(statement: ast.stmt, modules: Set[str]) -> list[ast.expr]:
    """Entries of the table, or of one statement that adds to it, that are about these modules."""
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        own = [(key, entry) for key, entry in pairs if not _is_of_others(entry, modules)]
        return [part for pair in own for part in pair if part is not None]
    assert isinstance(statement, ast.Assign | ast.AnnAssign)
    if value is None or _is_of_others(value, modules):
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [*targets, value]


def said_of_kinds(tree: ast.Module, used: Set[str], modules: Set[str]) -> str:
    """The parts of a module with a table of kinds that some of its names rest on.

    Parameters
    ----------
    tree : ast.Module
        Without docstrings and descriptions.
    used : set of str
        Names that others import from it.
    modules : set of str
        Those whose classes count: entries of the table about others are left out.

    Returns
    -------
    str
        Equal as long as these parts are.
    """
    parts: dict[str | None, list[ast.AST]] = {}
    for name, statement in _definitions(tree):
        own = _entries(statement, modules) if name == TABLE else [statement]
        parts.setdefault(name, []).extend(own)
    waiting: list[str | None] = [None, *used]
    reached: set[str | None] = set()
    while waiting:
        name = waiting.pop()
        if name in parts and name not in reached:
            reached.add(name)
            nodes = (node for part in parts[name] for node in ast.walk(part))
            waiting += [node.id for node in nodes if isinstance(node, ast.Name)]
    return repr([(n, list(map(ast.dump, p))) for n, p in parts.items() if n in reached])
