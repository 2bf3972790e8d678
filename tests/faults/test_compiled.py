"""A job that compiles and one that finds compiled code on disk give the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
import numpy as np, torch
from raremd.models import build_model
from raremd.models.base import Stream
torch.manual_seed(0)
model = build_model({name!r}, 12, {options!r})
with torch.no_grad():
    for parameter in model.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
prompts, digest = torch.randint(12, (256, 20)), hashlib.sha256()
loss = model.loss(prompts[:, :-1], prompts[:, 1:])
loss.backward()
for parameter in model.parameters():
    digest.update(parameter.grad.numpy().tobytes())
with torch.inference_mode():
    state, tokens = model.initial_state(prompts), prompts[:, -1].clone()
    for _ in range(3):
        logits, state = model.step(tokens, state)
        digest.update(logits.numpy().tobytes())
    out = np.empty((50, 256), np.int16)
    tokens, state = model.generate(tokens, state, Stream(1, 0, 0), out)
    digest.update(out.tobytes() + model.step(tokens, state)[0].numpy().tobytes())
print(digest.hexdigest())
"""
TRANSFORMER = {"layers": 2, "width": 32, "heads": 2, "feed_forward": 48, "context": 16}
OPTIONS = {
    "lstm": ("lstm", {"embedding": 8, "hidden": 48}),
    "transformer": ("transformer", TRANSFORMER),
    "wide transformer": ("transformer", TRANSFORMER | {"width": 128}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_compiling_changes_no_bytes(name, tmp_path, record_property):
    kind, options = OPTIONS[name]
    command = [sys.executable, "-c", CODE.format(name=kind, options=options)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    found = [
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert list(tmp_path.rglob("*.nbc"))
    assert found[0] == found[1]
    record_property("seen", f"{name}: the same digest, compiled and from disk")
