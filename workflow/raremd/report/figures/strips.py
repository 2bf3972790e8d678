"""MD and generated trajectories as strips coloured by metastable state."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from raremd.analysis.plotted import Strips, strips
from raremd.analysis.tidy import pick
from raremd.analysis.words import units
from raremd.io.storage import read_arrays, read_table
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import state
from raremd.states.discrete_trajectories import read_states
from raremd.states.split import at_interval

COLUMNS = 1200
"""Frames drawn of a strip: about one a pixel of the PNG."""
GAP = 0.6


def read(files: Files, look: Look) -> Strips:
    """Trajectories of the MD and of each model in one cell."""
    kinetics = files["kinetics"][0]
    system = read_states(files["states"][0])
    sources = {"md": at_interval(system.md, system.split.training, look.stride, "none", 1)}
    for model, path in zip(look.models, files["generated"], strict=True):
        sources[model] = list(read_arrays(path)["replicate_1"])
    slowest = pick(
        read_table(kinetics),
        model="md",
        replicate=0,
        quantity="yardstick_timescale",
        i=1,
        lag=look.lag,
    )["value"].item()
    return strips(sources, read_arrays(kinetics)["of_state"], slowest, look.interval)


def draw_strips(axes: Axes, data: Strips, look: Look) -> None:
    """A group of strips a source, one below the other."""
    n_states = data.n_states
    colors = ListedColormap([style.STATES[k % len(style.STATES)] for k in range(n_states)])
    norm = BoundaryNorm(np.arange(n_states + 1) - 0.5, n_states)
    top, ticks = 0.0, {}
    for source, trajectories in data.sources.items():
        ticks[source] = top - len(trajectories) / 2
        for states in trajectories:
            duration = len(states) * data.interval
            axes.imshow(
                states[None, :: max(1, len(states) // COLUMNS)], cmap=colors, norm=norm,
                extent=(0, duration, top - 0.9, top), aspect="auto", interpolation="nearest",
            )  # fmt: skip
            top -= 1
        top -= GAP
    axes.set(xlim=(0, duration), ylim=(top + GAP, 0.1))
    axes.set_yticks(list(ticks.values()), [look.label(source) for source in ticks])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "right", "top"]].set_visible(False)


def draw(data: Strips, look: Look) -> Figure:
    """Strips with a legend of the metastable states.

    Parameters
    ----------
    data : Strips
    look : Look
        unit, names.
    """
    n = sum(map(len, data.sources.values()))
    figure = style.new_figure(style.DOUBLE, 0.16 * n + 0.1 * len(data.sources) + 0.9)
    axes = figure.subplots()
    draw_strips(axes, data, look)
    figure.suptitle(look.system, fontsize=8, weight="bold")
    axes.set_xlabel(f"time ({units(look.unit)})")
    figure.legend(
        handles=[
            Patch(color=style.STATES[k % len(style.STATES)], label=f"state {state(k, look.names)}")
            for k in range(data.n_states)
        ],
        loc="outside lower center", ncols=8, handlelength=1,
    )  # fmt: skip
    return figure
