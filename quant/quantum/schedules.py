"""Own how angles run over the layers: ramps, from p layers to p + 1, from one size to another.

Angles are plain arrays (p,) of gammas or betas, layer 1 first.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Growth = Callable[[Reals, Reals], tuple[Reals, Reals]]


def midpoints(depth: int) -> Reals:
    """Return where each of `depth` layers has its middle on the way from 0 to 1 (depth,).

    Raises:
        InvalidInput: there is not even one layer.
    """
    if depth < 1:
        raise InvalidInput(field="depth", reason=f"expected at least 1, was {depth}")
    return (np.arange(depth) + 0.5) / depth


def linear_ramp(depth: int, gamma_height: float, beta_height: float) -> tuple[Reals, Reals]:
    """Return gammas that rise to one height and betas that fall from the other (depth,) each.

    Linear-ramp QAOA (Montañez-Barrera and Michielsen, arXiv 2405.09169).

    Raises:
        InvalidInput: there is not even one layer.
    """
    rising = midpoints(depth)
    return gamma_height * rising, beta_height * (1.0 - rising)


def ramp_heights(gammas: Reals, betas: Reals) -> tuple[float, float]:
    """Return the heights of the ramp nearest to given angles, by least squares."""
    rising = midpoints(len(gammas))
    falling = 1.0 - rising
    gamma, beta = gammas @ rising / (rising @ rising), betas @ falling / (falling @ falling)
    return float(gamma), float(beta)


def extrapolate_heights(sizes: Reals, heights: Reals, size: float) -> tuple[float, float]:
    """Return the heights of a ramp at `size` from those of smaller instances.

    `sizes` is (m,) and `heights` (m, 2), gamma and beta; each column follows a line of least
    squares, and one instance alone a constant. The idea is that of Dehn et al., arXiv 2504.08577.

    Raises:
        InvalidInput: the shapes disagree, or there is no instance.
    """
    if sizes.ndim != 1 or heights.shape != (len(sizes), 2) or not len(sizes):
        reason = f"expected shape ({len(sizes)}, 2) of at least one row, was {heights.shape}"
        raise InvalidInput(field="heights", reason=reason)
    away = sizes - sizes.mean()
    spread = float(away @ away)
    slope = away @ heights / spread if spread else np.zeros(2)
    gamma, beta = heights.mean(axis=0) + slope * (size - sizes.mean())
    return float(gamma), float(beta)


def interpolated(angles: Reals) -> Reals:
    """Return p + 1 angles on the line through p of them.

    INTERP of Zhou et al., arXiv 1812.01041, equation B1: angle i becomes (i−1)/p of its
    predecessor and (p−i+1)/p of itself, with 0 beyond both ends.
    """
    share = np.arange(len(angles) + 1) / len(angles)
    before, after = np.append(0.0, angles), np.append(angles, 0.0)
    grown: Reals = share * before + (1.0 - share) * after
    return grown


def interpolate(gammas: Reals, betas: Reals) -> tuple[Reals, Reals]:
    """Add a layer by INTERP."""
    return interpolated(gammas), interpolated(betas)


def add_mode(gammas: Reals, betas: Reals) -> tuple[Reals, Reals]:
    """Add a layer by FOURIER: the p modes stay, and a mode p + 1 of amplitude 0 joins them.

    Zhou et al., arXiv 1812.01041, equation 8: γᵢ = Σ uⱼ sin((j−½)(i−½)π/p) and
    βᵢ = Σ vⱼ cos((j−½)(i−½)π/p).
    """
    return _stretched(gammas, np.sin), _stretched(betas, np.cos)


def _stretched(angles: Reals, wave: np.ufunc) -> Reals:
    depth = len(angles)
    # these matrices are their own inverses up to p/2 (the sine and cosine transforms of type IV)
    modes = 2.0 / depth * _waves(wave, depth, depth) @ angles
    stretched: Reals = _waves(wave, depth + 1, depth) @ modes
    return stretched


def _waves(wave: np.ufunc, depth: int, modes: int) -> Reals:
    waves: Reals = wave(np.outer(midpoints(depth), np.arange(modes) + 0.5) * np.pi)
    return waves
