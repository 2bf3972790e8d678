"""Quasi-Markov state models: long lags from short ones, with the memory in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raremd.kinetics.transition_matrix import TransitionModel, count_matrix


def transfer_tensors(matrices: np.ndarray) -> np.ndarray:
    """Memory of a process from its transition matrices at 1, 2, ..., m frames.

    T_n = sum_k K_k T_{n-k} defines the K_k one after the other (Cerrillo & Cao, Phys. Rev. Lett.
    112, 110401, 2014), the discrete form of the memory kernel of qMSM (Cao, Montoya-Castillo,
    Wang, Markland & Huang, J. Chem. Phys. 153, 014105, 2020).

    Parameters
    ----------
    matrices : (m, n, n) float array

    Returns
    -------
    (m, n, n) float array
        K_1, ..., K_m; of a Markov chain T_1 and then zeros.
    """
    tensors = np.zeros_like(matrices)
    for k, matrix in enumerate(matrices):
        tensors[k] = matrix - sum(tensors[j] @ matrices[k - 1 - j] for j in range(k))
    return tensors


def propagate(tensors: np.ndarray, n_frames: int) -> np.ndarray:
    """Transition matrices at 1, ..., n_frames frames, memory beyond the last tensor neglected.

    Parameters
    ----------
    tensors : (m, n, n) float array
    n_frames : int

    Returns
    -------
    (n_frames, n, n) float array
    """
    size = tensors.shape[-1]
    found = np.empty((n_frames + 1, size, size))
    found[0] = np.eye(size)
    for frame in range(1, n_frames + 1):
        reach = min(frame, len(tensors))
        past = found[frame - reach : frame][::-1]
        found[frame] = np.einsum("kij,kjl->il", tensors[:reach], past, optimize=True)
    return found[1:]


def quasi_markov(
    dtrajs: list[np.ndarray], n_states: int, memory: int, lags: Sequence[int]
) -> list[TransitionModel]:
    """Quasi-Markov state models: those of symmetrised counts at short lags, then propagated.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
        Never joined.
    n_states : int
    memory : int
        Frames of memory that are kept.
    lags : sequence of int
        In frames.

    Returns
    -------
    list of TransitionModel
        One a lag; up to the memory those of the data. Noise may make eigenvalues complex.
    """
    counts = np.array([count_matrix(dtrajs, n_states, lag) for lag in range(1, memory + 1)])
    counts = counts + counts.transpose(0, 2, 1)
    visited = np.flatnonzero(counts.sum(axis=2).min(axis=0) > 0)
    left_out = 1 - len(visited) / n_states
    lost = 1 - counts[0][np.ix_(visited, visited)].sum() / counts[0].sum()
    counts = counts[:, visited][:, :, visited]
    weights = counts.sum(axis=2)
    chains = propagate(transfer_tensors(counts / weights[:, :, None]), max(lags))
    stationary = weights[0] / weights[0].sum()
    return [
        TransitionModel(chains[lag - 1], stationary, visited, n_states, left_out, lost)
        for lag in lags
    ]
