"""Decoder-only Transformer with rotary positions and a sliding attention window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from raremd.models.base import Stream
from raremd.models.kernels.transformer import Weights, transformer_generate, transformer_read
from raremd.models.priors.prior import PriorModel
from raremd.study.settings.models import TransformerSettings

_ROWS = 32  # walkers that go through the layers together in generation
_ROWS_LARGE = 64  # with weights that outgrow the second-level cache
_LARGE = 64


def _frequency(width: int) -> torch.Tensor:
    """Rotary angles a position (Su et al. 2021), (width / 2,) float64."""
    return 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def _rotation(positions: torch.Tensor, width: int) -> torch.Tensor:
    """Rotary phases, (n_positions, width / 2) complex64.

    Angles are formed in double precision: generation reaches positions where
    float32 would lose the phase.
    """
    angle = positions.double()[:, None] * _frequency(width).to(positions.device)
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def _rotate(x: torch.Tensor, rotation: torch.Tensor) -> torch.Tensor:
    """Rotate neighbouring channels as complex numbers: x (..., n_positions, width)."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * rotation).flatten(-2)


class _Block(torch.nn.Module):
    """Pre-norm attention and feed-forward, both residual."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = torch.nn.LayerNorm(width)
        self.query_key_value = torch.nn.Linear(width, 3 * width, bias=False)
        self.project = torch.nn.Linear(width, width, bias=False)
        self.norm_feed_forward = torch.nn.LayerNorm(width)
        self.expand = torch.nn.Linear(width, feed_forward)
        self.contract = torch.nn.Linear(feed_forward, width)

    def heads_of(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, T, D) -> query, key, value, each (B, heads, T, D / heads)."""
        qkv = self.query_key_value(self.norm_attention(x))
        return qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)

    def finish(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """Add what the heads attended to, side by side, and feed-forward; all (..., D)."""
        x = x + self.project(attended)
        return x + self.contract(functional.gelu(self.expand(self.norm_feed_forward(x))))


def _mixed_precision(width: int, device: torch.device) -> bool:
    """Whether training multiplies matrices in bfloat16: only where that is faster.

    Weights, attention, norms and the loss stay in float32, and so do validation and
    generation.
    """
    return width >= 128 and device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


@dataclass
class _Cache:
    """Rotated keys and values of the last `context` tokens, a ring over positions."""

    keys: torch.Tensor  # (layers, W, heads, context, D / heads)
    values: torch.Tensor
    position: int
    rows: torch.Tensor | None  # of the prior


@dataclass
class _State:
    """The same of walkers on the processor, in blocks, see `transformer_kernels`."""

    weights: Weights
    keys: np.ndarray  # (n_blocks, layers, rows, heads, D / heads, context)
    values: np.ndarray  # (n_blocks, layers, rows, heads, context, D / heads)
    hidden: np.ndarray  # (n_blocks, rows, D)
    position: int
    rows: np.ndarray  # (W,), of the prior


class Transformer(PriorModel):
    """GPT-like; each layer attends to the last `context` tokens."""

    def __init__(self, n_states: int, settings: TransformerSettings) -> None:
        super().__init__(n_states, settings)
        if settings.width % (2 * settings.heads):
            raise ValueError(
                f"transformer: width {settings.width} is not a multiple of 2 x heads "
                f"({2 * settings.heads})"
            )
        self.embedding = torch.nn.Embedding(n_states, settings.width)
        self.blocks = torch.nn.ModuleList(
            _Block(settings.width, settings.heads, settings.feed_forward)
            for _ in range(settings.layers)
        )
        self.norm = torch.nn.LayerNorm(settings.width)
        self.readout = torch.nn.Linear(settings.width, n_states)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2 and not name.startswith("prior."):
                torch.nn.init.normal_(parameter, std=0.02)
            # Residual branches start small, as in GPT-2.
            if name.endswith(("project.weight", "contract.weight")):
                parameter.data /= (2 * settings.layers) ** 0.5
        self.start_at_prior(self.readout)

    @property
    def _head_width(self) -> int:
        return self.settings.width // self.settings.heads

    def _band(self, length: int, device: torch.device) -> torch.Tensor | None:
        """Mask of the sliding window; None where the plain causal mask is the same."""
        if length <= self.settings.context:
            return None
        age = torch.arange(length, device=device)
        age = age[:, None] - age[None, :]
        return (age >= 0) & (age < self.settings.context)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits after each token: (B, T) int64 -> (B, T, V)."""
        length = tokens.shape[1]
        rotation = _rotation(torch.arange(length, device=tokens.device), self._head_width)
        band = self._band(length, tokens.device)
        x = self.embedding(tokens)
        for block in self.blocks:
            query, key, value = (part.float() for part in block.heads_of(x))
            # In bfloat16 its gradient is four times slower on a processor.
            with torch.autocast(x.device.type, enabled=False):
                attended = functional.scaled_dot_product_attention(
                    _rotate(query, rotation),
                    _rotate(key, rotation),
                    value,
                    attn_mask=band,
                    is_causal=band is None,
                )
            x = block.finish(x, attended.transpose(1, 2).flatten(2))
        return self.with_prior(self.readout(self.norm(x)), tokens)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        mixed = torch.is_grad_enabled() and _mixed_precision(self.settings.width, inputs.device)
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=mixed):
            logits = self.logits(inputs)
        return functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())

    def _weights(self) -> Weights:
        """As the kernels want them: a norm's scale and shift join the matrix behind it."""

        def folded(norm, linear):
            bias = 0.0 if linear.bias is None else linear.bias
            return (linear.weight * norm.weight).T, linear.weight @ norm.bias + bias

        qkv = [folded(b.norm_attention, b.query_key_value) for b in self.blocks]
        expand = [folded(b.norm_feed_forward, b.expand) for b in self.blocks]
        readout, bias = folded(self.norm, self.readout)
        bias = bias[None] if self.prior is None else bias + self.prior.table
        follow = torch.zeros(2, self.n_states, dtype=torch.int32)
        parts = (
            self.embedding.weight,
            torch.stack([weight for weight, _ in qkv]),
            torch.stack([shift for _, shift in qkv]),
            torch.stack([b.project.weight.T for b in self.blocks]),
            torch.stack([weight for weight, _ in expand]),
            torch.stack([shift for _, shift in expand]),
            torch.stack([b.contract.weight.T for b in self.blocks]),
            torch.stack([b.contract.bias for b in self.blocks]),
            readout,
            bias,
            follow if self.prior is None else self.prior.follow,
            _frequency(self._head_width),
        )
        return Weights(*(part.detach().contiguous().numpy() for part in parts))

    def initial_state(self, prompt: torch.Tensor) -> _State | _Cache:
        s, n_walkers, width = self.settings, len(prompt), self._head_width
        if prompt.device.type != "cpu":
            return self._initial_cache(prompt)
        rows = _ROWS if s.width <= _LARGE else _ROWS_LARGE
        n_blocks = -(-n_walkers // rows)
        blocks = n_blocks, s.layers, rows, s.heads
        state = _State(
            weights=self._weights(),
            keys=np.zeros((*blocks, width, s.context), np.float32),
            values=np.zeros((*blocks, s.context, width), np.float32),
            hidden=np.zeros((n_blocks, rows, s.width), np.float32),
            position=prompt.shape[1] - 1,
            rows=np.ones(n_walkers, np.int64),
        )
        if self.prior is not None:
            state.rows = self.prior.first_rows(prompt).numpy()
        read = prompt[:, :-1].T.contiguous().numpy()
        transformer_read(read, 0, state.weights, state.keys, state.values, state.hidden)
        return state

    def step(
        self, tokens: torch.Tensor, state: _State | _Cache
    ) -> tuple[torch.Tensor, _State | _Cache]:
        if tokens.device.type != "cpu":
            return self._cached_step(tokens, state), state
        s, w = state, state.weights
        transformer_read(tokens[None].numpy(), s.position, w, s.keys, s.values, s.hidden)
        s.position += 1
        s.rows[:] = w.follow[s.rows, tokens]
        hidden = torch.from_numpy(s.hidden).flatten(0, 1)[: len(tokens)]
        bias = torch.from_numpy(w.bias[s.rows])
        return torch.addmm(bias, hidden, torch.from_numpy(w.readout)), state

    def generate(
        self, tokens: torch.Tensor, state: _State | _Cache, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, _State | _Cache]:
        if tokens.device.type != "cpu":
            return super().generate(tokens, state, stream, out)
        s = state
        transformer_generate(
            tokens.numpy(), s.position, s.weights, s.rows, s.keys, s.values, s.hidden, *stream, out
        )
        s.position += len(out)
        return tokens, state

    def _initial_cache(self, prompt: torch.Tensor) -> _Cache:
        s = self.settings
        shape = (s.layers, len(prompt), s.heads, s.context, self._head_width)
        keys, values = torch.zeros(2, *shape, device=prompt.device)
        cache = _Cache(keys, values, 0, self.first_rows(prompt[:, :1]))
        for tokens in prompt[:, :-1].T:
            self._cached_step(tokens, cache)
        return cache

    def _cached_step(self, tokens: torch.Tensor, cache: _Cache) -> torch.Tensor:
        """Logits (W, V) after one more token (W,) a walker, by torch; the cache goes on."""
        slot = cache.position % self.settings.context
        filled = min(cache.position + 1, self.settings.context)
        position = torch.tensor([cache.position], device=tokens.device)
        rotation = _rotation(position, self._head_width)
        x = self.embedding(tokens)[:, None]
        for block, keys, values in zip(self.blocks, cache.keys, cache.values, strict=True):
            query, key, value = block.heads_of(x)
            keys[:, :, slot] = _rotate(key, rotation)[:, :, 0]
            values[:, :, slot] = value[:, :, 0]
            attended = functional.scaled_dot_product_attention(
                _rotate(query, rotation), keys[:, :, :filled], values[:, :, :filled]
            )
            x = block.finish(x, attended.transpose(1, 2).flatten(2))
        cache.position += 1
        return self.step_with_prior(self.readout(self.norm(x[:, 0])), tokens, cache.rows)
