"""Own spreads over HTTP: their history in one unit, the latest, and the band of earlier years."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray
from pydantic import BaseModel

from core.errors import HistoryTooShort, InvalidInput
from core.identity import Permission, Principal
from core.market import Instrument
from quant.calendars import front_month
from quant.seasonal_band import SeasonalBand, seasonal_band
from quant.spreads import PriceSeries, Spread
from quant.units import PriceUnit, converted, price_unit_of
from serve.identity.access import PrincipalOf, needs
from serve.named_spreads import NamedSpread, Series, SpreadLeg, named_spread
from serve.services import Services, ServicesOf
from serve.settled import (
    ONE_YEAR,
    DatesAsked,
    DatesOf,
    IgnoredView,
    ignored_views,
    in_form,
    price_text,
    price_text_or_none,
    row_answers,
    source_of,
)
from serve.tables import Form, FormOf
from storage.contract_histories import (
    DateRange,
    LoadedContracts,
    load_contracts,
    settled_range,
)

Reals = NDArray[np.float64]

router = APIRouter(tags=["market"], dependencies=[needs(Permission.MARKET_READ)])

MAX_BAND_YEARS = 10
LEAP_YEAR = timedelta(days=366)
_TESTED_LEGS = 2


class SpreadLegView(BaseModel):
    """Hold one side: `weight` of it for one unit of the spread, and its latest contract."""

    product: str
    position: int
    weight: float
    unit: str
    contract: str
    symbol: str
    price: str


class SpreadPoint(BaseModel):
    """Hold the spread of one date, and the band of the same calendar day of the years before.

    `years` counts those that are in the band; where it is 0, the band is null.
    """

    date: date
    value: str
    years: int
    low: str | None
    mean: str | None
    high: str | None


class CointegrationView(BaseModel):
    """Hold Engle and Granger's test of the first leg = constant + ratio · the second + u.

    Prices are in the unit of the spread. Below `limit` the statistic tells, at 5 %, that u comes
    back to 0; `half_life_days` is how long half of it takes, null where it does not.
    """

    statistic: float
    p_value: float
    limit: float
    is_cointegrated: bool
    ratio: float
    constant: float
    half_life_days: float | None
    observations: int


class SpreadView(BaseModel):
    """Hold a spread; its values are `currency` per `price_unit`, `unit` in short.

    The legs tell contracts and prices of the latest date. `missing` are dates without a value,
    because a leg did not settle. `sources` are by product; `source` is that of the first leg.
    `cointegration` is of the dates of the points, null unless asked for.
    """

    name: str
    title: str
    source: str
    sources: dict[str, str]
    currency: str
    price_unit: str
    unit: str
    legs: list[SpreadLegView]
    latest: SpreadPoint
    points: list[SpreadPoint]
    missing: list[date]
    ignored: list[IgnoredView]
    ignored_rows: int
    recorded_until: datetime
    cointegration: CointegrationView | None = None


@router.get("/spreads/{name}", responses=row_answers(SpreadView))
async def read_spread(
    name: str,
    caller: PrincipalOf,
    services: ServicesOf,
    dates: DatesOf,
    form: FormOf,
    product: Annotated[
        str | None, Query(description="Of a calendar spread, or the crude of a crack; unset: CL.")
    ] = None,
    positions: Annotated[
        str | None,
        Query(description="`1-12` for a calendar spread (unset: 1-2), `1` for a crack (unset: 1)."),
    ] = None,
    years: Annotated[
        int, Query(ge=1, le=MAX_BAND_YEARS, description="Earlier years in the band.")
    ] = 5,
    cointegration: Annotated[
        bool, Query(description="Test whether the two legs keep together; 60 dates are needed.")
    ] = False,
) -> Response:
    """Return a spread by date: calendar, crack-3-2-1, crack-2-1-1, crack-gasoline, ….

    A calendar spread is near less far, above 0 in backwardation. A crack of c:g:d makes g of
    gasoline (RB) and d of distillate (HO) from c of crude, in the unit of the crude. Legs are by
    position, so that their delivery months may differ when they roll on different days. All are
    read from one source. `spark` and `clean-spark` have routes of their own.
    """
    asked = named_spread(name, product, positions)
    if cointegration and len(asked.legs) != _TESTED_LEGS:
        reason = f"expected a spread of two legs, {name} has {len(asked.legs)}"
        raise InvalidInput(field="cointegration", reason=reason)
    loaded, since = await _read(services, caller, asked, dates, years)
    work = (asked, loaded, since, years)
    return await asyncio.to_thread(_answer, *work, form, tests=cointegration)


async def _read(
    services: Services, caller: Principal, asked: NamedSpread, dates: DatesAsked, years: int
) -> tuple[list[LoadedContracts], date]:
    source = await source_of(services, asked.products, dates.source)
    org_id = caller.org_id
    async with services.pools.read(org_id) as connection:
        span = await settled_range(
            connection,
            org_id,
            source,
            asked.products[0],
            first=dates.first,
            last=dates.last,
            default=ONE_YEAR,
        )
        with_band = DateRange(first=span.first - years * LEAP_YEAR, last=span.last)
        loaded = [
            await load_contracts(
                connection, org_id, source, code, with_band, asked.positions_of(code)
            )
            for code in asked.products
        ]
    return loaded, span.first


def _answer(
    asked: NamedSpread,
    loaded: Sequence[LoadedContracts],
    since: date,
    years: int,
    form: Form,
    *,
    tests: bool,
) -> Response:
    series = _series(asked, loaded)
    spread = asked.join(series)
    band = seasonal_band(spread.dates, spread.values, since=since, years=years)
    if not band.dates:
        raise HistoryTooShort(subject=f"{spread.name} from {since} on", needed=1, found=0)
    view = _view(asked, loaded, spread, band, series)
    if tests:
        view.cointegration = _tested(asked, series, band.dates)
    return in_form(view, point_rows(view.points), form)


def _series(asked: NamedSpread, loaded: Sequence[LoadedContracts]) -> Series:
    by_code = {
        one.history.product: one.by_position(asked.positions_of(one.history.product))
        for one in loaded
    }
    return {
        (leg.product, leg.position): PriceSeries(
            name=f"{leg.product} {leg.position}",
            dates=by_code[leg.product].dates,
            prices=by_code[leg.product].settlements[:, leg.position - 1],
            unit=price_unit_of(leg.product),
        )
        for leg in asked.legs
    }


def _view(
    asked: NamedSpread,
    loaded: Sequence[LoadedContracts],
    spread: Spread,
    band: SeasonalBand,
    series: Series,
) -> SpreadView:
    unit = price_unit_of(asked.legs[0].product)
    points = spread_points(spread, band)
    absent = {day for one in loaded for day in one.absent}
    missing = absent.union(spread.missing).difference(spread.dates)
    return SpreadView(
        name=asked.name,
        title=spread.name,
        source=loaded[0].source,
        sources={one.history.product: one.source for one in loaded},
        currency=unit.currency,
        price_unit=unit.per,
        unit=str(unit),
        legs=[_leg(leg, series, spread.dates[-1]) for leg in asked.legs],
        latest=points[-1],
        points=points,
        missing=sorted(day for day in missing if day >= band.dates[0]),
        ignored=[view for one in loaded for view in ignored_views(one)],
        ignored_rows=sum(one.ignored_rows for one in loaded),
        recorded_until=max(one.recorded_until for one in loaded),
    )


def _tested(asked: NamedSpread, series: Series, dates: Sequence[date]) -> CointegrationView:
    # arch takes a second to import, and few ask for it
    from quant.cointegration import cointegration

    unit = price_unit_of(asked.legs[0].product)
    y, x = (_prices_on(series[leg.product, leg.position], dates, unit) for leg in asked.legs)
    found = cointegration(y, x)
    return CointegrationView(
        statistic=found.statistic,
        p_value=found.p_value,
        limit=found.limit,
        is_cointegrated=found.is_cointegrated,
        ratio=found.ratio,
        constant=found.constant,
        half_life_days=found.half_life,
        observations=found.observations,
    )


def _prices_on(series: PriceSeries, dates: Sequence[date], unit: PriceUnit) -> Reals:
    wanted = frozenset(dates)
    rows = [row for row, day in enumerate(series.dates) if day in wanted]
    return np.asarray(converted(series.prices[rows], series.unit, unit))


def point_rows(points: Sequence[SpreadPoint]) -> pa.Table:
    """Return the points of a spread as a table, values as decimal text."""
    return pa.table(
        {
            "date": pa.array([point.date for point in points], pa.date32()),
            "value": [point.value for point in points],
            "years": pa.array([point.years for point in points], pa.int16()),
            "low": pa.array([point.low for point in points], pa.string()),
            "mean": pa.array([point.mean for point in points], pa.string()),
            "high": pa.array([point.high for point in points], pa.string()),
        }
    )


def spread_points(spread: Spread, band: SeasonalBand) -> list[SpreadPoint]:
    """Return the values of a spread on the dates of its band, each with its range."""
    values = spread.values[-len(band.dates) :]
    columns = np.stack([values, band.minimum, band.mean, band.maximum], axis=1)
    return [
        SpreadPoint(
            date=day,
            value=price_text(value),
            years=count,
            low=price_text_or_none(low),
            mean=price_text_or_none(mean),
            high=price_text_or_none(high),
        )
        for day, count, (value, low, mean, high) in zip(
            band.dates, band.years.tolist(), columns.tolist(), strict=True
        )
    ]


def _leg(leg: SpreadLeg, series: Series, on: date) -> SpreadLegView:
    prices = series[leg.product, leg.position]
    month = front_month(leg.product, on).plus(leg.position - 1)
    return SpreadLegView(
        product=leg.product,
        position=leg.position,
        weight=leg.weight,
        unit=str(prices.unit),
        contract=str(month),
        symbol=Instrument(leg.product, month).symbol,
        price=price_text(float(prices.prices[prices.dates.index(on)])),
    )
