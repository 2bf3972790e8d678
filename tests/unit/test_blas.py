"""OpenBLAS's kernels follow the processor and the user."""

import pytest

from raremd.io.blas import KERNELS, VARIABLE, choose_kernels

OLD = "fpu sse4_2 avx2"
NEW = f"{OLD} avx512f avx512cd avx512bw avx512dq avx512vl"


@pytest.mark.parametrize(
    ("flags", "before", "after"),
    [
        (NEW, {}, {VARIABLE: KERNELS}),
        (OLD, {}, {}),
        (NEW, {VARIABLE: "Haswell"}, {VARIABLE: "Haswell"}),
        (OLD, {VARIABLE: "Haswell"}, {VARIABLE: "Haswell"}),
        (OLD, {VARIABLE: KERNELS}, {}),  # came with a job from another machine
        (None, {}, {}),
    ],
)
def test_kernels_follow_the_processor_unless_the_user_chose(flags, before, after, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"processor\t: 0\nvmx flags\t: x\nflags\t\t: {flags}\nbugs\t: \n")
    environment = dict(before)
    choose_kernels(environment, cpuinfo)
    assert environment == after
