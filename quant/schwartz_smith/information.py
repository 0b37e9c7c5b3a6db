"""Own the observed information at an optimum, and the standard errors that follow from it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quant.schwartz_smith.transforms import Coordinates

Reals = NDArray[np.float64]

_DROP = 0.02
_TRIES = 60


def standard_errors(
    cost: Callable[[Reals], float], coordinates: Coordinates, optimum: Reals
) -> dict[str, float]:
    """Return the standard error of each free parameter by name; empty if there are none.

    The covariance is the inverse of the observed information, the Hessian of the negative
    log-likelihood `cost` in the coordinates; the delta method carries it to the parameters. There
    are none where the Hessian is not positive definite: at no minimum, or along a ridge.
    """
    hessian = observed_information(cost, optimum)
    if not bool(np.isfinite(hessian).all()) or np.linalg.eigvalsh(hessian)[0] <= 0.0:
        return {}
    errors = np.sqrt(np.diagonal(np.linalg.inv(hessian))) * np.abs(coordinates.slopes(optimum))
    return dict(zip(coordinates.free, errors.tolist(), strict=True))


def observed_information(cost: Callable[[Reals], float], optimum: Reals) -> Reals:
    """Return the Hessian of `cost` (n, n) by central differences with Richardson's extrapolation.

    Steps are as long as make the cost rise by about 0.02, so that rounding in a sum of thousands
    of logarithms does not matter; differences of steps h and 2h cancel the error of order h².
    """
    steps = np.array([_step(cost, optimum, place) for place in range(optimum.size)])
    once, twice = _differences(cost, optimum, steps), _differences(cost, optimum, 2.0 * steps)
    hessian: Reals = (4.0 * once - twice) / 3.0
    return hessian


def _step(cost: Callable[[Reals], float], optimum: Reals, place: int) -> float:
    """Find a step along one coordinate that makes the cost rise by about `_DROP`."""
    base, step = cost(optimum), 1e-3
    for _ in range(_TRIES):
        direction = np.zeros(optimum.size)
        direction[place] = step
        rise = 0.5 * (cost(optimum + direction) + cost(optimum - direction)) - base
        if 0.5 * _DROP <= rise <= 2.0 * _DROP:
            break
        # the rise is about quadratic; where it is not, halve or double
        step *= float(np.clip(np.sqrt(_DROP / rise), 0.5, 2.0)) if rise > 0.0 else 2.0
    return step


def _differences(cost: Callable[[Reals], float], at: Reals, steps: Reals) -> Reals:
    size = at.size
    moves = np.diag(steps)
    hessian = np.empty((size, size))
    base = cost(at)
    for i in range(size):
        for j in range(i + 1):
            if i == j:
                rise = cost(at + moves[i]) - 2.0 * base + cost(at - moves[i])
                hessian[i, i] = rise / steps[i] ** 2
                continue
            rise = (
                cost(at + moves[i] + moves[j])
                - cost(at + moves[i] - moves[j])
                - cost(at - moves[i] + moves[j])
                + cost(at - moves[i] - moves[j])
            )
            hessian[i, j] = hessian[j, i] = rise / (4.0 * steps[i] * steps[j])
    return hessian
