"""Own continuous series: prices of the contracts held one after another, adjusted or not."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, ModelNotApplicable
from core.market import ContractMonth, Instrument
from quant.contract_history import ContractHistory
from quant.rolls import held_columns
from quant.symbology import ContinuousSymbol

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


class Adjustment(StrEnum):
    """Say how the jump at a roll is taken out: not, by a difference, or by a ratio."""

    NONE = "none"
    DIFFERENCE = "difference"
    RATIO = "ratio"


class Anchor(StrEnum):
    """Say which prices stay as they settled: the last contract's (backward) or the first's."""

    BACKWARD = "backward"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Hold one change of contracts, made at the settlement of `on`, the last day of the old one.

    The prices are those of `measured_on`: `on`, or the last date before it in the time of the old
    contract on which both settled. All three are None if there is none.
    """

    on: date
    sold: ContractMonth
    bought: ContractMonth
    measured_on: date | None
    sold_price: float | None
    bought_price: float | None

    @property
    def gap(self) -> float | None:
        """Return the price bought less the price sold."""
        if self.sold_price is None or self.bought_price is None:
            return None
        return self.bought_price - self.sold_price


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContinuousSeries:
    """Hold the prices (dates,) of a continuous symbol, and the contract behind each.

    `missing` names the dates left out because the contract held did not settle.
    """

    symbol: ContinuousSymbol
    adjustment: Adjustment
    anchor: Anchor
    dates: tuple[date, ...]
    contract_months: tuple[ContractMonth, ...]
    prices: Reals
    rolls: tuple[Roll, ...]
    missing: tuple[date, ...]


def continuous_series(
    history: ContractHistory,
    symbol: ContinuousSymbol,
    *,
    days_early: int = 0,
    adjustment: Adjustment = Adjustment.NONE,
    anchor: Anchor = Anchor.BACKWARD,
) -> ContinuousSeries:
    """Join the settlements of the contracts that a symbol holds, by the rules of `quant.rolls`.

    Adjusted by difference, a series has the changes of the contract held, each roll's gap being
    added to all prices before it (backward) or taken from all after it (forward). Adjusted by
    ratio, it has the returns of the contract held; the gap is the ratio of both prices.

    Raises:
        InvalidInput: as for `held_columns`.
        HistoryTooShort: the contracts held never settled.
        ModelNotApplicable: volume or open interest to roll by is absent, two contracts to adjust
            between never settled on one day, or prices to adjust by ratio are not all positive.
    """
    columns = held_columns(history, symbol, days_early=days_early)
    raw = history.settlements[np.arange(len(columns)), columns]
    settled = np.isfinite(raw)
    if not settled.any():
        raise HistoryTooShort(subject=str(symbol), needed=1, found=0)
    rolls = _rolls(history, columns)
    if adjustment is Adjustment.RATIO:
        _require_positive(history, columns, rolls)
    prices = (
        raw if adjustment is Adjustment.NONE else _adjusted(history, raw, rolls, adjustment, anchor)
    )
    months = [history.contract_months[column] for column in columns.tolist()]
    return ContinuousSeries(
        symbol=symbol,
        adjustment=adjustment,
        anchor=anchor,
        dates=tuple(day for day, one in zip(history.dates, settled, strict=True) if one),
        contract_months=tuple(month for month, one in zip(months, settled, strict=True) if one),
        prices=prices[settled],
        rolls=rolls,
        missing=tuple(day for day, one in zip(history.dates, settled, strict=True) if not one),
    )


def _rolls(history: ContractHistory, columns: Integers) -> tuple[Roll, ...]:
    ends = np.flatnonzero(np.diff(columns)).tolist()
    starts = [0, *(end + 1 for end in ends)]
    return tuple(
        _roll(history, start, end, int(columns[end]), int(columns[end + 1]))
        for start, end in zip(starts, ends, strict=False)
    )


def _roll(history: ContractHistory, start: int, end: int, sold: int, bought: int) -> Roll:
    pair = history.settlements[start : end + 1][:, [sold, bought]]
    both = np.flatnonzero(np.isfinite(pair).all(axis=1))
    row = int(both[-1]) if len(both) else None
    return Roll(
        on=history.dates[end],
        sold=history.contract_months[sold],
        bought=history.contract_months[bought],
        measured_on=None if row is None else history.dates[start + row],
        sold_price=None if row is None else float(pair[row, 0]),
        bought_price=None if row is None else float(pair[row, 1]),
    )


def _adjusted(
    history: ContractHistory,
    raw: Reals,
    rolls: tuple[Roll, ...],
    adjustment: Adjustment,
    anchor: Anchor,
) -> Reals:
    row_of = {day: row for row, day in enumerate(history.dates)}
    is_ratio = adjustment is Adjustment.RATIO
    steps = np.zeros(len(raw))
    for roll in rolls:
        sold, bought = _measured(history.product, roll, adjustment)
        steps[row_of[roll.on] + 1] += np.log(bought / sold) if is_ratio else bought - sold
    passed = np.cumsum(steps)
    shift = passed[-1] - passed if anchor is Anchor.BACKWARD else -passed
    return raw * np.exp(shift) if is_ratio else raw + shift


def _measured(code: str, roll: Roll, adjustment: Adjustment) -> tuple[float, float]:
    if roll.sold_price is None or roll.bought_price is None:
        raise ModelNotApplicable(
            model=f"{adjustment} adjustment",
            reason=f"{Instrument(code, roll.sold)} and {Instrument(code, roll.bought)} never "
            f"settled on one day until the roll of {roll.on}; use prices as they are",
        )
    return roll.sold_price, roll.bought_price


def _require_positive(history: ContractHistory, columns: Integers, rolls: tuple[Roll, ...]) -> None:
    raw = history.settlements[np.arange(len(columns)), columns]
    found = [
        (history.dates[row], history.contract_months[columns[row]], float(raw[row]))
        for row in np.flatnonzero(raw <= 0.0)
    ]
    found += [
        (roll.measured_on, roll.bought, roll.bought_price)
        for roll in rolls
        if roll.measured_on and roll.bought_price is not None and roll.bought_price <= 0.0
    ]
    if found:
        day, month, price = found[0]
        raise ModelNotApplicable(
            model="ratio adjustment",
            reason=f"{Instrument(history.product, month)} settled at {price:g} on {day}; "
            "adjust by difference",
        )
