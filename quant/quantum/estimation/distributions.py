"""Own discretised distributions on 2^n points; imports no Qiskit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]

MAX_QUBITS = 16
SUM_TOLERANCE = 1e-9
ROUNDING = 1e-9  # of correlations, and of the eigenvalues of their matrix


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Distribution:
    """Hold 2^n points (N, d) of d assets and their probabilities (N,).

    Point i is outcome i of the register that carries it, the first asset in the lowest bits.

    Raises:
        InvalidInput: N is no power of two in 2…65,536, shapes differ, a value is not finite, a
            probability is negative, or they do not sum to 1.
    """

    points: Reals
    probabilities: Reals

    def __post_init__(self) -> None:
        check_probabilities(self.probabilities)
        if self.points.ndim != 2 or len(self.points) != len(self.probabilities):
            reason = f"expected ({len(self.probabilities)}, d), was {self.points.shape}"
            raise InvalidInput(field="points", reason=reason)
        if not np.isfinite(self.points).all():
            raise InvalidInput(field="points", reason="expected finite values")

    def levels(self, weights: Reals | None = None) -> Reals:
        """Return points · weights, (N,): the price of a basket, or of the only asset.

        Raises:
            InvalidInput: not one weight for each asset.
        """
        assets = self.points.shape[1]
        chosen = np.ones(1) if weights is None else np.asarray(weights, dtype=float)
        if chosen.shape != (assets,):
            reason = f"expected one for each of {assets} assets, were {chosen.shape}"
            raise InvalidInput(field="weights", reason=reason)
        levels: Reals = self.points @ chosen
        return levels


def check_probabilities(probabilities: Reals) -> None:
    """Refuse what no register can carry; see `Distribution` for the rules."""
    size = len(probabilities) if probabilities.ndim == 1 else 0
    if not (2 <= size <= 2**MAX_QUBITS and size & (size - 1) == 0):
        reason = f"expected a power of two in 2…{2**MAX_QUBITS} values, was {probabilities.shape}"
        raise InvalidInput(field="probabilities", reason=reason)
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all()):
        raise InvalidInput(field="probabilities", reason="expected finite values of at least 0")
    if abs(float(probabilities.sum()) - 1) > SUM_TOLERANCE:
        reason = f"expected a sum of 1, was {float(probabilities.sum())!r}"
        raise InvalidInput(field="probabilities", reason=reason)


def normal(*, mean: float, deviation: float, qubits: int, width: float = 3.0) -> Distribution:
    """Discretise a normal price on mean ± width deviations: levels may be negative (Bachelier).

    Raises:
        InvalidInput: the deviation is not above 0, or as `joint_normal`.
    """
    if not deviation > 0:
        raise InvalidInput(field="deviation", reason=f"expected above 0, was {deviation}")
    return joint_normal(
        means=np.array([mean]),
        covariance=np.array([[deviation**2]]),
        qubits=(qubits,),
        width=width,
    )


def joint_normal(
    *, means: Reals, covariance: Reals, qubits: Sequence[int], width: float = 3.0
) -> Distribution:
    """Discretise d correlated normal prices on the product of their grids.

    Each probability is the density at the point, normalised.

    Raises:
        InvalidInput: shapes differ, a mean is not finite, the covariance is not symmetric and
            positive definite, or the grid is larger than 2^16 points.
    """
    _check_grid(qubits, width)
    if means.shape != (len(qubits),) or covariance.shape != (len(qubits),) * 2:
        reason = f"expected means, covariance and qubits of {len(qubits)} assets"
        raise InvalidInput(field="covariance", reason=reason)
    if not np.isfinite(means).all():
        raise InvalidInput(field="means", reason="expected finite values")
    precision = _precision(covariance)
    spread = width * np.sqrt(np.diagonal(covariance))
    axes = [
        np.linspace(mean - half, mean + half, 2**count)
        for mean, half, count in zip(means, spread, qubits, strict=True)
    ]
    points = np.stack([grid.ravel(order="F") for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    centred: Reals = points - means
    density: Reals = np.exp(-np.einsum("ni,ij,nj->n", centred, precision, centred) / 2)
    return Distribution(points=points, probabilities=density / density.sum())


def _precision(covariance: Reals) -> Reals:
    reason = "expected a symmetric positive definite matrix"
    if not (np.isfinite(covariance).all() and (np.diagonal(covariance) > 0).all()):
        raise InvalidInput(field="covariance", reason=reason)
    # correlations, as variances of daily returns may all be 1e-8, or differ by as much
    deviations = np.sqrt(np.diagonal(covariance))
    correlation = covariance / deviations / deviations[:, None]
    skew = float(np.abs(correlation - correlation.T).max())
    if skew > ROUNDING or np.linalg.eigvalsh(correlation)[0] <= ROUNDING:
        raise InvalidInput(field="covariance", reason=reason)
    return np.linalg.inv(covariance).astype(np.float64)


def lognormal(
    *, forward: float, volatility: float, years: float, qubits: int, width: float = 3.0
) -> Distribution:
    """Discretise a lognormal price of mean `forward` (Black) on mean ± width deviations, from 0.

    Each probability is the density at the point, normalised, as in the tutorials of
    qiskit-finance.

    Raises:
        InvalidInput: forward, volatility or years not above 0.
    """
    for field, value in (("forward", forward), ("volatility", volatility), ("years", years)):
        if not (np.isfinite(value) and value > 0):
            raise InvalidInput(field=field, reason=f"expected above 0, was {value}")
    _check_grid((qubits,), width)
    log_deviation = volatility * np.sqrt(years)
    log_mean = np.log(forward) - log_deviation**2 / 2
    deviation = forward * np.sqrt(np.expm1(log_deviation**2))
    low, high = max(0.0, forward - width * deviation), forward + width * deviation
    points = np.linspace(low, high, 2**qubits)
    positive = np.where(points > 0, points, 1.0)
    density = np.exp(-(((np.log(positive) - log_mean) / log_deviation) ** 2) / 2) / positive
    density[points <= 0] = 0.0
    return Distribution(points=points[:, None], probabilities=density / density.sum())


def tabulated(points: Reals, probabilities: Reals) -> Distribution:
    """Take points (m,) as they are, padded to a power of two with copies of the last at chance 0.

    Raises:
        InvalidInput: see `Distribution`.
    """
    points, chances = np.asarray(points, dtype=float), np.asarray(probabilities, dtype=float)
    if points.ndim != 1 or points.shape != chances.shape or len(points) < 1:
        reason = f"expected as many as points, were {chances.shape} and {points.shape}"
        raise InvalidInput(field="probabilities", reason=reason)
    missing = max(2, 1 << (len(points) - 1).bit_length()) - len(points)
    return Distribution(
        points=np.pad(points, (0, missing), mode="edge")[:, None],
        probabilities=np.pad(chances, (0, missing)),
    )


def from_quantiles(levels: Reals, values: Reals, *, qubits: int) -> Distribution:
    """Discretise a forecast given by quantiles: values (m,) at rising levels (m,) of 0…1.

    The distribution function is linear between them; what lies below the first or above the last
    level sits at the ends. Each of 2^qubits even points takes the mass nearest to it.

    Raises:
        InvalidInput: levels do not rise within 0…1, or values do not rise.
    """
    levels, values = np.asarray(levels, dtype=float), np.asarray(values, dtype=float)
    _check_grid((qubits,), 1.0)
    if levels.ndim != 1 or len(levels) < 2 or values.shape != levels.shape:
        raise InvalidInput(field="levels", reason="expected two or more, one for each value")
    if not ((np.diff(levels) > 0).all() and levels[0] >= 0 and levels[-1] <= 1):
        raise InvalidInput(field="levels", reason="expected to rise within 0…1")
    if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
        raise InvalidInput(field="values", reason="expected finite values that rise")
    points = np.linspace(values[0], values[-1], 2**qubits)
    edges = np.interp((points[1:] + points[:-1]) / 2, values, levels)
    return Distribution(
        points=points[:, None], probabilities=np.diff(np.concatenate([[0.0], edges, [1.0]]))
    )


def from_samples(samples: Reals, *, qubits: int) -> Distribution:
    """Count samples (m,), such as historical losses, at the nearest of 2^qubits even points.

    Raises:
        InvalidInput: samples are not finite, or all alike.
    """
    samples = np.asarray(samples, dtype=float)
    _check_grid((qubits,), 1.0)
    usable = samples.ndim == 1 and len(samples) > 1 and np.isfinite(samples).all()
    if not usable or not np.ptp(samples) > 0:
        raise InvalidInput(field="samples", reason="expected two or more different finite values")
    points = np.linspace(samples.min(), samples.max(), 2**qubits)
    nearest = np.searchsorted((points[1:] + points[:-1]) / 2, samples)
    counts = np.bincount(nearest, minlength=2**qubits)
    return Distribution(points=points[:, None], probabilities=counts / len(samples))


def _check_grid(qubits: Sequence[int], width: float) -> None:
    if not qubits or min(qubits) < 1 or sum(qubits) > MAX_QUBITS:
        size = 8 * 2 ** min(sum(qubits), 1000)
        reason = (
            f"expected at least 1 for each asset and {MAX_QUBITS} in all, were {tuple(qubits)}: "
            f"{size} bytes of probabilities"
        )
        raise InvalidInput(field="qubits", reason=reason)
    if not (np.isfinite(width) and width > 0):
        raise InvalidInput(field="width", reason=f"expected above 0, was {width}")
