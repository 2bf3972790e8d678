"""bfloat16: whether this processor is faster at it, and what compiled loops see of it."""

from __future__ import annotations

import numpy as np
import torch
from llvmlite.binding import get_host_cpu_features


def fast_bfloat16() -> bool:
    """Instructions for products in bfloat16 that add up in float32: AVX512-BF16 or AMX."""
    features = get_host_cpu_features()
    return features.get("avx512bf16", False) or features.get("amx-bf16", False)


def bits(x: torch.Tensor) -> np.ndarray:
    """The memory of a bfloat16 tensor as uint16."""
    return x.view(torch.uint16).numpy()


def name_of(in_bfloat16: bool) -> str:
    """As `base.Precision` has it."""
    return "bfloat16" if in_bfloat16 else "float32"
