"""Markov models of few states made from one of many, by linear algebra, without counting again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raremd.kinetics.transition_matrix import TransitionModel


def _lumped(matrix: np.ndarray, micro: TransitionModel, of_state: np.ndarray) -> TransitionModel:
    """Rows (m, m) of microstates, averaged over those of a macrostate, and columns summed."""
    n_states = int(of_state.max()) + 1
    member = np.eye(n_states)[of_state[micro.active]]
    weight = micro.stationary @ member
    seen = np.flatnonzero(weight > 0)
    mean = (micro.stationary[:, None] * member / np.where(weight > 0, weight, 1.0)).T
    left_out = 1 - len(seen) / n_states
    return TransitionModel(
        (mean @ matrix @ member)[np.ix_(seen, seen)],
        weight[seen],
        seen,
        n_states,
        left_out,
        micro.fraction_counts_left_out,
    )


def micro_to_macro(micro: TransitionModel, of_state: np.ndarray, steps: int) -> TransitionModel:
    """What a Markov model of microstates says of macrostates after some of its steps.

    T_IJ = sum_{i in I, j in J} pi_i (T^k)_ij / pi_I, the direct projection of Sartore, Teichmann &
    Stock (J. Chem. Theory Comput. 21, 2757, 2025): the macrostates need not be Markovian.

    Parameters
    ----------
    micro : TransitionModel
    of_state : (n_states,) int array
        The macrostate of each microstate.
    steps : int
        k, in lags of `micro`.

    Returns
    -------
    TransitionModel
        Macrostates without an active microstate are left out.
    """
    return _lumped(np.linalg.matrix_power(micro.transition_matrix, steps), micro, of_state)


def hummer_szabo(micro: TransitionModel, of_state: np.ndarray, steps: int = 1) -> TransitionModel:
    """The Markov model of macrostates whose correlations have the right time integral.

    Hummer & Szabo (J. Phys. Chem. B 119, 9029, 2015): with Z = (I - T + 1 pi^T)^-1, the sum of all
    correlations of a chain, that of the macrostates is the projected one of the microstates.

    Parameters
    ----------
    micro : TransitionModel
    of_state : (n_states,) int array
        The macrostate of each microstate.
    steps : int
        In lags of `micro`, that of the Markov model.

    Returns
    -------
    TransitionModel
        Rows sum to one, and elements may be slightly negative. Macrostates
        without an active microstate are left out.
    """
    matrix, weight = micro.transition_matrix, micro.stationary
    summed = np.linalg.inv(np.eye(len(matrix)) - matrix + weight[None, :])
    macro = _lumped(summed, micro, of_state)
    reduced = np.eye(len(macro.active)) + macro.stationary - np.linalg.inv(macro.transition_matrix)
    return replace(macro, transition_matrix=np.linalg.matrix_power(reduced, steps))
