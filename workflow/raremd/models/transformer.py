"""Decoder-only Transformer with rotary positions and a sliding window, in plain PyTorch.

B windows or W walkers, T tokens, V states, D channels of the residual stream, heads of
d = D / heads channels, C tokens of context. On a processor
`kernels.transformer.CompiledTransformer` computes the same, faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch.nn import functional

from raremd.models.priors.network import Network
from raremd.study.settings.models import TransformerSettings


def frequency(width: int) -> torch.Tensor:
    """Rotary angles a position (Su et al. 2021): d -> (d / 2,) float64, radians."""
    return 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def rotation(positions: torch.Tensor, width: int) -> torch.Tensor:
    """Rotary phases: (T,) -> (T, d / 2) complex64.

    Angles are formed in double precision: generation reaches positions where
    float32 would lose the phase.
    """
    angle = positions.double()[:, None] * frequency(width).to(positions.device)
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def rotate(x: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
    """Rotate neighbouring channels as complex numbers: (..., T, d) -> (..., T, d) float32."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)).contiguous())  # (..., T, d / 2)
    return torch.view_as_real(pairs * phases).flatten(-2)


class Block(torch.nn.Module):
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
        """(B, T, D) -> query, key, value, each (B, heads, T, d)."""
        qkv = self.query_key_value(self.norm_attention(x))  # (B, T, 3 D)
        return qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)

    def finish(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """Add what the heads attended to, (B, heads, T, d), and feed-forward: x (B, T, D)."""
        x = x + self.project(attended.transpose(1, 2).flatten(2))
        return x + self.contract(functional.gelu(self.expand(self.norm_feed_forward(x))))


@dataclass
class Cache:
    """Rotated keys and values of the last C tokens, a ring over positions."""

    keys: torch.Tensor  # (layers, W, heads, C, d)
    values: torch.Tensor
    position: int
    rows: torch.Tensor  # (W,), of the prior


class Transformer(Network):
    """GPT-like; each layer attends to the last C tokens; a prior is added to the logits."""

    settings: TransformerSettings

    def __init__(self, n_states: int, settings: TransformerSettings) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.embedding = torch.nn.Embedding(n_states, s.width)
        self.blocks = torch.nn.ModuleList(
            Block(s.width, s.heads, s.feed_forward) for _ in range(s.layers)
        )
        self.norm = torch.nn.LayerNorm(s.width)
        self.readout = torch.nn.Linear(s.width, n_states)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2 and not name.startswith("prior."):
                torch.nn.init.normal_(parameter, std=0.02)
            # Residual branches start small, as in GPT-2.
            if name.endswith(("project.weight", "contract.weight")):
                parameter.data /= (2 * s.layers) ** 0.5
        self.prior.leave_alone(self.readout)

    @property
    def head_width(self) -> int:
        """Channels of a head, d."""
        return self.settings.width // self.settings.heads

    @property
    def layers(self) -> list[Block]:
        """The blocks, from the embedding on."""
        return [cast("Block", block) for block in self.blocks]

    def window(self, length: int, device: torch.device) -> torch.Tensor | None:
        """What each token attends to, (T, T) bool; None where all tokens before it are."""
        if length <= self.settings.context:
            return None
        at = torch.arange(length, device=device)
        age = at[:, None] - at[None, :]
        return (age >= 0) & (age < self.settings.context)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        phases = rotation(positions, self.head_width)
        window = self.window(tokens.shape[1], tokens.device)
        x = self.embedding(tokens)  # (B, T, D)
        for block in self.layers:
            query, key, value = block.heads_of(x)  # (B, heads, T, d)
            # In float32 also where the caller multiplies matrices in less.
            with torch.autocast(x.device.type, enabled=False):
                attended = functional.scaled_dot_product_attention(
                    rotate(query, phases),
                    rotate(key, phases),
                    value.float(),
                    attn_mask=window,
                    is_causal=window is None,
                )
            x = block.finish(x, attended)
        return self.prior.add(self.readout(self.norm(x)), tokens)  # (B, T, V)

    def initial_state(self, prompt: torch.Tensor) -> Any:
        s = self.settings
        shape = (s.layers, len(prompt), s.heads, s.context, self.head_width)
        keys, values = torch.zeros(2, *shape, device=prompt.device)
        cache = Cache(keys, values, 0, self.prior.first_rows(prompt[:, :1]))
        for tokens in prompt[:, :-1].T:
            self.step(tokens, cache)
        return cache

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        slot = state.position % self.settings.context
        filled = min(state.position + 1, self.settings.context)
        position = torch.tensor([state.position], device=tokens.device)
        phases = rotation(position, self.head_width)
        x = self.embedding(tokens)[:, None]  # (W, 1, D)
        for block, keys, values in zip(self.layers, state.keys, state.values, strict=True):
            query, key, value = block.heads_of(x)  # (W, heads, 1, d)
            keys[:, :, slot] = rotate(key, phases)[:, :, 0]
            values[:, :, slot] = value[:, :, 0]
            attended = functional.scaled_dot_product_attention(
                rotate(query, phases), keys[:, :, :filled], values[:, :, :filled]
            )
            x = block.finish(x, attended)
        state.position += 1
        logits = self.readout(self.norm(x[:, 0]))
        return self.prior.step(logits, tokens, state.rows), state  # (W, V)
