"""Own the forward curve as of a date: settlements known by then, flagged where stale, in between.

A contract stands at its last trade date. Nothing after the date is looked at.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from core.market import Instrument
from quant.calendars import business_days, calendar_of, last_trade_date
from quant.contract_history import ContractHistory
from quant.holidays import ONE_DAY

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Interpolation(StrEnum):
    """Name how prices between two contracts are found."""

    LINEAR = "linear"
    LOG_LINEAR = "log-linear"
    MONOTONE_CUBIC = "monotone-cubic"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveNode:
    """Hold one contract of a curve.

    `age_days` counts business days since it settled; `repeats` how many settlements before it
    were the same price in a row. It `is_stale` if either shows that nobody priced it lately.
    """

    contract: Instrument
    last_trade_date: date
    price: float
    settled_on: date
    age_days: int
    repeats: int
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurvePrices:
    """Hold prices (days,), and which of them (days,) lie beyond the first or last contract."""

    prices: Reals
    is_extrapolated: Booleans


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessRule:
    """Say when a contract is stale, and when it is left out.

    A price older than `max_age_days` business days is left out. A younger one is stale if it is
    not of the date itself, or if it repeats `max_repeats` settlements before it: those of the
    five products of 2007–2023 never repeated more than two.

    Raises:
        InvalidInput: `max_age_days` is below 0 or `max_repeats` below 1.
    """

    max_age_days: int = 5
    max_repeats: int = 4

    def __post_init__(self) -> None:
        for field, least in (("max_age_days", 0), ("max_repeats", 1)):
            if getattr(self, field) < least:
                reason = f"expected at least {least}, was {getattr(self, field)}"
                raise InvalidInput(field=field, reason=reason)


DEFAULT_STALENESS = StalenessRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardCurve:
    """Hold the contracts of a product that were priced as of a date, nearest first.

    `absent` names the contracts without a price young enough: those that settled before, and
    those nearer than the last that has one.
    """

    product: str
    as_of: date
    nodes: tuple[CurveNode, ...]
    absent: tuple[Instrument, ...]

    @property
    def prices(self) -> Reals:
        """Return the price of each contract, shape (nodes,), in the product's price unit."""
        return np.array([node.price for node in self.nodes])

    @property
    def days_to_expiry(self) -> Reals:
        """Return the calendar days from `as_of` to each last trade date, shape (nodes,)."""
        return np.array([(node.last_trade_date - self.as_of).days for node in self.nodes], float)

    def prices_at(
        self, days: Sequence[date], method: Interpolation = Interpolation.LINEAR
    ) -> CurvePrices:
        """Return the curve's price on each day, shape (days,), in the product's price unit.

        Between contracts, prices are linear in days, or their logarithms are, or a cubic of
        Fritsch and Carlson (1980) joins them, which never leaves the range of its two neighbours.
        Before the first and after the last contract the curve is flat, and says so; with one
        contract it is flat everywhere.

        Raises:
            InvalidInput: a day lies before `as_of`.
            ModelNotApplicable: a log-linear curve was asked for and a price is not positive.
        """
        if any(day < self.as_of for day in days):
            reason = f"expected none before {self.as_of}, was {min(days)}"
            raise InvalidInput(field="days", reason=reason)
        at = np.array([(day - self.as_of).days for day in days], dtype=np.float64)
        nodes = self.days_to_expiry
        within = np.clip(at, nodes[0], nodes[-1])
        return CurvePrices(
            prices=self._between(within, method), is_extrapolated=np.asarray(within != at)
        )

    def _between(self, at: Reals, method: Interpolation) -> Reals:
        nodes, prices = self.days_to_expiry, self.prices
        if method is Interpolation.LOG_LINEAR:
            return np.asarray(np.exp(np.interp(at, nodes, np.log(self._positive(prices)))))
        if method is Interpolation.MONOTONE_CUBIC and len(nodes) > 1:
            return np.asarray(PchipInterpolator(nodes, prices)(at), dtype=np.float64)
        return np.asarray(np.interp(at, nodes, prices))

    def _positive(self, prices: Reals) -> Reals:
        if prices.min() <= 0.0:
            node = self.nodes[int(prices.argmin())]
            raise ModelNotApplicable(
                model="log-linear interpolation",
                reason=f"{node.contract} settled at {node.price:g} on {node.settled_on}; "
                "use linear or monotone-cubic",
            )
        return prices


def curve_as_of(
    history: ContractHistory, as_of: date, staleness: StalenessRule = DEFAULT_STALENESS
) -> ForwardCurve:
    """Build the curve of all contracts still trading on a date from what had settled by then.

    Raises:
        HistoryTooShort: no contract has a price young enough.
    """
    known = bisect_right(history.dates, as_of)
    trading = [column for column, ends in enumerate(history.last_trade_dates) if ends >= as_of]
    settled = {
        column: np.flatnonzero(np.isfinite(history.settlements[:known, column]))
        for column in trading
    }
    ages = {column: _age(history, rows, as_of) for column, rows in settled.items()}
    young = [
        column for column, age in ages.items() if age is not None and age <= staleness.max_age_days
    ]
    if not young:
        subject = f"the curve of {history.product} as of {as_of}"
        raise HistoryTooShort(subject=subject, needed=1, found=0)
    contracts = history.contracts
    return ForwardCurve(
        product=history.product,
        as_of=as_of,
        nodes=tuple(
            _node(history, column, settled[column], ages[column] or 0, staleness)
            for column in young
        ),
        absent=tuple(
            contracts[column]
            for column in trading
            if column not in young and (column < young[-1] or ages[column] is not None)
        ),
    )


def _node(
    history: ContractHistory,
    column: int,
    settled: Integers,
    age: int,
    staleness: StalenessRule,
) -> CurveNode:
    contract = history.contracts[column]
    prices = history.settlements[settled, column]
    repeats = _repeats(prices)
    return CurveNode(
        contract=contract,
        last_trade_date=last_trade_date(contract),
        price=float(prices[-1]),
        settled_on=history.dates[settled[-1]],
        age_days=age,
        repeats=repeats,
        is_stale=age > 0 or repeats >= staleness.max_repeats,
    )


def _age(history: ContractHistory, settled: Integers, as_of: date) -> int | None:
    if not len(settled):
        return None
    after = history.dates[settled[-1]] + ONE_DAY
    return len(business_days(after, as_of, calendar_of(history.product)))


def _repeats(prices: Reals) -> int:
    other = np.flatnonzero(prices != prices[-1])
    return len(prices) - 2 - int(other[-1]) if len(other) else len(prices) - 1
