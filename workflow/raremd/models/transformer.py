"""Decoder-only Transformer with rotary positions and a sliding attention window."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from raremd.models.base import register
from raremd.models.kernels import attend
from raremd.models.prior import PriorModel


def _rotation(positions: torch.Tensor, width: int) -> torch.Tensor:
    """Rotary phases (Su et al. 2021), (n_positions, width / 2) complex64.

    Angles are formed in double precision: generation reaches positions where
    float32 would lose the phase.
    """
    frequency = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = positions.double()[:, None] * frequency.to(positions.device)
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

    keys: torch.Tensor  # (layers, W, heads, D / heads, context)
    values: torch.Tensor
    position: int
    rows: torch.Tensor | None  # of the prior


@register("transformer")
class Transformer(PriorModel):
    """GPT-like; each layer attends to the last `context` tokens."""

    @dataclass(frozen=True)
    class Settings:
        """Sizes; `context` is the attention window; the others: see `prior.Prior`."""

        layers: int = 2
        width: int = 32
        heads: int = 1
        feed_forward: int = 64
        context: int = 64
        prior: str = "none"
        order: int = 1
        cores: int = 0

    def __init__(self, n_states: int, settings: Settings) -> None:
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

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        mixed = torch.is_grad_enabled() and _mixed_precision(self.settings.width, windows.device)
        with torch.autocast(windows.device.type, torch.bfloat16, enabled=mixed):
            logits = self.logits(windows[:, :-1])
        return functional.cross_entropy(logits.float().flatten(0, 1), windows[:, 1:].flatten())

    def initial_state(self, prompt: torch.Tensor) -> _Cache:
        s = self.settings
        shape = (s.layers, len(prompt), s.heads, self._head_width, s.context)
        device = prompt.device
        keys, values = torch.zeros(shape, device=device), torch.zeros(shape, device=device)
        cache = _Cache(keys, values, 0, self.first_rows(prompt[:, :1]))
        for tokens in prompt[:, :-1].T:
            self.step(tokens, cache)
        return cache

    def step(self, tokens: torch.Tensor, state: _Cache) -> tuple[torch.Tensor, _Cache]:
        slot = state.position % self.settings.context
        filled = min(state.position + 1, self.settings.context)
        position = torch.tensor([state.position], device=tokens.device)
        rotation = _rotation(position, self._head_width)
        attend_to = _attend_on_cpu if tokens.device.type == "cpu" else _attend
        x = self.embedding(tokens)
        for block, keys, values in zip(self.blocks, state.keys, state.values, strict=True):
            qkv = block.query_key_value(block.norm_attention(x))
            x = block.finish(x, attend_to(qkv, rotation, keys, values, slot, filled))
        state.position += 1
        return self.step_with_prior(self.readout(self.norm(x)), tokens, state.rows), state


def _attend(
    qkv: torch.Tensor,
    rotation: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    slot: int,
    filled: int,
) -> torch.Tensor:
    """What `kernels.attend` does, on any device: (W, 3 D) -> (W, D)."""
    query, key, value = qkv.unflatten(-1, (3, keys.shape[1], -1)).unbind(1)
    keys[..., slot] = _rotate(key, rotation)
    values[..., slot] = value
    attended = functional.scaled_dot_product_attention(
        _rotate(query, rotation)[:, :, None],
        keys[..., :filled].mT,
        values[..., :filled].mT,
    )
    return attended.flatten(1)


def _attend_on_cpu(
    qkv: torch.Tensor,
    rotation: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    slot: int,
    filled: int,
) -> torch.Tensor:
    """The same by the compiled kernel."""
    out = torch.empty(len(qkv), qkv.shape[1] // 3)
    phase = torch.view_as_real(rotation)[0].numpy()
    cos, sin = phase[:, 0].copy(), phase[:, 1].copy()
    attend(qkv.numpy(), cos, sin, keys.numpy(), values.numpy(), slot, filled, out.numpy())
    return out
