"""Features to reaction coordinate: a subset of columns, or the slowest TICA components.

A coordinate is fitted once, on training frames, and then applied to every frame. Periodic
features keep their angle and period in a subset; TICA sees them as cosine and sine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from raremd.data.columns import select_features
from raremd.states.geometry import Rows, chunk_rows, embed_periodic


@dataclass(frozen=True)
class CoordinateSettings:
    """Which reaction coordinate is made of the features.

    Attributes
    ----------
    features : tuple of str or None
        Feature names in the wanted order; ``*``, ``?`` and ``[...]`` match several, in the order
        of the features. A name that exists is taken literally. None takes all.
    tica_dimension : int or None
        Number of TICA components to keep; None uses the features themselves.
    tica_lag : int or None
        TICA lag time in frames; given exactly when `tica_dimension` is.
    """

    features: tuple[str, ...] | None = None
    tica_dimension: int | None = None
    tica_lag: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings that no data could satisfy."""
        if (self.tica_dimension is None) != (self.tica_lag is None):
            raise ValueError("tica_dimension and tica_lag belong together: give both or neither")
        for key in ("tica_dimension", "tica_lag"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ValueError(f"{key} is {value}: it must be at least 1")


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A fitted map from features to the reaction coordinate.

    Attributes
    ----------
    names : tuple of str
        One name a dimension: the feature's, or ``tIC 1``, ``tIC 2``, ...
    periods : (d,) float64
        Period of each dimension in its own unit, 0 for not periodic.
    n_features : int
        Columns expected by `transform`.
    columns : (m,) int64
        The features used.
    feature_periods : (m,) float64
        Their periods.
    offset, weights : (k,) and (k, d) float64, or None
        TICA: ``(embed_periodic(features) - offset) @ weights``. None for a subset.
    """

    names: tuple[str, ...]
    periods: np.ndarray
    n_features: int
    columns: np.ndarray
    feature_periods: np.ndarray
    offset: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        """Number of dimensions d."""
        return len(self.names)

    def transform(self, features: Rows) -> np.ndarray:
        """Reaction coordinate of each frame, computed in chunks of bounded memory.

        Parameters
        ----------
        features : (n, n_features) float array
            One trajectory, in memory or anything that can be sliced like it.

        Returns
        -------
        (n, d) float32

        Raises
        ------
        ValueError
            If the number of columns is not that of the fit.
        """
        if len(features.shape) != 2 or features.shape[1] != self.n_features:
            raise ValueError(
                f"features have shape {features.shape}: the coordinate was fitted to "
                f"{self.n_features} columns"
            )
        result = np.empty((len(features), self.dimension), dtype=np.float32)
        rows = chunk_rows(self.n_features)
        for start in range(0, len(features), rows):
            block = features[start : start + rows][:, self.columns]
            if self.weights is not None:
                block = (embed_periodic(block, self.feature_periods) - self.offset) @ self.weights
            result[start : start + rows] = block
        return result

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything `from_arrays` needs, as plain arrays (names as UTF-8 bytes)."""
        arrays = {
            "names": np.array([name.encode() for name in self.names]),
            "periods": self.periods,
            "n_features": np.array(self.n_features),
            "columns": self.columns,
            "feature_periods": self.feature_periods,
        }
        if self.offset is not None and self.weights is not None:
            arrays |= {"offset": self.offset, "weights": self.weights}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Coordinate:
        """Inverse of `to_arrays`."""
        return cls(
            names=tuple(bytes(name).decode() for name in arrays["names"]),
            periods=np.asarray(arrays["periods"]),
            n_features=int(arrays["n_features"]),
            columns=np.asarray(arrays["columns"]),
            feature_periods=np.asarray(arrays["feature_periods"]),
            offset=arrays.get("offset"),
            weights=arrays.get("weights"),
        )


def fit_coordinate(
    settings: CoordinateSettings,
    trajectories: Sequence[Rows],
    feature_names: Sequence[str],
    periods: np.ndarray,
) -> Coordinate:
    """Fit the reaction coordinate on training frames.

    TICA: Molgedey and Schuster 1994, Perez-Hernandez et al. 2013. Columns are standardised, so
    that deeptime's rank cut-off (1e-6) does not depend on units. Components are sorted by
    eigenvalue, slowest first (a negative one is noise and comes last), and scaled by its absolute
    value: the kinetic map of Noe and Clementi 2015, in which Euclidean distances, as used by
    k-means, approximate kinetic distances. The largest standardised weight of each component is
    positive (deeptime's canonical sign).

    Parameters
    ----------
    settings : CoordinateSettings
        What to take.
    trajectories : sequence of (n, f) float32
        Training segments; pairs of frames are never taken across two of them.
    feature_names : sequence of str
        One a column.
    periods : (f,) float array
        0 for not periodic.

    Returns
    -------
    Coordinate

    Raises
    ------
    ValueError
        For an unknown feature, a column count that differs, segments all shorter than the lag,
        a constant or not finite feature, or fewer independent components than asked for.
    """
    periods = np.asarray(periods, dtype=np.float64)
    if len(periods) != len(feature_names):
        raise ValueError(f"periods has {len(periods)} values for {len(feature_names)} features")
    for k, trajectory in enumerate(trajectories, start=1):
        if len(trajectory.shape) != 2 or trajectory.shape[1] != len(feature_names):
            raise ValueError(
                f"trajectory {k} has shape {trajectory.shape}: expected {len(feature_names)} "
                "columns, one a feature name"
            )
    columns = np.array(select_features(settings.features, feature_names), dtype=np.int64)
    names = tuple(feature_names[i] for i in columns)
    subset = Coordinate(
        names=names,
        periods=periods[columns],
        n_features=len(feature_names),
        columns=columns,
        feature_periods=periods[columns],
    )
    if settings.tica_dimension is None or settings.tica_lag is None:
        return subset
    lag, dimension = settings.tica_lag, settings.tica_dimension
    offset, weights = _fit_tica(lag, dimension, trajectories, subset)
    return replace(
        subset,
        names=tuple(f"tIC {k + 1}" for k in range(dimension)),
        periods=np.zeros(dimension),
        offset=offset,
        weights=weights,
    )


def _fit_tica(
    lag: int, dimension: int, trajectories: Sequence[Rows], subset: Coordinate
) -> tuple[np.ndarray, np.ndarray]:
    """Offset (k,) and weights (k, d) of the TICA map on the k embedded columns of a subset."""
    from deeptime.covariance import CovarianceModel  # takes seconds to import; subsets need none
    from deeptime.decomposition import TICA

    columns, names, periods = subset.columns, subset.names, subset.periods
    estimator = TICA.covariance_estimator(lag)
    low, high = np.array(np.inf), np.array(-np.inf)
    for block in _lagged_blocks(trajectories, columns, lag):
        if not np.isfinite(block).all():
            name = names[np.flatnonzero(~np.isfinite(block).all(axis=0))[0]]
            raise ValueError(f"feature '{name}' is not finite in the training frames")
        block = embed_periodic(block, periods)
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
        estimator.partial_fit((block[:-lag], block[lag:]))
    if np.isinf(low).any():
        raise ValueError(f"tica_lag is {lag} frames: no training segment is longer than that")

    # One half of a circle can be flat up to rounding (an angle that only jumps by half a turn).
    widths = np.repeat(periods, np.where(periods > 0, 2, 1))
    varies = high - low > 1e-6 * widths
    owner = np.repeat(np.arange(len(periods)), np.where(periods > 0, 2, 1))
    for k, name in enumerate(names):
        if not varies[owner == k].any():
            raise ValueError(f"feature '{name}' is constant in the training frames: leave it out")

    covariance = estimator.fetch_model()
    scale = np.sqrt(np.where(varies, np.diag(covariance.cov_00), 1.0))
    standardised = CovarianceModel(
        cov_00=covariance.cov_00 / np.outer(scale, scale),
        cov_0t=covariance.cov_0t / np.outer(scale, scale),
        symmetrized=True,
        lagtime=lag,
        bessels_correction=False,
        data_mean_removed=True,
    )
    model = TICA(lag, scaling=None).fit_from_covariances(standardised).fetch_model()
    eigenvalues, vectors = model.singular_values, model.instantaneous_coefficients
    if dimension > len(eigenvalues):
        raise ValueError(
            f"tica_dimension is {dimension}: the features have only {len(eigenvalues)} independent "
            "components"
        )
    slowest = np.argsort(-eigenvalues, kind="stable")[:dimension]
    vectors = vectors[:, slowest] * np.abs(eigenvalues[slowest])
    return covariance.mean_0, vectors / scale[:, None]


def _lagged_blocks(
    trajectories: Sequence[Rows], columns: np.ndarray, lag: int
) -> Iterator[np.ndarray]:
    """Blocks that overlap by `lag` frames, so that each pair (t, t + lag) is met exactly once."""
    for trajectory in trajectories:
        n_pairs = len(trajectory) - lag
        rows = chunk_rows(trajectory.shape[1])
        for start in range(0, n_pairs, rows):
            yield trajectory[start : min(start + rows, n_pairs) + lag][:, columns]
