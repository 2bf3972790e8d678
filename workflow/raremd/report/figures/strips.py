"""MD and generated trajectories as strips coloured by metastable state."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from raremd.analysis.tidy import pretty
from raremd.report.figures import style

COLUMNS = 1200
"""Frames drawn of a strip: about one a pixel of the PNG."""
GAP = 0.6
EACH = 3
"""Strips of each source."""
SPAN = 8
"""Slow timescales that a strip lasts, where the trajectories are long enough."""


def choose(
    sources: dict[str, list[np.ndarray]], of_state: np.ndarray, slowest: float
) -> dict[str, list[np.ndarray]]:
    """The first trajectories of each source, equally long, in metastable states.

    Parameters
    ----------
    sources : dict
        Source -> trajectories (n_frames,) of the cell's states.
    of_state : (n_states,) int array
        Metastable state of each of them.
    slowest : float
        Slowest timescale in frames; where it is not finite the shortest trajectory decides.
    """
    first = {source: trajectories[:EACH] for source, trajectories in sources.items()}
    frames = min(len(t) for trajectories in first.values() for t in trajectories)
    if np.isfinite(slowest):
        frames = min(frames, round(SPAN * slowest))
    return {source: [of_state[t[:frames]] for t in kept] for source, kept in first.items()}


def draw_strips(
    axes: Axes, strips: dict[str, list[np.ndarray]], interval: float, n_states: int
) -> None:
    """A group of strips a source, one below the other.

    Parameters
    ----------
    axes : Axes
    strips : dict
        Source -> trajectories (n_frames,) of metastable states, from 0, all equally long.
    interval : float
        Time between frames.
    n_states : int
    """
    colors = ListedColormap([style.STATES[k % len(style.STATES)] for k in range(n_states)])
    norm = BoundaryNorm(np.arange(n_states + 1) - 0.5, n_states)
    top, ticks = 0.0, {}
    for source, trajectories in strips.items():
        ticks[source] = top - len(trajectories) / 2
        for states in trajectories:
            duration = len(states) * interval
            axes.imshow(
                states[None, :: max(1, len(states) // COLUMNS)], cmap=colors, norm=norm,
                extent=(0, duration, top - 0.9, top), aspect="auto", interpolation="nearest",
            )  # fmt: skip
            top -= 1
        top -= GAP
    axes.set(xlim=(0, duration), ylim=(top + GAP, 0.1))
    axes.set_yticks(list(ticks.values()), [pretty(source) for source in ticks])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "right", "top"]].set_visible(False)


def draw(strips: dict[str, list[np.ndarray]], interval: float, n_states: int, unit: str) -> Figure:
    """Strips with a legend of the metastable states.

    Parameters
    ----------
    strips, interval, n_states
        As in `draw_strips`.
    unit : str
        Time unit of the system.
    """
    n = sum(map(len, strips.values()))
    figure = style.new_figure(style.DOUBLE, 0.16 * n + 0.1 * len(strips) + 0.7)
    axes = figure.subplots()
    draw_strips(axes, strips, interval, n_states)
    axes.set_xlabel(f"time ({pretty(unit)})")
    figure.legend(
        handles=[
            Patch(color=style.STATES[k % len(style.STATES)], label=f"state {k + 1}")
            for k in range(n_states)
        ],
        loc="outside lower center", ncols=8, handlelength=1,
    )  # fmt: skip
    return figure
