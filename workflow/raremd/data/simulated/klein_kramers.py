"""Exact relaxation times of underdamped Langevin dynamics in two dimensions, without sampling.

The Klein-Kramers operator, made symmetric in its dissipative part by the square root of the
equilibrium density, is expanded in Hermite functions of the two velocities (H. Risken, The
Fokker-Planck Equation, chapter 10). In this basis friction is diagonal, -gamma (a + b) for the
orders a and b, and streaming couples neighbouring orders only,

    c[a + 1, b] <- -sqrt(kT (a + 1)) exp(-beta V / 2) d/dx exp(beta V / 2) c[a, b],

with minus the transpose on the way back. Even orders live on the cells of a regular grid, odd
ones on the faces between them: the differences are central, the equilibrium is an exact null
vector, and no probability leaves the box.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from raremd.data.simulated import four_state

log = logging.getLogger(__name__)

Potential = Callable[[np.ndarray, np.ndarray], np.ndarray]

# The zero eigenvalue makes the operator singular; this is far below any rate of interest and
# keeps the shifted operator negative definite, so that it factorises without pivoting.
SHIFT = 1e-8


# Convergence: one setting is varied at a time around the centre. The result is the run with the
# finest grid, as larger boxes and orders than the centre's change less than the grid does.
@dataclass(frozen=True)
class Discretisation:
    """How finely the operator is resolved; see `klein_kramers_operator`."""

    box: float = 8.0
    spacing: float = 0.4
    hermite_order: int = 8


FINEST = Discretisation(spacing=0.25)
VARIATIONS = {
    "box": [Discretisation(box=box) for box in (6.0, 8.0, 10.0)],
    "hermite_order": [Discretisation(hermite_order=order) for order in (6, 8, 10)],
    "spacing": [Discretisation(spacing=spacing) for spacing in (0.5, 0.4, 0.25)],
}


@dataclass(frozen=True, kw_only=True)
class Refinement(Discretisation):
    """One run of the proof of convergence; `varied` is the setting that its series varies."""

    varied: str
    timescales: list[float]


@dataclass(frozen=True)
class Dynamics:
    """Of what the spectrum is, in the system's own units."""

    potential: str = "four-state potential of Tsai, Kuo & Tiwary (2020)"
    beta: float = four_state.BETA
    friction: float = four_state.FRICTION
    mass: float = 1.0


@dataclass(frozen=True)
class ExactSpectrum:
    """Slowest relaxation times of the four-state system, with the proof of their convergence.

    Attributes
    ----------
    timescales : list of float
        Slowest first, in `unit`.
    unit : str
    settings : Discretisation
        That of `timescales`.
    relative_error : list of float
        For each timescale, the change at the last refinement of box, order and spacing, added up.
    convergence : list of Refinement
    system : Dynamics
    method : str
    """

    timescales: list[float]
    unit: str
    settings: Discretisation
    relative_error: list[float]
    convergence: list[Refinement]
    system: Dynamics
    method: str


def klein_kramers_operator(
    potential: Potential,
    beta: float,
    friction: float,
    box: float,
    spacing: float,
    hermite_order: int,
) -> sparse.csc_array:
    """Operator matrix of unit-mass particles in a square box with reflecting walls.

    Parameters
    ----------
    potential : callable
        ``potential(x, y)`` on arrays, in units of energy.
    beta : float
        Inverse temperature, 1 / energy.
    friction : float
        Friction coefficient, 1 / time.
    box : float
        Half the edge of the square: x and y run from -box to box.
    spacing : float
        Grid spacing; divides the edge.
    hermite_order : int
        Largest total order a + b of the Hermite functions, at least 1.

    Returns
    -------
    (n, n) sparse array
        n is close to (2 box / spacing)^2 (hermite_order + 1) (hermite_order + 2) / 2. Its
        eigenvalues are minus the relaxation rates, in 1 / time.

    Raises
    ------
    ValueError
        If the spacing does not divide the edge or the order is below 1.
    """
    n_cells = round(2.0 * box / spacing)
    if n_cells < 2 or abs(n_cells * spacing - 2.0 * box) > 1e-9 * box:
        raise ValueError(f"spacing: {spacing} does not divide the edge of the box, {2.0 * box}")
    if hermite_order < 1:
        raise ValueError(f"hermite_order: {hermite_order} is too small, give at least 1")

    cells = -box + spacing * (np.arange(n_cells) + 0.5)
    faces = -box + spacing * np.arange(1, n_cells)
    points = (cells, faces)
    unit = tuple(sparse.eye_array(p.size) for p in points)
    forward = sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(faces.size, cells.size))
    derivative = (forward / spacing, -forward.T / spacing)
    scale = {  # exp(beta V / 2) on the four kinds of points: cell or face in x, in y
        (p, q): np.exp(0.5 * beta * potential(*np.meshgrid(points[p], points[q], indexing="ij")))
        for p in (0, 1)
        for q in (0, 1)
    }

    orders = [(a, b) for a in range(hermite_order + 1) for b in range(hermite_order + 1 - a)]
    position = {order: k for k, order in enumerate(orders)}
    blocks = [[None] * len(orders) for _ in orders]
    for k, (a, b) in enumerate(orders):
        p, q = a % 2, b % 2
        here = scale[p, q].ravel()
        blocks[k][k] = -friction * (a + b) * sparse.eye_array(here.size)
        if a + b == hermite_order:
            continue
        for upper, raised, difference in (
            ((a + 1, b), a + 1, sparse.kron(derivative[p], unit[q])),
            ((a, b + 1), b + 1, sparse.kron(unit[p], derivative[q])),
        ):
            there = scale[upper[0] % 2, upper[1] % 2].ravel()
            similar = sparse.diags_array(1.0 / there) @ difference @ sparse.diags_array(here)
            coupling = np.sqrt(raised / beta) * similar
            blocks[position[upper]][k] = -coupling
            blocks[k][position[upper]] = coupling.T
    return sparse.block_array(blocks, format="csc")


def relaxation_times(operator: sparse.csc_array, n_timescales: int) -> np.ndarray:
    """Longest relaxation times of an operator with one zero eigenvalue.

    Parameters
    ----------
    operator : (n, n) sparse array
        As made by `klein_kramers_operator`, in 1 / time.
    n_timescales : int
        How many, at least 1.

    Returns
    -------
    (n_timescales,) float64
        -1 / Re(lambda) of the non-zero eigenvalues closest to zero, slowest first; a complex
        pair (an oscillation that decays) counts twice.
    """
    n = operator.shape[0]
    shifted = operator - SHIFT * sparse.eye_array(n, format="csc")
    # Without pivoting a symmetric ordering can be used, which saves most of the fill-in.
    factors = linalg.splu(
        shifted.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    log.info("%d unknowns, %.2g numbers in the factors", n, factors.nnz)
    inverse = linalg.LinearOperator((n, n), matvec=factors.solve, dtype=float)
    start = np.random.default_rng(0).normal(size=n)
    found = linalg.eigs(
        inverse, k=n_timescales + 1, which="LM", v0=start, return_eigenvectors=False
    )
    eigenvalues = 1.0 / found + SHIFT
    rates = np.delete(-eigenvalues.real, np.argmin(np.abs(eigenvalues)))
    return 1.0 / np.sort(rates)


def exact_timescales(
    box: float = 6.0,
    spacing: float = 0.2,
    hermite_order: int = 6,
    n_timescales: int = 4,
    *,
    potential: Potential = four_state.potential,
    beta: float = four_state.BETA,
    friction: float = four_state.FRICTION,
) -> np.ndarray:
    """Slowest relaxation times of underdamped Langevin dynamics at unit mass.

    The defaults take about 5 s and 1 GB; `converged_timescales` says how far they are off.

    Parameters
    ----------
    box : float
        Half the edge of the square, in units of length.
    spacing : float
        Grid spacing; divides the edge.
    hermite_order : int
        Largest total order of the Hermite functions in the velocities; even ones are cheaper.
    n_timescales : int
        How many.
    potential : callable
        ``potential(x, y)`` on arrays; by default the four-state potential.
    beta, friction : float
        Inverse temperature and friction coefficient; by default those of the four-state system.

    Returns
    -------
    (n_timescales,) float64
        In units of time, slowest first.

    Raises
    ------
    ValueError
        If the spacing does not divide the edge, or an order or number is below 1.
    """
    if n_timescales < 1:
        raise ValueError(f"n_timescales: {n_timescales} is too small, give at least 1")
    operator = klein_kramers_operator(potential, beta, friction, box, spacing, hermite_order)
    return relaxation_times(operator, n_timescales)


def converged_timescales(n_timescales: int = 3) -> ExactSpectrum:
    """Slowest relaxation times of the four-state system, with the proof of their convergence.

    Takes one to three minutes and 3 GB.

    Parameters
    ----------
    n_timescales : int
        How many. The fourth depends on the size of the box more than the first three do.

    Returns
    -------
    ExactSpectrum
    """
    computed: dict[Discretisation, np.ndarray] = {}

    def timescales(settings: Discretisation) -> np.ndarray:
        if settings not in computed:
            computed[settings] = exact_timescales(**asdict(settings), n_timescales=n_timescales)
            log.info("%s: %s", settings, computed[settings].round(1))
        return computed[settings]

    rows = []
    error = np.zeros(n_timescales)
    for name, series in VARIATIONS.items():
        times = [timescales(settings) for settings in series]
        error += np.abs(times[-1] / times[-2] - 1.0)
        rows += [
            Refinement(**asdict(settings), varied=name, timescales=_rounded(t, 2))
            for settings, t in zip(series, times, strict=True)
        ]
    return ExactSpectrum(
        timescales=_rounded(timescales(FINEST), 2),
        unit="tau",
        settings=FINEST,
        relative_error=_rounded(error, 5),
        convergence=rows,
        system=Dynamics(),
        method=(
            "eigenvalues of the Klein-Kramers operator in Hermite functions of the velocities on "
            "a staggered grid with reflecting walls (raremd.data.simulated.klein_kramers); box is "
            "half the edge; relative_error adds up the last change of each series in convergence"
        ),
    )


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
