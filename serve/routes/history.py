"""Own continuous histories over HTTP: the prices of the contracts held one after another."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from math import ceil
from typing import Annotated

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from core import products as registry
from core.errors import InvalidInput, UnknownInstrument
from core.identity import Permission, Principal
from core.market import ContractMonth, Instrument
from quant.calendars import last_trade_date
from quant.continuous import Reals, front_indices
from quant.continuous_series import Adjustment, Anchor, Roll, continuous_series
from quant.symbology import ContinuousSymbol, RollRule
from quant.units import price_unit_of
from serve.identity.access import PrincipalOf, needs
from serve.services import Services, ServicesOf
from serve.settled import (
    DatesAsked,
    DatesOf,
    IgnoredView,
    ignored_views,
    in_form,
    price_text,
    price_text_or_none,
    read_contracts,
    row_answers,
)
from serve.tables import Form, FormOf
from storage.contract_histories import MAX_POSITIONS, DateRange, LoadedContracts

router = APIRouter(tags=["market"], dependencies=[needs(Permission.MARKET_READ)])

MAX_DAYS_EARLY = 60
# Two last trade dates of a product are further apart than this in business days.
_DAYS_PER_CONTRACT = 15
# Where trading gathers in a December, the next is a year away, and the one after it two.
_ACTIVE_MONTHS = 24


class HistoryPoint(BaseModel):
    """Hold the price of one date and the contract that it belongs to."""

    date: date
    contract: str
    symbol: str
    price: str


class RollView(BaseModel):
    """Hold one change of contracts, made at the settlement of `on`.

    The prices are of `measured_on`, the last date until then on which both settled; `gap` is the
    price bought less the price sold. All are null if there is none.
    """

    on: date
    sold: str
    bought: str
    measured_on: date | None
    sold_price: str | None
    bought_price: str | None
    gap: str | None


class HistoryView(BaseModel):
    """Hold a continuous series; a price is `currency` per `price_unit`.

    `missing` are business days between the first and the last date on which the contract held did
    not settle. Of `ignored_rows` stored settlements that could not be used some are in `ignored`.
    """

    product: str
    source: str
    symbol: str
    adjust: Adjustment
    anchor: Anchor
    days_early: int
    currency: str
    price_unit: str
    unit: str
    points: list[HistoryPoint]
    rolls: list[RollView]
    missing: list[date]
    ignored: list[IgnoredView]
    ignored_rows: int
    recorded_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Hold what to join and how: a continuous symbol, or one contract."""

    of: ContinuousSymbol | Instrument
    adjust: Adjustment
    anchor: Anchor
    days_early: int


async def _asked(
    code: str,
    symbol: Annotated[
        str | None,
        Query(
            max_length=20, description="c.0: the front, c.1 the next; n.0, v.0: most open, traded."
        ),
    ] = None,
    contract: Annotated[str | None, Query(description="One delivery month, YYYYMM.")] = None,
    position: Annotated[
        int | None, Query(ge=1, le=MAX_POSITIONS, description="1 is the front: c.0.")
    ] = None,
    adjust: Annotated[
        Adjustment, Query(description="How the jump of a roll is taken out.")
    ] = Adjustment.NONE,
    anchor: Annotated[
        Anchor, Query(description="Which prices stay: the last contract's or the first's.")
    ] = Anchor.BACKWARD,
    days_early: Annotated[
        int,
        Query(ge=0, le=MAX_DAYS_EARLY, description="Roll so many business days before the end."),
    ] = 0,
) -> _Asked:
    """Return what is asked, checked before a store is asked."""
    registry.product(code)
    if sum(one is not None for one in (symbol, contract, position)) > 1:
        raise InvalidInput(field="symbol", reason="give one of symbol, contract and position")
    if contract is not None:
        if adjust is not Adjustment.NONE or days_early:
            field = "days_early" if days_early else "adjust"
            raise InvalidInput(field=field, reason="one contract does not roll")
        of: ContinuousSymbol | Instrument = Instrument(code, ContractMonth.parse_listed(contract))
    elif position is not None:
        of = ContinuousSymbol(product=code, rule=RollRule.CALENDAR, rank=position - 1)
    else:
        of = _symbol(code, symbol or "c.0")
    return _Asked(of=of, adjust=adjust, anchor=anchor, days_early=days_early)


def _symbol(code: str, text: str) -> ContinuousSymbol:
    found = ContinuousSymbol.parse(text if text.startswith(f"{code}.") else f"{code}.{text}")
    if found.rank >= MAX_POSITIONS:
        reason = f"expected a rank below {MAX_POSITIONS}, was {found.rank}"
        raise InvalidInput(field="symbol", reason=reason)
    return found


AskedOf = Annotated[_Asked, Depends(_asked)]


@router.get("/products/{code}/history", responses=row_answers(HistoryView))
async def read_history(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    asked: AskedOf,
    dates: DatesOf,
    form: FormOf,
) -> Response:
    """Return the settlements of a continuous symbol or of one contract, by date.

    A continuous symbol moves from contract to contract; `rolls` tells when, and by how much the
    price jumped. Ranking by open interest (n.0) or volume (v.0) is among the nearest contracts,
    two years of them and more for a higher rank, by the figures of the day before. Where the
    source told none, it is refused with the code `model-not-applicable`.
    """
    if isinstance(asked.of, Instrument):
        loaded = await _read_contract(services, caller, asked.of, dates)
    else:
        by_figures = asked.of.rule is not RollRule.CALENDAR
        ahead = _ACTIVE_MONTHS if by_figures else 2
        positions = asked.of.rank + ahead + ceil(asked.days_early / _DAYS_PER_CONTRACT)
        loaded = await read_contracts(
            services,
            caller,
            code,
            dates,
            min(positions, MAX_POSITIONS),
            with_figures=by_figures,
        )
    # Twenty years take a while, and the loop serves others meanwhile.
    return await asyncio.to_thread(_answer, loaded, asked, form)


async def _read_contract(
    services: Services, caller: Principal, contract: Instrument, dates: DatesAsked
) -> LoadedContracts:
    ends = last_trade_date(contract)
    last = ends if dates.last is None else min(ends, dates.last)
    span = DatesAsked(first=dates.first, last=last, source=dates.source)
    needed = partial(_position_of, contract)
    return await read_contracts(services, caller, contract.product, span, needed)


def _position_of(contract: Instrument, span: DateRange) -> int:
    """Return the position on the first date, which is the highest of the contract in a range."""
    front = int(front_indices(contract.product, [span.first])[0])
    month = contract.contract_month
    position = month.year * 12 + month.month - front
    if position > MAX_POSITIONS:
        reason = f"not listed on {span.first} yet"
        raise UnknownInstrument(instrument=str(contract), reason=reason)
    return position


def _answer(loaded: LoadedContracts, asked: _Asked, form: Form) -> Response:
    if isinstance(asked.of, Instrument):
        view = _of_contract(loaded, asked, asked.of)
    else:
        view = _of_symbol(loaded, asked, asked.of)
    rows = pa.table(
        {
            "date": pa.array([point.date for point in view.points], pa.date32()),
            "contract": [point.contract for point in view.points],
            "symbol": [point.symbol for point in view.points],
            "price": [point.price for point in view.points],
        }
    )
    return in_form(view, rows, form)


def _of_symbol(loaded: LoadedContracts, asked: _Asked, symbol: ContinuousSymbol) -> HistoryView:
    series = continuous_series(
        loaded.history,
        symbol,
        days_early=asked.days_early,
        adjustment=asked.adjust,
        anchor=asked.anchor,
    )
    return _view(
        loaded,
        asked,
        _points(symbol.product, series.dates, series.contract_months, series.prices),
        [_roll(roll) for roll in series.rolls],
        sorted({*series.missing, *loaded.absent}),
    )


def _of_contract(loaded: LoadedContracts, asked: _Asked, contract: Instrument) -> HistoryView:
    history = loaded.history
    months = history.contract_months
    column = (
        history.settlements[:, months.index(contract.contract_month)]
        if contract.contract_month in months
        else np.full(len(history.dates), np.nan)
    )
    settled = np.isfinite(column)
    if not settled.any():
        reason = f"{loaded.source} has no settlement of it on these dates"
        raise UnknownInstrument(instrument=str(contract), reason=reason)
    dates = [day for day, one in zip(history.dates, settled, strict=True) if one]
    missing = {day for day, one in zip(history.dates, settled, strict=True) if not one}
    between = {day for day in missing.union(loaded.absent) if dates[0] < day < dates[-1]}
    return _view(
        loaded,
        asked,
        _points(contract.product, dates, [contract.contract_month] * len(dates), column[settled]),
        [],
        sorted(between),
    )


def _view(
    loaded: LoadedContracts,
    asked: _Asked,
    points: list[HistoryPoint],
    rolls: list[RollView],
    missing: list[date],
) -> HistoryView:
    product = registry.product(loaded.history.product)
    return HistoryView(
        product=product.code,
        source=loaded.source,
        symbol=str(asked.of),
        adjust=asked.adjust,
        anchor=asked.anchor,
        days_early=asked.days_early,
        currency=product.currency,
        price_unit=product.price_unit,
        unit=str(price_unit_of(product.code)),
        points=points,
        rolls=rolls,
        missing=missing,
        ignored=ignored_views(loaded),
        ignored_rows=loaded.ignored_rows,
        recorded_until=loaded.recorded_until,
    )


def _points(
    code: str, dates: Sequence[date], months: Sequence[ContractMonth], prices: Reals
) -> list[HistoryPoint]:
    names = {month: (str(month), Instrument(code, month).symbol) for month in set(months)}
    return [
        HistoryPoint(
            date=day, contract=names[month][0], symbol=names[month][1], price=price_text(price)
        )
        for day, month, price in zip(dates, months, prices.tolist(), strict=True)
    ]


def _roll(roll: Roll) -> RollView:
    return RollView(
        on=roll.on,
        sold=str(roll.sold),
        bought=str(roll.bought),
        measured_on=roll.measured_on,
        sold_price=price_text_or_none(roll.sold_price),
        bought_price=price_text_or_none(roll.bought_price),
        gap=price_text_or_none(roll.gap),
    )
