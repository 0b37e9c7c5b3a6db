"""Own what every estimate of volatility asks of the price changes it is given."""

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]


def check_changes(changes: Reals, *, subject: str, needed: int, dimensions: int = 1) -> None:
    """Refuse changes that no volatility can be estimated from.

    Raises:
        InvalidInput: the shape has another number of dimensions, or a number is not finite.
        HistoryTooShort: there are fewer days than `needed`.
        ModelNotApplicable: the prices never moved.
    """
    if changes.ndim != dimensions:
        reason = f"expected {dimensions} dimensions, was shape {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    if len(changes) < needed:
        raise HistoryTooShort(subject=subject, needed=needed, found=len(changes))
    if not np.isfinite(changes).all():
        raise InvalidInput(field="changes", reason="expected finite numbers only")
    if not changes.any(axis=0).all():
        raise ModelNotApplicable(model=subject, reason="the prices never moved")


def check_of_series(changes: Reals, series: int) -> None:
    """Refuse one day's changes (series,) of another number of series, or not finite.

    Raises:
        InvalidInput: they are.
    """
    if changes.shape != (series,):
        raise InvalidInput(
            field="changes", reason=f"expected shape ({series},), was {changes.shape}"
        )
    if not np.isfinite(changes).all():
        raise InvalidInput(field="changes", reason="expected finite numbers only")
