"""Does a language model learn the slow dynamics of a molecular system?

Without a workflow, in the style of deeptime's estimators::

    import raremd
    lstm = raremd.LSTM(hidden=48, seed=0).fit(dtrajs)
    generated = lstm.generate(n_walkers=64, n_frames=50_000)
    raremd.compare(dtrajs, {"LSTM": generated}, lags=[1, 10, 100], frame_interval=0.2, unit="ps")
"""

from importlib import import_module
from typing import Any

from raremd.io.compiled import keep_compiled_functions
from raremd.io.version import __version__

__all__ = ["__version__"]

keep_compiled_functions()

_WHERE = {
    "compare": "raremd.report.notebook",
    "inspect": "raremd.report.notebook",
    "load": "raremd.learning.saved",
    "estimator": "raremd.learning.estimators",
    "SequenceModel": "raremd.models.base",
}
"""What is loaded at its first use: the workflow imports this package for the version alone, and its
rules must not depend on what stands here."""


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    if name.startswith("_") or name.islower():
        raise AttributeError(f"module 'raremd' has no attribute '{name}'")
    try:
        return __getattr__("estimator")(name)
    except ValueError as error:
        raise AttributeError(f"module 'raremd': {error}") from None


def __dir__() -> list[str]:
    return sorted([*__all__, *_WHERE, *import_module("raremd.learning.asked").names()])
