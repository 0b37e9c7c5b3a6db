"""Own the roll rules: which contract a continuous symbol holds on each date.

A contract may be held until `days_early` business days before its last trade date. Among those,

- `c` (calendar) holds the contract at position rank + 1, as if today were `days_early` later;
- `n` (open interest) and `v` (volume) hold, at rank 0, the contract with the most on the date
  before, so that a choice uses nothing of its own day. Rank r is the most active of the contracts
  beyond the one that rank r − 1 holds. Of equals, the nearest is held. A contract whose figure is
  missing is not rolled into, and one held stays while its own is missing. When a contract must be
  left and no figure is known, the next one follows. On the first date, which has none before,
  ranks go by the calendar.

No rule rolls back to an earlier contract.
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable
from core.market import Instrument
from quant.calendars import add_business_days, calendar_of, front_month
from quant.contract_history import ContractHistory
from quant.symbology import ContinuousSymbol, RollRule

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def held_columns(
    history: ContractHistory, symbol: ContinuousSymbol, *, days_early: int = 0
) -> Integers:
    """Return the column of the contract that a symbol holds on each date, shape (dates,).

    Raises:
        InvalidInput: symbol and history are of different products, `days_early` is negative, or
            the contract to hold has no column.
        ModelNotApplicable: the history has no volume or open interest to rank by.
    """
    if symbol.product != history.product:
        reason = f"expected one of {history.product}, was {symbol}"
        raise InvalidInput(field="symbol", reason=reason)
    if days_early < 0:
        raise InvalidInput(field="days_early", reason=f"expected at least 0, was {days_early}")
    calendar = calendar_of(history.product)
    until = [add_business_days(day, days_early, calendar) for day in history.dates]
    if symbol.rule is RollRule.CALENDAR:
        return _by_calendar(history, symbol.rank, until)
    return _by_activity(history, symbol, until)


def _by_calendar(history: ContractHistory, rank: int, until: list[date]) -> Integers:
    column_of = {month: column for column, month in enumerate(history.contract_months)}
    columns = np.empty(len(until), dtype=np.int64)
    for row, day in enumerate(until):
        month = front_month(history.product, day).plus(rank)
        if month not in column_of:
            raise _no_column(str(Instrument(history.product, month)), history.dates[row])
        columns[row] = column_of[month]
    return columns


def _by_activity(history: ContractHistory, symbol: ContinuousSymbol, until: list[date]) -> Integers:
    may_hold = _may_hold(history, until)
    activity = _figures(history, symbol.rule)
    known = np.full_like(activity, np.nan)
    known[1:] = activity[:-1]
    below = np.full(len(until), -1, dtype=np.int64)
    for rank in range(symbol.rank + 1):
        beyond = np.arange(activity.shape[1])[None, :] > below[:, None]
        below = _most_active(history, rank, may_hold & beyond, known)
    return below


def _most_active(history: ContractHistory, rank: int, may_hold: Booleans, known: Reals) -> Integers:
    ranked = np.where(may_hold & np.isfinite(known), known, -1.0)
    best = ranked.argmax(axis=1)  # of equals, the first
    is_known = ranked >= 0.0
    columns = np.empty(len(best), dtype=np.int64)
    held = -1
    for row, most in enumerate(best.tolist()):
        if not may_hold[row].any():
            wanted = f"one to hold at rank {rank}"
            raise _no_column(wanted, history.dates[row])
        stays = held >= 0 and bool(may_hold[row, held])
        if is_known[row, most] and (not stays or is_known[row, held]):
            held = max(held, most)
        elif not stays:
            held += 1 + int(may_hold[row, held + 1 :].argmax())
        columns[row] = held
    return columns


def _may_hold(history: ContractHistory, until: list[date]) -> Booleans:
    ends = np.array(history.last_trade_dates, dtype="datetime64[D]")
    days = np.array(until, dtype="datetime64[D]")
    allowed: Booleans = ends[None, :] >= days[:, None]
    return allowed


def _figures(history: ContractHistory, rule: RollRule) -> Reals:
    figures = history.volume if rule is RollRule.VOLUME else history.open_interest
    if figures is None:
        name = "volume" if rule is RollRule.VOLUME else "open interest"
        reason = f"the history of {history.product} has no {name}; roll by the calendar"
        raise ModelNotApplicable(model=f"roll by {name}", reason=reason)
    return figures


def _no_column(contract: str, day: date) -> InvalidInput:
    return InvalidInput(field="contract_months", reason=f"expected {contract} on {day}, was none")
