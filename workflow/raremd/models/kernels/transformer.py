"""The Transformer on a processor: training and generation in compiled loops.

Generation makes no PyTorch call: with 2 layers of width 32 a frame of 50 walkers takes 100 us,
where one PyTorch call an operation took 390. Training goes through a batch window by window,
forward and backward, see `transformer_training`. Where the processor is fast at bfloat16, training
multiplies in it from width 64 on, see `transformer_wide`, and generation from width 128 on, see
`transformer_walkers`: 2.5 times as fast at 8 layers of width 256. Rates are in
benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from raremd.models.base import Precision, Stream
from raremd.models.kernels.precision import fast_bfloat16, name_of
from raremd.models.kernels.transformer_loops import Weights, transformer_generate, transformer_read
from raremd.models.kernels.transformer_training import transformer_loss
from raremd.models.kernels.transformer_walkers import TransformerWalkers
from raremd.models.kernels.transformer_wide import wide_loss
from raremd.models.kernels.walkers import Rows
from raremd.models.transformer import Transformer, frequency, rotation

_ROWS = 32  # walkers that go through the layers together in generation
_ROWS_LARGE = 64  # with weights that outgrow the second-level cache
_LARGE = 64
_WIDE = 128  # from here on generation in bfloat16 is faster


def in_bfloat16(width: int) -> bool:
    """Whether training multiplies matrices in bfloat16."""
    return width >= _LARGE and fast_bfloat16()


def generates_in_bfloat16(width: int) -> bool:
    """Whether generation does, and keeps keys and values so."""
    return width >= _WIDE and fast_bfloat16()


@dataclass
class _State:
    """Walkers in blocks, see `transformer_loops`."""

    weights: Weights
    frequency: np.ndarray
    follow: np.ndarray  # (K + 1, V), the prior's row after each token
    keys: np.ndarray  # (n_blocks, layers, rows, heads, d, C)
    values: np.ndarray  # (n_blocks, layers, rows, heads, C, d)
    hidden: np.ndarray  # (n_blocks, rows, D)
    position: int
    rows: np.ndarray  # (W,), of the prior


def _read(tokens: np.ndarray, position: int, s: _State) -> None:
    """Advance all walkers over tokens (T, W), the first at `position`."""
    transformer_read(tokens, position, s.weights, s.frequency, s.keys, s.values, s.hidden)


def _folded(norm: torch.nn.LayerNorm, linear: torch.nn.Linear) -> tuple[torch.Tensor, torch.Tensor]:
    """A norm's scale and shift join the matrix behind it: (D, n) weights, (n,) bias."""
    bias = 0.0 if linear.bias is None else linear.bias
    return (linear.weight * norm.weight).T, linear.weight @ norm.bias + bias


def _arrays(parts: Iterable[torch.Tensor]) -> Weights:
    return Weights(*(part.detach().contiguous().numpy() for part in parts))


class _Windows(NamedTuple):
    """The first arguments of `transformer_loss`."""

    tokens: np.ndarray
    targets: np.ndarray
    rows_of: np.ndarray
    heads: int
    context: int
    cos: np.ndarray
    sin: np.ndarray


class _Loss(torch.autograd.Function):
    """Cross-entropy of windows, with its gradients formed in the same pass."""

    @staticmethod
    def forward(
        ctx: Any, with_gradient: bool, windows: _Windows, *parts: torch.Tensor
    ) -> torch.Tensor:
        weights = _arrays(parts)
        gradient = Weights(*map(np.zeros_like, weights))
        if with_gradient and in_bfloat16(weights.embedding.shape[1]):
            loss = wide_loss(*windows, weights, gradient)
        else:
            loss = transformer_loss(*windows, weights, gradient, with_gradient)
        ctx.gradients = gradient
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, by_loss: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return None, None, *(torch.from_numpy(g).mul_(by_loss) for g in ctx.gradients)


class CompiledTransformer(Transformer):
    """`Transformer`, by compiled loops where its tensors are on a processor."""

    @property
    def precision(self) -> Precision:
        width = self.settings.width
        if self.readout.weight.device.type != "cpu":
            return super().precision
        return Precision(name_of(in_bfloat16(width)), name_of(generates_in_bfloat16(width)))

    def _parts(self) -> list[torch.Tensor]:
        """The fields of `Weights`."""
        qkv = [_folded(b.norm_attention, b.query_key_value) for b in self.layers]
        expand = [_folded(b.norm_feed_forward, b.expand) for b in self.layers]
        readout, bias = _folded(self.norm, self.readout)
        size, width = self.settings.width, self.head_width
        apart = torch.arange(3 * size).view(-1, width // 2, 2).transpose(1, 2).flatten()
        apart[2 * size :] = torch.arange(2 * size, 3 * size)  # values are not rotated
        return [
            self.embedding.weight,
            torch.stack([weight for weight, _ in qkv])[..., apart],
            torch.stack([shift for _, shift in qkv])[..., apart],
            torch.stack([b.project.weight.T for b in self.layers]),
            torch.stack([weight for weight, _ in expand]),
            torch.stack([shift for _, shift in expand]),
            torch.stack([b.contract.weight.T for b in self.layers]),
            torch.stack([b.contract.bias for b in self.layers]),
            readout,
            bias + self.prior.table,
        ]

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if inputs.device.type != "cpu":
            return super().loss(inputs, targets)
        s = self.settings
        if s.width > _LARGE and not (torch.is_grad_enabled() and in_bfloat16(s.width)):
            return super().loss(inputs, targets)
        rows, positions = self.prior.rows(inputs), torch.arange(inputs.shape[1])
        phases = rotation(positions, self.head_width)
        windows = _Windows(
            inputs.contiguous().numpy(),
            targets.contiguous().numpy(),
            rows.numpy(),
            s.heads,
            s.context,
            phases.real.contiguous().numpy(),
            phases.imag.contiguous().numpy(),
        )
        return _Loss.apply(torch.is_grad_enabled(), windows, *self._parts())

    def initial_state(self, prompt: torch.Tensor) -> Any:
        if prompt.device.type != "cpu":
            return super().initial_state(prompt)
        s, width = self.settings, self.head_width
        read, weights = prompt[:, :-1].T.contiguous().numpy(), _arrays(self._parts())
        follow, first = self.prior.follow.numpy(), self.prior.first_rows(prompt).numpy()
        turns = frequency(width).numpy()
        if generates_in_bfloat16(s.width):
            prior = Rows(weights.bias, follow, first)
            walkers = TransformerWalkers(weights, turns, s.heads, s.context, prior)
            walkers.read(read)
            return walkers
        rows = _ROWS if s.width <= _LARGE else _ROWS_LARGE
        n_blocks = -(-len(prompt) // rows)
        blocks = n_blocks, s.layers, rows, s.heads
        state = _State(
            weights=weights,
            frequency=turns,
            follow=follow,
            keys=np.zeros((*blocks, width, s.context), np.float32),
            values=np.zeros((*blocks, s.context, width), np.float32),
            hidden=np.zeros((n_blocks, rows, s.width), np.float32),
            position=prompt.shape[1] - 1,
            rows=first,
        )
        _read(read, 0, state)
        return state

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        if tokens.device.type != "cpu":
            return super().step(tokens, state)
        if isinstance(state, TransformerWalkers):
            return state.step(tokens), state
        s, w = state, state.weights
        # With strides it would be compiled once more.
        _read(tokens[None].contiguous().numpy(), s.position, s)
        s.position += 1
        s.rows[:] = s.follow[s.rows, tokens]
        hidden = torch.from_numpy(s.hidden).flatten(0, 1)[: len(tokens)]
        bias = torch.from_numpy(w.bias[s.rows])
        return torch.addmm(bias, hidden, torch.from_numpy(w.readout)), state

    def generate(
        self, tokens: torch.Tensor, state: Any, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, Any]:
        if tokens.device.type != "cpu":
            return super().generate(tokens, state, stream, out)
        if isinstance(state, TransformerWalkers):
            state.generate(tokens.numpy(), stream, out)
            return tokens, state
        s = state
        transformer_generate(
            tokens.numpy(),
            s.position,
            s.weights,
            s.frequency,
            s.follow,
            s.rows,
            s.keys,
            s.values,
            s.hidden,
            *stream,
            out,
        )
        s.position += len(out)
        return tokens, state
