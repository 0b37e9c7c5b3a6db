"""Own what every estimate of volatility asks of the price changes it is given."""

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]

# Within these the squares of changes, and their sums, are floats; no price moves so.
_LARGEST = 1e75
_SMALLEST = 1e-75


def check_changes(changes: Reals, *, subject: str, needed: int, dimensions: int = 1) -> None:
    """Refuse changes that no volatility can be estimated from.

    Raises:
        InvalidInput: the shape has another number of dimensions, or a number is not finite, or
            beyond 1e75 either way.
        HistoryTooShort: there are fewer days than `needed`.
        ModelNotApplicable: the prices never moved, or by less than 1e-75.
    """
    if changes.ndim != dimensions:
        reason = f"expected {dimensions} dimensions, was shape {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    if len(changes) < needed:
        raise HistoryTooShort(subject=subject, needed=needed, found=len(changes))
    _check_finite(changes)
    if not (np.abs(changes) >= _SMALLEST).any(axis=0).all():
        raise ModelNotApplicable(model=subject, reason="the prices never moved")


def check_of_series(changes: Reals, series: int) -> None:
    """Refuse one day's changes (series,) of another number of series, or not finite.

    Raises:
        InvalidInput: they are, or a number is beyond 1e75 either way.
    """
    if changes.shape != (series,):
        raise InvalidInput(
            field="changes", reason=f"expected shape ({series},), was {changes.shape}"
        )
    _check_finite(changes)


def _check_finite(changes: Reals) -> None:
    if not (np.abs(changes) <= _LARGEST).all():
        raise InvalidInput(field="changes", reason="expected finite numbers only")
