"""Own the observations of the model: log prices of whole curves, row by row, cells may be missing.

A price that is not positive has no logarithm: it is refused, or left out and reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable
from quant.schwartz_smith.parameters import MODEL

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

STEP_YEARS = 1.0 / 252.0
"""Name the time that one business day counts in the state's diffusion."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FuturesRow:
    """Hold what one date shows: `log_prices`, `years` to expiry and noise `groups`, (cells,).

    nan is a missing price. `step` is the time in years since the row before.

    Raises:
        InvalidInput: shapes disagree, a price is infinite, or a cell with a price has years below
            0 or not finite, a group below 0, or the step is below 0 or not finite.
    """

    log_prices: Reals
    years: Reals
    groups: Integers
    step: float

    def __post_init__(self) -> None:
        if self.log_prices.ndim != 1:
            raise InvalidInput(field="log_prices", reason="expected one dimension")
        _check(self.log_prices, self.years, self.groups)
        if not (np.isfinite(self.step) and self.step >= 0.0):
            raise InvalidInput(field="step", reason=f"expected at least 0, was {self.step}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FuturesPanel:
    """Hold log prices and years to expiry, (rows, cells), nan where a price is missing.

    `steps` (rows,) is the time in years before each row, the first since the state that starts
    the filter; `groups` (cells,) says which measurement noise a column has.

    Raises:
        InvalidInput: as `FuturesRow`, for any row.
    """

    log_prices: Reals
    years: Reals
    steps: Reals
    groups: Integers

    def __post_init__(self) -> None:
        if self.log_prices.ndim != 2:
            raise InvalidInput(field="log_prices", reason="expected two dimensions")
        _check(self.log_prices, self.years, self.groups)
        if self.steps.shape != self.log_prices.shape[:1]:
            raise InvalidInput(
                field="steps",
                reason=f"expected shape {self.log_prices.shape[:1]}, was {self.steps.shape}",
            )
        if not bool((np.isfinite(self.steps) & (self.steps >= 0.0)).all()):
            raise InvalidInput(field="steps", reason="expected finite numbers of at least 0")

    def row(self, index: int) -> FuturesRow:
        """Return one row."""
        return FuturesRow(
            log_prices=self.log_prices[index],
            years=self.years[index],
            groups=self.groups,
            step=float(self.steps[index]),
        )

    def between(self, first: int, last: int) -> "FuturesPanel":
        """Return the rows first…last − 1."""
        return FuturesPanel(
            log_prices=self.log_prices[first:last],
            years=self.years[first:last],
            steps=self.steps[first:last],
            groups=self.groups,
        )

    def every(self, count: int) -> "FuturesPanel":
        """Return each `count`-th row, the first one included; steps add up over those left out.

        Raises:
            InvalidInput: `count` is below 1.
        """
        if count < 1:
            raise InvalidInput(field="count", reason=f"expected at least 1, was {count}")
        passed = np.cumsum(self.steps)[::count]
        return FuturesPanel(
            log_prices=np.ascontiguousarray(self.log_prices[::count]),
            years=np.ascontiguousarray(self.years[::count]),
            steps=np.diff(passed, prepend=0.0),
            groups=self.groups,
        )

    @property
    def cells(self) -> int:
        """Return how many prices are there."""
        return int(np.isfinite(self.log_prices).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Report the cells that were left out as not positive: how many, and on which dates."""

    cells: int
    dates: tuple[date, ...]


def log_prices(
    dates: Sequence[date], prices: Reals, *, leave_out: bool = False
) -> tuple[Reals, LeftOut]:
    """Return the logarithms of prices (rows, cells), nan where missing, and what was left out.

    With `leave_out`, cells that are not positive count as missing and are reported.

    Raises:
        ModelNotApplicable: a price is not positive, and leaving it out was not asked for.
        InvalidInput: the dates do not fit the rows.
    """
    if prices.ndim != 2 or len(dates) != len(prices):
        raise InvalidInput(
            field="prices", reason=f"expected {len(dates)} rows of cells, was {prices.shape}"
        )
    without_log = prices <= 0.0
    on = tuple(dates[row] for row in np.flatnonzero(without_log.any(axis=1)).tolist())
    if on and not leave_out:
        raise ModelNotApplicable(
            model=MODEL,
            reason=f"{int(without_log.sum())} prices are not positive, the first on {on[0]}: use "
            "a model of dollar changes, or leave these cells out and have them reported",
        )
    logs = np.log(np.where(without_log, np.nan, prices))
    return logs, LeftOut(cells=int(without_log.sum()), dates=on)


def _check(log_prices: Reals, years: Reals, groups: Integers) -> None:
    if years.shape != log_prices.shape:
        raise InvalidInput(
            field="years", reason=f"expected shape {log_prices.shape}, was {years.shape}"
        )
    if groups.shape != log_prices.shape[-1:] or bool((groups < 0).any()):
        raise InvalidInput(
            field="groups",
            reason=f"expected {log_prices.shape[-1]} numbers of at least 0, was {groups}",
        )
    if bool(np.isinf(log_prices).any()):
        raise InvalidInput(field="log_prices", reason="expected finite numbers, or nan as missing")
    known = years[~np.isnan(log_prices)]
    if not bool((np.isfinite(known) & (known >= 0.0)).all()):
        raise InvalidInput(field="years", reason="expected finite numbers of at least 0")
