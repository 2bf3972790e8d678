"""Our AdamW against torch's, bit by bit."""

import subprocess
import sys

import pytest
import torch

from raremd.learning.optimiser import AdamW

RATES = [0.001, 0.01, 0.02, 0.005, 0.0001]


def parameters():
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape)) for shape in ((30, 40), (7,), (3, 5))]


def set_gradients(found, step):
    """The last parameter has none in every other step."""
    generator = torch.Generator().manual_seed(step)
    for parameter in found:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    if step % 2:
        found[-1].grad = None


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_same_bits_as_torch(weight_decay):
    ours, theirs = parameters(), parameters()
    optimiser = AdamW(ours, 1.0, weight_decay)
    wanted = torch.optim.AdamW(theirs, lr=1.0, weight_decay=weight_decay, fused=True)
    for step, rate in enumerate(RATES * 4):
        for found in (ours, theirs):
            set_gradients(found, step)
        optimiser.rate = wanted.param_groups[0]["lr"] = rate
        optimiser.step()
        wanted.step()
        assert all(map(torch.equal, ours, theirs))
    optimiser.zero_grad()
    assert all(p.grad is None for p in ours)


def test_goes_on_from_its_state():
    whole, halves = parameters(), parameters()
    optimiser, first, second = (AdamW(p, 0.01, 0.01) for p in (whole, halves, halves))
    for step in range(10):
        set_gradients(whole, step)
        optimiser.step()
    for step in range(10):
        if step == 5:
            second.load({name: tensor.clone() for name, tensor in first.state().items()})
        set_gradients(halves, step)
        (first if step < 5 else second).step()
    assert all(map(torch.equal, whole, halves))


def test_a_missing_tensor_is_an_error():
    optimiser = AdamW(parameters(), 0.01, 0.01)
    state = optimiser.state()
    del state["1.mean"]
    with pytest.raises(KeyError, match=r"1\.mean"):
        optimiser.load(state)


def test_the_compiler_of_torch_is_not_loaded():
    code = """
import sys, torch
from raremd.learning.optimiser import AdamW
parameter = torch.nn.Parameter(torch.ones(3))
optimiser = AdamW([parameter], 0.01, 0.01)
optimiser.zero_grad()
parameter.sum().backward()
optimiser.step()
assert parameter[0] < 1
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
