"""What a user would write with PyTorch alone: the baselines of the benchmarks."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


class PlainLSTM(nn.Module):
    """nn.Embedding, nn.LSTM, nn.Linear."""

    def __init__(self, n_states: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_states, embedding)
        self.recurrence = nn.LSTM(embedding, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, n_states)

    def forward(self, tokens, state=None):
        hidden, state = self.recurrence(self.embedding(tokens), state)
        return self.readout(hidden), state

    @torch.no_grad()
    def generate(self, prompt: torch.Tensor, n_frames: int) -> torch.Tensor:
        """(W, length) prompts -> (W, n_frames), one frame at a time."""
        logits, state = self(prompt)
        frames = []
        for _ in range(n_frames):
            tokens = torch.multinomial(logits[:, -1].softmax(-1), 1)
            frames.append(tokens)
            logits, state = self(tokens, state)
        return torch.cat(frames, dim=1)


class LSTMsTogether(nn.Module):
    """R networks trained at once: one batched matrix product a frame for all of them.

    Starts from the weights of single ones, with the embedding already in the gate table.
    """

    def __init__(self, networks: list[PlainLSTM]) -> None:
        super().__init__()
        cells = [network.recurrence for network in networks]
        tables = [
            functional.linear(n.embedding.weight, c.weight_ih_l0, c.bias_ih_l0 + c.bias_hh_l0)
            for n, c in zip(networks, cells, strict=True)
        ]
        stacked = {
            "table": tables,  # (R, V, 4 H)
            "recurrent": [c.weight_hh_l0.T for c in cells],  # (R, H, 4 H)
            "readout": [n.readout.weight.T for n in networks],  # (R, H, V)
            "bias": [n.readout.bias[None] for n in networks],  # (R, 1, V)
        }
        for name, parts in stacked.items():
            self.register_parameter(name, nn.Parameter(torch.stack(parts).detach()))

    def forward(self, tokens):
        """(R, B, T) -> logits (R, B, T, V)."""
        n_networks, batch, length = tokens.shape
        own = torch.arange(n_networks)[:, None]
        h = c = self.recurrent.new_zeros(n_networks, batch, self.recurrent.shape[1])
        hidden = []
        for t in range(length):
            gates = torch.baddbmm(self.table[own, tokens[:, :, t]], h, self.recurrent)
            i, f, g, o = gates.chunk(4, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hidden.append(h)
        hidden = torch.stack(hidden, dim=2).flatten(1, 2)
        logits = torch.baddbmm(self.bias, hidden, self.readout)
        return logits.unflatten(1, (batch, length)), None

    def step(self, optimiser: torch.optim.Optimizer, windows) -> None:
        """One step of all networks over (R, B, length + 1) windows."""
        optimiser.zero_grad()
        logits, _ = self(windows[..., :-1])
        loss = functional.cross_entropy(logits.flatten(0, 2), windows[..., 1:].flatten())
        (len(windows) * loss).backward()
        optimiser.step()


def _rotate(x: torch.Tensor, first: int = 0) -> torch.Tensor:
    length, width = x.shape[-2:]
    frequency = 10000.0 ** (-torch.arange(0, width, 2) / width)
    angle = torch.arange(first, first + length)[:, None] * frequency
    cos, sin = angle.cos(), angle.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class _PlainBlock(nn.Module):
    """Attention written out: all scores of all pairs, then the mask."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.norm_feed_forward = nn.LayerNorm(width)
        self.expand = nn.Linear(width, feed_forward)
        self.contract = nn.Linear(feed_forward, width)

    def step(self, x, position, keys, values):
        """One token (W, 1, D) at a position; the cache (W, heads, C, d) is a ring."""
        walkers, _, width = x.shape
        y = self.norm_attention(x)
        query, key, value = (
            linear(y).view(walkers, 1, self.heads, -1).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        slot = position % keys.shape[2]
        keys[:, :, slot] = _rotate(key, position)[:, :, 0]
        values[:, :, slot] = value[:, :, 0]
        query = _rotate(query, position)
        attended = functional.scaled_dot_product_attention(query, keys, values)
        x = x + self.project(attended.transpose(1, 2).reshape(walkers, 1, width))
        return x + self.contract(functional.gelu(self.expand(self.norm_feed_forward(x))))

    def forward(self, x):
        batch, length, width = x.shape
        y = self.norm_attention(x)
        query, key, value = (
            linear(y).view(batch, length, self.heads, -1).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        scores = _rotate(query) @ _rotate(key).transpose(-2, -1)
        scores = scores / math.sqrt(width // self.heads)
        mask = torch.tril(torch.ones(length, length, dtype=torch.bool))
        scores = scores.masked_fill(~mask, float("-inf"))
        attended = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width)
        x = x + self.project(attended)
        return x + self.contract(functional.gelu(self.expand(self.norm_feed_forward(x))))


class PlainTransformer(nn.Module):
    """A small GPT without cache: each new frame costs a pass over the context."""

    def __init__(self, n_states, layers, width, heads, feed_forward, context) -> None:
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(n_states, width)
        self.blocks = nn.Sequential(
            *(_PlainBlock(width, heads, feed_forward) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, n_states)

    def forward(self, tokens):
        return self.readout(self.norm(self.blocks(self.embedding(tokens)))), None

    @torch.no_grad()
    def generate(self, prompt: torch.Tensor, n_frames: int) -> torch.Tensor:
        """(W, length) prompts -> (W, n_frames), one frame at a time."""
        tokens = prompt
        for _ in range(n_frames):
            logits, _ = self(tokens[:, -self.context :])
            new = torch.multinomial(logits[:, -1].softmax(-1), 1)
            tokens = torch.cat([tokens, new], dim=1)
        return tokens[:, prompt.shape[1] :]

    def cache(self, prompt: torch.Tensor) -> list:
        """Of each layer, as full as after a prompt (W, context); for timing alone."""
        heads = self.blocks[0].heads
        shape = len(prompt), heads, self.context, self.embedding.embedding_dim // heads
        return [(torch.randn(shape), torch.randn(shape)) for _ in self.blocks]

    @torch.no_grad()
    def generate_cached(self, tokens: torch.Tensor, cache: list, n_frames: int) -> torch.Tensor:
        """(W,) last tokens and their cache -> (W, n_frames)."""
        frames = []
        for position in range(self.context, self.context + n_frames):
            x = self.embedding(tokens)[:, None]
            for block, kept in zip(self.blocks, cache, strict=True):
                x = block.step(x, position, *kept)
            logits = self.readout(self.norm(x[:, 0]))
            tokens = torch.multinomial(logits.softmax(-1), 1)[:, 0]
            frames.append(tokens)
        return torch.stack(frames, dim=1)


def training_step(model: nn.Module, optimiser: torch.optim.Optimizer, windows) -> float:
    """One step over (B, length + 1) windows; the loss before it, in nats."""
    optimiser.zero_grad()
    logits, _ = model(windows[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()
