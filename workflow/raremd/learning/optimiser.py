"""AdamW (Loshchilov and Hutter 2019), without what `torch.optim.AdamW` imports."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.optim.adamw import adamw

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class AdamW:
    """The same numbers, bit by bit, as `torch.optim.AdamW(..., fused=True)`.

    Torch's class loads torch's compiler at its first use, which costs a job 1.3 s; the function
    that does the arithmetic does not, and is all that is needed here.

    Parameters
    ----------
    parameters : iterable of Parameter
    rate : float
        Learning rate; may be set before each step.
    weight_decay : float
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], rate: float, weight_decay: float
    ) -> None:
        self.parameters = list(parameters)
        self.rate, self.weight_decay = rate, weight_decay
        self._means = [torch.zeros_like(p) for p in self.parameters]
        self._squares = [torch.zeros_like(p) for p in self.parameters]
        self._steps = [torch.zeros((), device=p.device) for p in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter that has a gradient."""
        used = [k for k, p in enumerate(self.parameters) if p.grad is not None]
        adamw(
            [self.parameters[k] for k in used],
            [g for p in self.parameters if (g := p.grad) is not None],
            [self._means[k] for k in used],
            [self._squares[k] for k in used],
            [],
            [self._steps[k] for k in used],
            fused=True,
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=self.rate,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def state(self) -> dict[str, torch.Tensor]:
        """All that the next step depends on beside parameters, gradients and rate; not copied."""
        parts = {"mean": self._means, "square": self._squares, "steps": self._steps}
        return {f"{k}.{name}": t for name, part in parts.items() for k, t in enumerate(part)}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """The inverse of `state`.

        Raises
        ------
        KeyError
            If a tensor is missing.
        """
        for name, tensor in self.state().items():
            tensor.copy_(state[name])
