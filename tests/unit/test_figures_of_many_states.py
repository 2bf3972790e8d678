"""Figures of hundreds of states: no names, numbers or borders that nobody could read."""

from dataclasses import replace

import made_up
import numpy as np
import pandas as pd

from raremd.analysis import plotted
from raremd.analysis.tidy import pick
from raremd.report.figures import free_energy, populations_mfpt, style, transition_matrices
from raremd.report.figures.style import Look

LOOK = Look(models=("markov", "lstm"), unit="ns", lag=100.0)


def test_matrices_count_states_and_do_not_name_them():
    eye = np.eye(150)
    found = plotted.Matrices(eye, {"lstm": eye}, {"lstm": 0 * eye})
    figure = transition_matrices.draw(found, LOOK)
    assert all(len(a.get_xticks()) < 12 and not a.texts for a in figure.axes if a.images)
    assert figure.get_figheight() < 4


def test_populations_have_no_borders():
    cell = pick(made_up.comparison(), **made_up.BASE._asdict())
    rows = pick(cell, quantity="population", replicate=0).drop_duplicates("model")
    places = [(i, 0) for i in range(1, 151)]
    many = pd.concat([rows.assign(i=i, j=j) for i, j in places])
    axes = style.new_figure(3, 3).subplots()
    looks = {"md": style.MARKED_MD} | LOOK.series
    populations_mfpt.draw_states(axes, many, places, looks)
    assert len(axes.lines) == len(looks)


def test_a_free_energy_has_no_borders():
    (_, curve) = made_up.landscapes()
    edges = [np.arange(101.0)]
    many = replace(curve, energy=np.zeros(100), edges=edges, states=np.arange(100))
    (axes,) = free_energy.draw([many], Look()).axes
    assert not axes.lines
