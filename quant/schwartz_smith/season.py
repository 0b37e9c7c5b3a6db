"""Own the season of a futures curve: what the delivery month adds to the log price."""

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

MONTHS = 12

_REVERSIONS = (1.5, 0.5)  # two speeds bend the smooth part as two-factor curves do
_FEWEST_CELLS = 8
_CELLS_OF_TWO_SPEEDS = 15
_TINY = 1e-6


def log_season(log_prices: Reals, years: Reals, months: Integers) -> Reals:
    """Estimate what each delivery month adds to the log price, shape (12,), January first, mean 0.

    All arrays have shape (rows, cells); `months` holds delivery months 0…11, nan is a missing
    price. By least squares over all rows at once: each row's curve is a level and one or two
    exponentials in the time to expiry, its own, plus the month's part, common to all rows. Rows of
    fewer than eight prices are left out. A month that no row tells apart from the smooth part
    gets the smallest values that fit.

    Raises:
        InvalidInput: shapes disagree, a month is not 0…11, or no row has eight prices.
    """
    if not log_prices.shape == years.shape == months.shape or log_prices.ndim != 2:
        raise InvalidInput(field="log_prices", reason="expected three matrices of one shape")
    if months.size and not 0 <= int(months.min()) <= int(months.max()) < MONTHS:
        raise InvalidInput(field="months", reason="expected 0 to 11")
    normal, moment = np.zeros((MONTHS, MONTHS)), np.zeros(MONTHS)
    for prices, left, month in zip(log_prices, years, months, strict=True):
        known = np.isfinite(prices)
        if int(known.sum()) < _FEWEST_CELLS:
            continue
        smooth, _ = np.linalg.qr(_smooth(left[known]))
        chosen = np.eye(MONTHS)[month[known]]
        # what the row's own level and slopes explain is no season
        chosen = chosen - smooth @ (smooth.T @ chosen)
        rest = prices[known] - smooth @ (smooth.T @ prices[known])
        normal += chosen.T @ chosen
        moment += chosen.T @ rest
    if not normal.any():
        raise InvalidInput(field="log_prices", reason="expected a row of eight prices at least")
    season: Reals = np.linalg.pinv(normal, rcond=_TINY, hermitian=True) @ moment
    centred: Reals = season - season.mean()
    return centred


def _smooth(years: Reals) -> Reals:
    speeds = _REVERSIONS if years.size >= _CELLS_OF_TWO_SPEEDS else _REVERSIONS[:1]
    return np.column_stack([np.ones(years.size), *(np.exp(-speed * years) for speed in speeds)])
