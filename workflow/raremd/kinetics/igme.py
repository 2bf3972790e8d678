"""Integrative generalised master equation: long lags from short ones, without trajectories."""

from __future__ import annotations

import numpy as np


def extrapolate(lags: np.ndarray, timescales: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Timescales at every lag from those at the lags of the fit.

    Beyond the memory time ln T(tau) = tau A + B (Cao, Qiu, Kalin & Huang, J. Chem. Phys. 159,
    134106, 2023). A and B are fitted by least squares on each eigenvalue by itself, as if T at all
    lags had the same eigenvectors: ln lambda_i(tau) = a_i tau + b_i.

    Parameters
    ----------
    lags : (n_lags,) float array
    timescales : (..., n_lags, n) float array
        Implied timescales of the MD, slowest first.
    fitted : (n_lags,) bool array
        Lags of the fit, at least two: from the memory time on.

    Returns
    -------
    (..., n_lags, n) float array
        At and below the longest lag of the fit the MD's own, which the method takes as given.
    """
    tau = lags[fitted]
    logs = -tau[:, None] / timescales[..., fitted, :]
    centred = (tau - tau.mean())[:, None]
    slope = (centred * logs).sum(axis=-2) / (centred**2).sum()
    offset = logs.mean(axis=-2) - slope * tau.mean()
    line = slope[..., None, :] * lags[:, None] + offset[..., None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(line < 0, -lags[:, None] / line, np.nan)
    return np.where((lags <= tau.max())[:, None], timescales, found)
