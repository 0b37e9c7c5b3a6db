"""Own estimates of the covariance of price changes, and its square root."""

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput

Reals = NDArray[np.float64]

RISKMETRICS_DECAY = 0.94
_ROUNDING = 1e-8


def sample_covariance(changes: Reals) -> Reals:
    """Return the covariance (F, F) of changes (days, F), n − 1 in the denominator.

    Raises:
        HistoryTooShort: there are fewer than two days.
        InvalidInput: a change is not finite.
    """
    check_history(changes)
    centred = changes - changes.mean(axis=0)
    return np.asarray(centred.T @ centred / (len(changes) - 1))


def ewma_covariance(changes: Reals, decay: float = RISKMETRICS_DECAY) -> Reals:
    """Return Σ wₜ xₜxₜᵀ (F, F) of changes (days, F), the last day the heaviest.

    Weights fall by `decay` a day back and add to 1; the mean is taken to be 0 (RiskMetrics 1996,
    section 5.2).

    Raises:
        HistoryTooShort: there are fewer than two days.
        InvalidInput: a change is not finite, or `decay` is not between 0 and 1.
    """
    check_history(changes)
    check_decay(decay)
    weights = decay ** np.arange(len(changes) - 1, -1, -1.0)
    return np.asarray((changes * (weights / weights.sum())[:, None]).T @ changes)


def shrink(covariance: Reals, intensity: float) -> Reals:
    """Return a covariance (F, F) with every correlation lowered by the share `intensity`.

    Raises:
        InvalidInput: `intensity` is not 0 to 1, or the matrix is no covariance.
    """
    if not 0.0 <= intensity <= 1.0:
        raise InvalidInput(field="intensity", reason=f"expected 0 to 1, was {intensity}")
    check_covariance(covariance)
    diagonal = np.diag(np.diagonal(covariance))
    return np.asarray((1.0 - intensity) * covariance + intensity * diagonal)


def shrinkage_intensity(changes: Reals) -> float:
    """Return how much to shrink correlations of changes (days, F), for the least expected error.

    Σ Var(rᵢⱼ)/Σ rᵢⱼ² over pairs i ≠ j, at most 1 (Schäfer and Strimmer 2005, target D).

    Raises:
        HistoryTooShort: there are fewer than three days.
        InvalidInput: a change is not finite.
    """
    check_history(changes, needed=3)
    days = len(changes)
    centred = changes - changes.mean(axis=0)
    deviations = centred.std(axis=0, ddof=1)
    scores = centred / np.where(deviations > 0.0, deviations, 1.0)
    # Σₜ (wₜ − w̄)² with wₜ = xᵢxⱼ, of all pairs at once
    means = scores.T @ scores / days
    squares = (scores**2).T @ scores**2 - days * means**2
    variances = squares * days / (days - 1) ** 3
    correlations = means * days / (days - 1)
    off = ~np.eye(changes.shape[1], dtype=bool)
    total = float((correlations[off] ** 2).sum())
    if total == 0.0:
        return 1.0
    return min(1.0, max(0.0, float(variances[off].sum()) / total))


def square_root(covariance: Reals) -> Reals:
    """Return a lower triangular L (m, m) with LLᵀ = covariance, which may be singular.

    Cholesky's where it is clear that there is one. Else the transposed R of the QR decomposition
    of (V√Λ)ᵀ, with VΛVᵀ = covariance, and eigenvalues that rounding alone may have made taken to
    be 0: their roots would be a hundred million times as large.
    """
    deviations = np.sqrt(np.diagonal(covariance))
    scales = np.where(deviations > 0.0, deviations, 1.0)
    correlations = covariance / scales[:, None] / scales
    doubt = len(correlations) ** 2 * np.finfo(np.float64).eps
    root = _cholesky(correlations)
    if root is None or np.diagonal(root).min(initial=1.0) ** 2 <= doubt:
        values, vectors = np.linalg.eigh((correlations + correlations.T) / 2.0)
        factor = vectors * np.sqrt(np.where(values > doubt, values, 0.0))
        upper = np.linalg.qr(factor.T)[1]
        root = (upper * np.where(np.diagonal(upper) < 0.0, -1.0, 1.0)[:, None]).T
    return np.asarray(root * scales[:, None])


def _cholesky(correlations: Reals) -> Reals | None:
    try:
        return np.asarray(np.linalg.cholesky(correlations))
    except np.linalg.LinAlgError:
        return None


def check_covariance(covariance: Reals) -> None:
    """Refuse a matrix that is no covariance: correlations outside −1…1 hide in one.

    Raises:
        InvalidInput: it is not square, finite and symmetric, or an eigenvalue is below 0.
    """
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        reason = f"expected a square matrix, was {covariance.shape}"
        raise InvalidInput(field="covariance", reason=reason)
    if not np.isfinite(covariance).all():
        raise InvalidInput(field="covariance", reason="expected finite numbers only")
    diagonal = np.diagonal(covariance)
    if (diagonal < 0.0).any():
        raise InvalidInput(field="covariance", reason="expected no variance below 0")
    scales = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    correlations = covariance / scales[:, None] / scales
    if np.abs(correlations - correlations.T).max(initial=0.0) > _ROUNDING:
        raise InvalidInput(field="covariance", reason="expected a symmetric matrix")
    if np.abs(correlations).max(initial=0.0) > 1.0 + _ROUNDING:
        raise InvalidInput(field="covariance", reason="a correlation is outside -1 to 1")
    least = float(np.linalg.eigvalsh(correlations).min(initial=0.0))
    if least < -_ROUNDING * max(1, len(correlations)):
        raise InvalidInput(field="covariance", reason="its correlations contradict each other")


def check_history(changes: Reals, needed: int = 2) -> None:
    """Refuse changes (days, F) that are too few or not finite.

    Raises:
        HistoryTooShort: there are fewer than `needed` days.
        InvalidInput: a change is not finite, or they are not in rows of days.
    """
    if changes.ndim != 2:
        reason = f"expected days in rows, was {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    if len(changes) < needed:
        raise HistoryTooShort(subject="a covariance", needed=needed, found=len(changes))
    if not np.isfinite(changes).all():
        raise InvalidInput(field="changes", reason="expected finite numbers only")


def check_decay(decay: float) -> None:
    """Refuse a decay outside (0, 1).

    Raises:
        InvalidInput: it is.
    """
    if not 0.0 < decay < 1.0:
        raise InvalidInput(field="decay", reason=f"expected 0 to 1, as 0.94, was {decay}")
