"""Own the diagonal shift that makes a quadratic objective convex where Σx = k.

On 0/1 vectors xᵢ² = xᵢ, so moving a diagonal from the quadratic to the linear part changes no
value there; it does change the continuous relaxation, whose minimum bounds them all.
"""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_DIAGONAL_WEIGHT = 0.02  # beside the root's bound: keeps the shift large where the root's x is 0
_TOLERANCE = 0.01
_SHRINK = 0.15
_CENTRED = 0.5
_MAX_STEPS = 200
_MARGIN = 1e-12


def diagonal_shift(matrix: Reals, linear: Reals, k: int) -> Reals:
    """Return d (n,) that makes xᵀ(Q − diag d)x + (l + d)ᵀx convex on Σx = k, its minimum high.

    `matrix` is Q (n, n), symmetric and of whatever signature, `linear` is l (n,). The best d
    solves a semidefinite program: Billionnet, Elloumi and Plateau, Discrete Applied Mathematics
    157 (2009), 1185–1197. A barrier method follows its central path, O(n³) each step.
    """
    size = float(np.abs(matrix).max())
    if size == 0.0:
        return np.zeros(len(linear))
    # of two that add up to 1 both squares are the same, and the path would have no one centre
    if len(linear) == 2:
        shift = np.zeros(2)
    else:
        shift = size * _central_path(matrix / size, linear / size, k)
    # wherever the path ended, what is returned is convex
    return shift + min(0.0, _least_curvature(matrix - np.diag(shift)) - _MARGIN * size)


def _least_curvature(matrix: Reals) -> float:
    """Return the least eigenvalue on the vectors whose sum is 0."""
    n = len(matrix)
    centring = np.eye(n) - 1.0 / n
    # the constant vector is lifted out of the way
    lifted = centring @ matrix @ centring + np.abs(matrix).sum() / n
    return float(np.linalg.eigvalsh(lifted)[0])


def _central_path(matrix: Reals, linear: Reals, k: int) -> Reals:
    """Maximise t + 0.02·Σd where the objective less t, made homogeneous by Σx = k, is convex.

    That is S = Q − diag d + (l+d)eᵀ/2k + e(l+d)ᵀ/2k − t·eeᵀ/k² ⪰ 0.
    """
    n = len(linear)
    half = 1.0 / (2 * k)
    fixed = matrix + half * (linear[:, None] + linear[None, :])
    reach = np.abs(fixed).max() - 2 * min(0.0, float(np.linalg.eigvalsh(fixed)[0]))
    # S = fixed + reach·1 at the start
    point = np.concatenate((np.full(n, -reach), [-reach * k]))
    aim = np.concatenate((np.full(n, _DIAGONAL_WEIGHT), [1.0]))
    weight = reach
    for _ in range(_MAX_STEPS):
        shift, level = point[:n], point[n]
        slack = fixed - np.diag(shift) + half * (shift[:, None] + shift[None, :]) - level / k**2
        slope, curvature = _barrier(np.linalg.inv(slack), k)
        rise = aim / weight + slope
        step = np.linalg.solve(curvature, rise)
        decrement = float(np.sqrt(max(rise @ step, 0.0)))
        point = point + (step if decrement < _CENTRED else step / (1.0 + decrement))
        if decrement < _CENTRED:
            if weight * n < _TOLERANCE * reach:
                break
            weight *= _SHRINK
    return point[:n]


def _barrier(inverse: Reals, k: int) -> tuple[Reals, Reals]:
    """Return the slope (n+1,) of log det S by d and t, and minus its second derivatives."""
    n, half = len(inverse), 1.0 / (2 * k)
    sums = inverse.sum(axis=0)
    total = float(sums.sum())
    slope = np.concatenate((2 * half * sums - np.diagonal(inverse), [-total / k**2]))
    curvature = np.empty((n + 1, n + 1))
    curvature[:n, :n] = (
        inverse**2
        - 2 * half * inverse * (sums[:, None] + sums[None, :])
        + 2 * half**2 * (np.outer(sums, sums) + total * inverse)
    )
    curvature[n, :n] = curvature[:n, n] = (sums**2 - 2 * half * sums * total) / k**2
    curvature[n, n] = (total / k**2) ** 2
    return slope, curvature
