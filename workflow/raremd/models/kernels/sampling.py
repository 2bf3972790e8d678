"""Random numbers and draws of generation, and the elementary functions of all compiled loops.

Exponentials are polynomials that the compiler turns into vector code, and a random number is a
function of seed, walker and frame, so that walkers do not depend on how they are batched. A draw
for each of 64 walkers takes 6, 14 and 49 us with 16, 100 and 1,000 states; `softmax` and
`torch.multinomial` take 55, 205 and 1,719 us: 9, 15 and 35 times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

FAST = {"nsz", "arcp", "contract", "reassoc"}  # no "nnan"/"ninf": clamps must hold


def _as_float(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


def _as_bits(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate


def _greater(typing_context: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        is_greater = builder.fcmp_ordered(">", *arguments, flags=("fast",))
        return builder.select(is_greater, *arguments, flags=("fast",))

    return types.float32(types.float32, types.float32), generate


# Of type Any, since an intrinsic is called by compiled code alone.
_float_from_bits: Any = intrinsic(_as_float)
_bits_from_float: Any = intrinsic(_as_bits)
greater: Any = intrinsic(_greater)
"""The greater of two float32 numbers, in a form that a loop over a row vectorises."""

# Adding it rounds a float32 to a whole number, which the last bits then hold.
_ROUND = np.float32(1.5 * 2**23)
# (2^x - 1) / x on [-1/2, 1/2], least squares on Chebyshev nodes; 2 ulp at most.
_P5, _P4, _P3, _P2, _P1 = (
    np.float32(p) for p in (1.3218672e-3, 9.671698e-3, 5.550893e-2, 2.4022238e-1, 6.9314686e-1)
)


@njit(fastmath={"nsz", "contract"}, error_model="numpy")  # "reassoc" would undo the rounding
def exp2_32(x: np.float32) -> np.float32:
    """2^x in float32 for -126 <= x < 128, to 2 ulp."""
    shifted = x + _ROUND
    r = x - (shifted - _ROUND)
    p = (((_P5 * r + _P4) * r + _P3) * r + _P2) * r + _P1
    exponent = np.int32(_bits_from_float(shifted) << np.int32(23))
    return _float_from_bits(_bits_from_float(p * r + np.float32(1.0)) + exponent)


@njit(fastmath=FAST, error_model="numpy", inline="always")
def exp32(x: np.float32) -> np.float32:
    """exp(x) for x < 88, to a relative 2e-7 (1 + |x|); below -87.3 it stays there."""
    return exp2_32(max(x * np.float32(1.44269504), np.float32(-126.0)))


@njit(inline="always")
def widen(bits: np.uint16) -> np.float32:
    """A bfloat16 number, given as its bits."""
    return _float_from_bits(np.int32(bits) << np.int32(16))


@njit(inline="always")
def narrow(x: np.float32) -> np.uint16:
    """The bits of the nearest bfloat16 number, of two the even one; not of infinities."""
    bits = _bits_from_float(x)
    return np.uint16(
        (bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))) >> np.int32(16)
    )


@njit(inline="always")
def _mix(z: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def uniform(seed: int, walker: int, step: int) -> float:
    """Counter-based uniform number in [0, 1): a function of its three arguments alone.

    Each walker reads its own splitmix64 stream, `step` being the position in it.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    stream = _mix(_mix(np.uint64(seed) + golden) + (np.uint64(walker) + np.uint64(1)) * golden)
    bits = _mix(stream + (np.uint64(step) + np.uint64(1)) * golden)
    return np.float64(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


_BLOCK = 16


@njit(fastmath=FAST, error_model="numpy", cache=True)
def sample_states(
    logits: np.ndarray, seed: int, first_walker: int, step: int, out: np.ndarray
) -> None:
    """Draw the next state of each walker from softmax(logits) by the inverse CDF.

    Parameters
    ----------
    logits : (W, V) float32
        Overwritten.
    seed, first_walker, step : int
        Counters of the random stream; row w is walker `first_walker + w`.
    out : (W,) int64
        Filled with the sampled states.
    """
    n_states = logits.shape[1]
    n_full = n_states // _BLOCK
    sums = np.empty(n_full + 1, np.float64)
    inside = np.empty(_BLOCK, np.float64)
    for w in range(logits.shape[0]):
        row = logits[w]
        top = row[0]
        for v in range(1, n_states):
            top = greater(top, row[v])
        for v in range(n_states):
            row[v] = exp32(row[v] - top)
        total = 0.0
        for k in range(n_full):
            part = np.float32(0.0)
            for v in range(_BLOCK):
                part += row[k * _BLOCK + v]
            total += np.float64(part)
            sums[k] = total
        for v in range(n_full * _BLOCK, n_states):
            total += row[v]
        # The first block, then the first state in it, whose cumulative sum is beyond the target.
        target = uniform(seed, first_walker + w, step) * total
        block = 0
        for k in range(n_full):
            block += sums[k] <= target
        block = min(block, (n_states - 1) // _BLOCK)
        start = block * _BLOCK
        n_inside = min(_BLOCK, n_states - start)
        cumulative = 0.0
        for v in range(n_inside):
            cumulative += row[start + v]
            inside[v] = cumulative
        if block > 0:
            target -= sums[block - 1]
        # Rounding of a block's sum must not reach past its last possible state.
        target = min(target, cumulative * (1.0 - 2.0**-53))
        state = start
        for v in range(n_inside - 1):
            state += inside[v] <= target
        out[w] = state


@njit(fastmath=FAST, error_model="numpy", inline="always", cache=True)
def draw(
    logits: np.ndarray,
    bias: np.ndarray,
    follow: np.ndarray,
    rows: np.ndarray,
    tokens: np.ndarray,
    seed: int,
    first_walker: int,
    frame: int,
) -> None:
    """`sample_states` after the prior's row of each walker was added.

    Parameters
    ----------
    logits : (W, V) float32
        Overwritten.
    bias : (K, V) float32
        What is added to the logits, by row.
    follow : (K + 1, V) int32
        The row after each token, see `prior.Prior`.
    rows, tokens : (W,) int64
        The row of each walker before its last token, and that token; both go on by one frame.
    seed, first_walker, frame : int
        As in `sample_states`.
    """
    for w in range(tokens.size):
        rows[w] = follow[rows[w], tokens[w]]
        row, add = logits[w], bias[rows[w]]
        for v in range(row.size):
            row[v] += add[v]
    sample_states(logits, seed, first_walker, frame, tokens)
