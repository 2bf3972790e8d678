"""Whether this processor multiplies in bfloat16 faster than in float32."""

from __future__ import annotations

from llvmlite.binding import get_host_cpu_features


def fast_bfloat16() -> bool:
    """Instructions for products in bfloat16 that add up in float32: AVX512-BF16 or AMX."""
    features = get_host_cpu_features()
    return features.get("avx512bf16", False) or features.get("amx-bf16", False)
