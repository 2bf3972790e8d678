"""Files that hold the classes of models: found and read without loading torch."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from raremd.study.code import LIBRARY, import_closure, parsed
from raremd.study.settings.messages import ConfigError, suggestion
from raremd.study.settings.models import kind_of_model

ESTIMATED = "markov", "ngram", "hmm", "two_level"
"""Kinds of models without a network: they stand beside the networks that claims are about."""
BASE = "raremd.models.base"


def model_file(kind: str) -> Path:
    """The file of a kind of model, with its class, readable and without relative imports.

    Raises
    ------
    ConfigError
        Where a rule could not use it, naming the entry of `KINDS` or the file.
    """
    entry, key = kind_of_model(kind), f"KINDS['{kind}']"
    if not entry.name:
        raise ConfigError(
            f"{key}: '{entry.where}' names no class; write '{entry.module}:<name of the class>'"
        )
    if not entry.module.startswith("raremd."):
        raise ConfigError(
            f"{key}: '{entry.module}' is not in the package; a study takes its models from files "
            "in workflow/raremd/models, and such a file may import yours"
        )
    path = _path(entry.module)
    if path is None:
        place = LIBRARY.parent.joinpath(*entry.module.split("."))
        raise ConfigError(
            f"{key}: there is no file workflow/{place.relative_to(LIBRARY.parent)}.py; write it, "
            "or correct the entry"
        )
    there = _defined(parsed(path))
    if entry.name not in there:
        raise ConfigError(
            f"{key}: there is no class '{entry.name}' in "
            f"workflow/{path.relative_to(LIBRARY.parent)}{suggestion(entry.name, there)}"
        )
    import_closure(path)
    return path


def check_step_options(
    kind: str, given: dict[str, float | None], defines: Callable[[str], bool], key: str
) -> None:
    """Refuse options of the optimiser's steps for models that cannot take them.

    Parameters
    ----------
    kind : str
    given : dict
        Values of `two_pass` and `slow_share`; those that are 0 or None ask for nothing.
    defines : callable
        Whether the class of the kind has a method of its own by this name.
    key : str
        Where the options stand, with a point at its end, for messages.

    Raises
    ------
    ConfigError
        Naming the option.
    """
    for option in (name for name, value in given.items() if value):
        at = f"{key}{option}: '{kind}'"
        if kind in ESTIMATED:
            raise ConfigError(f"{at} is estimated at once and not trained in steps; leave it out")
        if option == "two_pass" and not defines("logits"):
            raise ConfigError(
                f"{at} cannot take it, for its class does not define logits(); leave it out"
            )
        if option == "slow_share" and defines("encode"):
            raise ConfigError(f"{at} cannot take it, for its tokens are not states; leave it out")


def class_defines(module: str, name: str, method: str) -> bool:
    """Whether a class of the package, or one that it derives from, defines a method.

    The interface itself in `raremd.models.base` does not count; what cannot be found does.
    """
    if module == BASE:
        return False
    path = _path(module)
    if path is None:
        return True
    for node in parsed(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            if method in {n.name for n in node.body if isinstance(n, ast.FunctionDef)}:
                return True
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            return any(class_defines(module, base, method) for base in bases)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return class_defines(node.module or "", alias.name, method)
    return False


def _path(module: str) -> Path | None:
    path = LIBRARY.parent.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


def _defined(tree: ast.Module) -> set[str]:
    """Names of the classes that a module defines or imports, and of what it assigns."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found
