"""Own the log-likelihood of an angle θ in 0…π/2: its maximum and its interval; imports no Qiskit.

The amplitude is sin²θ. A likelihood has many lobes; inside one it has a single maximum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, xlogy

from quant.quantum.estimation.experiments import phase_probabilities
from quant.quantum.estimation.intervals import Interval

Reals = NDArray[np.float64]
LogLikelihood = Callable[[Reals], Reals]

POINTS_PER_PIECE = 8
CANDIDATES = 8
ZOOM_POINTS = 17
ZOOMS = 8
EDGE_ZOOMS = 5


def grover_likelihood(powers: Sequence[int], shots: int, good: Reals) -> LogLikelihood:
    """Return θ (m,) → Σₖ gₖ ln sin²((2k+1)θ) + (shots − gₖ) ln cos²((2k+1)θ), (m,).

    Suzuki et al., "Amplitude estimation without phase estimation" (arXiv 1904.10246), eq. 9.
    """
    factors = 2 * np.asarray(powers, dtype=float)[:, None] + 1
    hits = np.asarray(good, dtype=float)[:, None]

    def value(angles: Reals) -> Reals:
        chance = np.sin(factors * angles) ** 2
        total: Reals = (xlogy(hits, chance) + xlogy(shots - hits, 1 - chance)).sum(axis=0)
        return total

    return value


def phase_likelihood(qubits: int, outcomes: Reals) -> LogLikelihood:
    """Return θ (m,) → Σ_y n_y ln P(y | θ), (m,), of phase estimation with these outcomes."""
    seen = np.flatnonzero(outcomes)
    weights = outcomes[seen][:, None]

    def value(angles: Reals) -> Reals:
        total: Reals = xlogy(weights, phase_probabilities(qubits, angles)[seen]).sum(axis=0)
        return total

    return value


def angle_grid(fastest: int) -> Reals:
    """Return angles 0…π/2: eight in each piece where sin²(fastest·θ) rises or falls."""
    return np.linspace(0, np.pi / 2, POINTS_PER_PIECE * fastest + 1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fit:
    """Hold a likelihood at rising angles and the angle of its highest maximum, `best`."""

    likelihood: LogLikelihood
    angles: Reals
    heights: Reals
    best: float

    @property
    def amplitude(self) -> float:
        """Return sin² of the best angle."""
        return float(np.sin(self.best) ** 2)


def fit(likelihood: LogLikelihood, grid: Reals) -> Fit:
    """Zoom into the highest places of an even grid, and take the best."""
    heights = likelihood(grid)
    inner = np.concatenate([[-np.inf], heights, [-np.inf]])
    peaks = np.flatnonzero((heights >= inner[:-2]) & (heights >= inner[2:]))
    centres = grid[peaks[np.argsort(-heights[peaks], kind="stable")[:CANDIDATES]]]
    rows = np.arange(len(centres))
    step = float(grid[1] - grid[0])
    for _ in range(ZOOMS):
        angles = np.clip(centres[:, None] + np.linspace(-step, step, ZOOM_POINTS), 0, np.pi / 2)
        values = likelihood(angles.ravel()).reshape(angles.shape)
        places = values.argmax(axis=1)
        centres, tops = angles[rows, places], values[rows, places]
        step *= 2 / (ZOOM_POINTS - 1)
    joined = np.concatenate([grid, centres])
    order = np.argsort(joined, kind="stable")
    return Fit(
        likelihood=likelihood,
        angles=joined[order],
        heights=np.concatenate([heights, tops])[order],
        best=float(centres[tops.argmax()]),
    )


def ratio_interval(found: Fit, alpha: float) -> Interval:
    """Return the amplitudes between which 2(ℓ(θ̂) − ℓ(θ)) stays below the χ²₁ quantile of 1 − alpha.

    Covers 1 − alpha for many shots (Wilks). Lobes apart from each other are joined into one.
    """
    floor = float(found.heights.max()) - float(chdtri(1, alpha)) / 2
    inside = np.flatnonzero(found.heights >= floor)
    first, last = int(inside[0]), int(inside[-1])
    before, after = max(first - 1, 0), min(last + 1, len(found.angles) - 1)
    low = _edge(found, floor, outside=before, inside=first)
    high = _edge(found, floor, outside=after, inside=last)
    return float(np.sin(low) ** 2), float(np.sin(high) ** 2)


def _edge(found: Fit, floor: float, *, outside: int, inside: int) -> float:
    """Return where the likelihood first reaches the floor on the way in."""
    start, end = float(found.angles[outside]), float(found.angles[inside])
    if outside == inside:
        return start
    for _ in range(EDGE_ZOOMS):
        angles = np.linspace(start, end, ZOOM_POINTS)
        reached = found.likelihood(angles) >= floor
        reached[-1] = True
        place = max(int(reached.argmax()), 1)
        start, end = float(angles[place - 1]), float(angles[place])
    return start
