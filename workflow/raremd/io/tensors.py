"""Writing tensors, also those that share memory, as tied weights do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from raremd.io.storage import atomic_path


def apart(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same values without gaps, each in memory of its own; what is so already is not copied.

    Parameters
    ----------
    tensors : mapping
        Several may lie in the same memory: weights that are tied, or parts of one tensor.
    """
    found, seen = {}, set()
    for name, tensor in tensors.items():
        whole = tensor.detach().contiguous()
        if whole.untyped_storage().data_ptr() in seen:
            whole = whole.clone()
        seen.add(whole.untyped_storage().data_ptr())
        found[name] = whole
    return found


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file in one piece.

    Parameters
    ----------
    path : Path
    tensors : mapping
        Tied weights are written under each of their names, and are tied again in the model that
        they are loaded into.
    metadata : dict, optional
    """
    with atomic_path(path) as temporary:
        save_file(apart(tensors), temporary, metadata)
