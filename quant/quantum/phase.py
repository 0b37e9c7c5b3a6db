"""Own cosines and sines that are computed several at once, and the phase that uses them."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.amplitudes import State
from quant.quantum.compiled import kernel, rounding_kernel
from quant.quantum.vectors import nearest_whole, with_flipped_sign

# A quarter turn in three parts, the first two of 33 bits: a whole number of them is exact.
_TURN, _TURN_REST, _TURN_LAST = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
_TURNS_PER_RADIAN = 0.6366197723675814
# Minimax polynomials on ±π/4 in the square of the angle, of sin(y)/y − 1 and of cos(y) − 1 + y²/2.
_SINE = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
_COSINE = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)


@rounding_kernel
def _sum_of_powers(z: float, c: tuple[float, float, float, float, float, float]) -> float:
    return c[0] + z * (c[1] + z * (c[2] + z * (c[3] + z * (c[4] + z * c[5]))))


@rounding_kernel
def cosine_and_sine(angle: float, quarter: int) -> tuple[float, float]:
    """Return the cosine and the sine of `angle` and so many quarter turns, to a few 1e-16.

    Quarter turns are taken off first (Cody and Waite), up to some millions. A plain loop over this
    is compiled to instructions on several numbers at once, which one over np.sin is not.
    """
    turns, place = nearest_whole(angle * _TURNS_PER_RADIAN)
    y = ((angle - turns * _TURN) - turns * _TURN_REST) - turns * _TURN_LAST
    z = y * y
    sine = y + y * z * _sum_of_powers(z, _SINE)
    cosine = 1.0 - 0.5 * z + z * z * _sum_of_powers(z, _COSINE)
    place += quarter
    is_odd = place & 1
    first = sine if is_odd else cosine
    second = cosine if is_odd else sine
    return with_flipped_sign(first, place + 1), with_flipped_sign(second, place)


def apply_phase(psi: State, costs: NDArray[np.float64], gamma: float) -> None:
    """Apply exp(−iγc) to amplitudes (size,), in place."""
    _apply_phase(psi.view(psi.real.dtype), costs, gamma)


@kernel
def _apply_phase(x: NDArray[np.float64], costs: NDArray[np.float64], gamma: float) -> None:
    for u in range(costs.size):
        re, im = cosine_and_sine(-gamma * costs[u], 0)
        p, q = x[2 * u], x[2 * u + 1]
        x[2 * u] = p * re - q * im
        x[2 * u + 1] = p * im + q * re
