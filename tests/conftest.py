"""Settings of all tests."""

import gc
import os

import hypothesis

# Before numpy and torch are loaded: at the sizes of tests threads only wait for each other.
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(pool, "1")
# A busy machine is slow, not wrong; and the same code passes or fails each time.
hypothesis.settings.register_profile("any_machine", deadline=None, derandomize=True)
hypothesis.settings.load_profile("any_machine")
# Imports and compilers leave much that lives on: a search for cycles takes a sixth of all time.
gc.disable()


def pytest_collection_finish():
    """Search seldom, and not in what was imported."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()
