"""Which of its kernels OpenBLAS uses, the library behind matrix products in NumPy and SciPy."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

VARIABLE, KERNELS = "OPENBLAS_CORETYPE", "SkylakeX"
_NEEDS = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
_BEGINNING = 8192  # characters of cpuinfo, which has the flags once for each core


def choose_kernels(
    environment: MutableMapping[str, str], cpuinfo: Path = Path("/proc/cpuinfo")
) -> None:
    """Have OpenBLAS use its AVX-512 kernels wherever the processor has the instructions.

    By itself it uses older kernels on AMD's newer processors: an LSTM of 64 units then trains at
    less than half of the rate. Rounding is also the same on all these processors. This works
    before the libraries are loaded. What the user chose stays, but not a choice that came with
    the environment from a machine that has the instructions to one that does not.

    Parameters
    ----------
    environment : mutable mapping
        Of this process; changed.
    cpuinfo : Path
        Linux's description of the processor.
    """
    if environment.get(VARIABLE, KERNELS) != KERNELS:
        return
    try:
        with cpuinfo.open() as file:
            text = file.read(_BEGINNING)
    except OSError:
        text = ""
    flags = text.partition("\nflags")[2].partition("\n")[0].split()
    if set(flags) >= _NEEDS:
        environment[VARIABLE] = KERNELS
    else:
        environment.pop(VARIABLE, None)
