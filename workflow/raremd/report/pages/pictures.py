"""Figures small enough to keep."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from raremd.io.storage import atomic_path

LARGEST = 100_000
"""Bytes of a figure."""
COLORS = 64
SHRINK = 0.85


def compress(source: Path, target: Path, largest: int = LARGEST) -> None:
    """A PNG with few colours, made smaller until it has at most `largest` bytes."""
    picture = Image.open(source).convert("RGB")
    size, factor = picture.size, 1.0
    while True:
        scaled = picture.resize([max(1, round(n * factor)) for n in size], Image.Resampling.LANCZOS)
        content = io.BytesIO()
        # Without k-means grey bands turn pink or orange.
        few = scaled.quantize(
            COLORS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
        )
        few.save(content, "png", optimize=True)
        if content.tell() <= largest or max(scaled.size) < 200:
            break
        factor *= SHRINK
    with atomic_path(target) as temporary:
        temporary.write_bytes(content.getvalue())
