"""Own spark spreads over HTTP: power less the gas it takes, and less carbon, for one month."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from core import products as registry
from core.errors import HistoryTooShort, InvalidInput
from core.identity import Permission, Principal
from core.market import Instrument, validate_source
from quant.calendars import front_month
from quant.delivery_legs import DeliveryLeg, DeliveryLegs, legs_by_delivery
from quant.seasonal_band import seasonal_band
from quant.spreads import PriceSeries, Spread, clean_spark_spread, spark_spread
from quant.units import price_unit_of, units_in
from serve.identity.access import PrincipalOf, needs
from serve.routes.spreads import (
    LEAP_YEAR,
    MAX_BAND_YEARS,
    SpreadLegView,
    SpreadView,
    point_rows,
    spread_points,
)
from serve.services import Services, ServicesOf
from serve.settled import (
    ONE_YEAR,
    DatesAsked,
    DatesOf,
    ignored_views,
    in_form,
    price_text,
    row_answers,
    source_of,
)
from serve.tables import Form, FormOf
from storage.contract_histories import DateRange, LoadedContracts, load_contracts, settled_range

router = APIRouter(tags=["market"], dependencies=[needs(Permission.MARKET_READ)])

CARBON = "EUA"
GAS_BY_POWER = {"PJM": "NG", "DEB": "TTF"}
TONNES_PER_MMBTU = 0.05306
"""Be the carbon dioxide of natural gas per MMBtu of its higher heating value (EPA, 53.06 kg)."""
MAX_MONTH = 36
# Gas that expires at the end of a month is two months behind power that trades through it.
_SPARE_POSITIONS = 3
_MONTHS_TO_DECEMBER = 12


class SparkView(SpreadView):
    """Hold a spark spread, and what it was made with.

    Prices of all legs are of one delivery month, carbon of December of its year. A leg's `weight`
    is how much of it, in its own unit, one MWh of power takes.
    """

    heat_rate: float
    emission: float | None
    exchange_rate: float | None
    carbon_exchange_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Hold what is burnt for which power, how well, and where each price is from."""

    power: str
    gas: str
    position: int
    heat_rate: float
    exchange_rate: float | None
    years: int
    sources: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carbon:
    """Hold how much carbon a MWh emits, in tonnes, and what one unit of its currency is worth."""

    emission: float
    exchange_rate: float | None


_Rate = Annotated[float | None, Query(gt=0, le=10_000, allow_inf_nan=False)]
_SourceName = Annotated[str | None, Query(max_length=80)]


async def _asked(
    dates: DatesOf,
    product: Annotated[Literal["PJM", "DEB"], Query(description="The power.")] = "PJM",
    gas: Annotated[
        Literal["NG", "TTF", "NBP"] | None, Query(description="Unset: NG for PJM, TTF for DEB.")
    ] = None,
    positions: Annotated[
        int,
        Query(ge=1, le=MAX_MONTH, description="1 is the nearest month that both still trade."),
    ] = 1,
    heat_rate: Annotated[
        float, Query(gt=0, le=100, allow_inf_nan=False, description="MMBtu of gas for a MWh.")
    ] = 7.0,
    exchange_rate: Annotated[
        _Rate, Query(description="What one of the gas's currency is worth in the power's.")
    ] = None,
    power_source: Annotated[_SourceName, Query(description="Unset: `source`.")] = None,
    gas_source: Annotated[
        _SourceName, Query(description="Unset: `source`, else the live one.")
    ] = None,
    carbon_source: Annotated[_SourceName, Query(description="Unset: `source`.")] = None,
    years: Annotated[
        int, Query(ge=1, le=MAX_BAND_YEARS, description="Earlier years in the band.")
    ] = 5,
) -> _Asked:
    """Return what is asked, checked before a store is asked."""
    burnt = gas or GAS_BY_POWER[product]
    named = {product: power_source, burnt: gas_source, CARBON: carbon_source}
    return _Asked(
        power=product,
        gas=burnt,
        position=positions,
        heat_rate=heat_rate,
        exchange_rate=exchange_rate,
        years=years,
        sources={
            code: validate_source(one) if one is not None else dates.source
            for code, one in named.items()
        },
    )


AskedOf = Annotated[_Asked, Depends(_asked)]


@router.get("/spreads/spark", responses=row_answers(SparkView))
async def read_spark(
    caller: PrincipalOf, services: ServicesOf, asked: AskedOf, dates: DatesOf, form: FormOf
) -> Response:
    """Return power less the gas that a MWh of it takes, by date: power − heat rate × gas.

    Power has no feed: import its settlements and name them, `power_source=import:NAME`. Gas may be
    of another source, and is of the same delivery month.
    """
    return await _answered(services, caller, asked, None, dates, form)


@router.get("/spreads/clean-spark", responses=row_answers(SparkView))
async def read_clean_spark(
    caller: PrincipalOf,
    services: ServicesOf,
    asked: AskedOf,
    dates: DatesOf,
    form: FormOf,
    emission: Annotated[
        float | None,
        Query(ge=0, le=10, allow_inf_nan=False, description="t a MWh; unset: 0.05306 an MMBtu."),
    ] = None,
    carbon_exchange_rate: Annotated[
        _Rate, Query(description="What one EUR is worth in the power's currency.")
    ] = None,
) -> Response:
    """Return the spark spread less the carbon allowances that it takes.

    Carbon is the contract of December of the delivery year.
    """
    tonnes = asked.heat_rate * TONNES_PER_MMBTU if emission is None else emission
    carbon = _Carbon(emission=tonnes, exchange_rate=carbon_exchange_rate)
    return await _answered(services, caller, asked, carbon, dates, form)


async def _answered(
    services: Services,
    caller: Principal,
    asked: _Asked,
    carbon: _Carbon | None,
    dates: DatesAsked,
    form: Form,
) -> Response:
    loaded, since = await _read(services, caller, asked, carbon is not None, dates)
    return await asyncio.to_thread(_answer, asked, carbon, loaded, since, form)


async def _read(
    services: Services, caller: Principal, asked: _Asked, with_carbon: bool, dates: DatesAsked
) -> tuple[list[LoadedContracts], date]:
    org_id = caller.org_id
    needed = dict.fromkeys((asked.power, asked.gas), asked.position + _SPARE_POSITIONS)
    if with_carbon:
        needed[CARBON] = asked.position + _SPARE_POSITIONS + _MONTHS_TO_DECEMBER
    sources = {code: await _source(services, code, asked.sources[code]) for code in needed}
    async with services.pools.read(org_id) as connection:
        span = await settled_range(
            connection,
            org_id,
            sources[asked.power],
            asked.power,
            first=dates.first,
            last=dates.last,
            default=ONE_YEAR,
        )
        with_band = DateRange(first=span.first - asked.years * LEAP_YEAR, last=span.last)
        loaded = [
            await load_contracts(connection, org_id, sources[code], code, with_band, count)
            for code, count in needed.items()
        ]
    return loaded, span.first


async def _source(services: Services, code: str, asked: str | None) -> str:
    if asked is None and registry.product(code).imported_only:
        field = "carbon_source" if code == CARBON else "power_source"
        reason = f"{code} has no feed; import its settlements and name them, import:NAME"
        raise InvalidInput(field=field, reason=reason)
    return await source_of(services, [code], asked)


def _answer(
    asked: _Asked, carbon: _Carbon | None, loaded: list[LoadedContracts], since: date, form: Form
) -> Response:
    histories = [one.history for one in loaded]
    yearly = None if carbon is None else histories[2]
    found = legs_by_delivery(histories[:2], asked.position, yearly=yearly)
    spread = _joined(asked, carbon, found)
    band = seasonal_band(spread.dates, spread.values, since=since, years=asked.years)
    if not band.dates:
        raise HistoryTooShort(subject=f"{spread.name} from {since} on", needed=1, found=0)
    points = spread_points(spread, band)
    unit = price_unit_of(asked.power)
    absent = {day for one in loaded for day in one.absent}
    missing = absent.union(spread.missing).difference(spread.dates)
    last = found.dates.index(spread.dates[-1])
    view = SparkView(
        name="spark" if carbon is None else "clean-spark",
        title=spread.name,
        source=loaded[0].source,
        sources={one.history.product: one.source for one in loaded},
        currency=unit.currency,
        price_unit=unit.per,
        unit=str(unit),
        legs=[
            _leg_view(leg, weight, found.dates[last], last)
            for leg, weight in zip(found.legs, _weights(asked, carbon), strict=True)
        ],
        latest=points[-1],
        points=points,
        missing=sorted(day for day in missing if day >= band.dates[0]),
        ignored=[view for one in loaded for view in ignored_views(one)],
        ignored_rows=sum(one.ignored_rows for one in loaded),
        recorded_until=max(one.recorded_until for one in loaded),
        heat_rate=asked.heat_rate,
        emission=None if carbon is None else carbon.emission,
        exchange_rate=asked.exchange_rate,
        carbon_exchange_rate=None if carbon is None else carbon.exchange_rate,
    )
    return in_form(view, point_rows(points), form)


def _joined(asked: _Asked, carbon: _Carbon | None, found: DeliveryLegs) -> Spread:
    series = [
        PriceSeries(
            name=f"{leg.product} {asked.position}",
            dates=found.dates,
            prices=leg.prices,
            unit=price_unit_of(leg.product),
        )
        for leg in found.legs
    ]
    if carbon is None:
        return spark_spread(
            *series, heat_rate_mmbtu_per_mwh=asked.heat_rate, exchange_rate=asked.exchange_rate
        )
    return clean_spark_spread(
        *series,
        heat_rate_mmbtu_per_mwh=asked.heat_rate,
        emission_t_per_mwh=carbon.emission,
        exchange_rate=asked.exchange_rate,
        carbon_exchange_rate=carbon.exchange_rate,
    )


def _weights(asked: _Asked, carbon: _Carbon | None) -> list[float]:
    burnt = asked.heat_rate * units_in("MMBtu", price_unit_of(asked.gas).per)
    return [1.0, -burnt] if carbon is None else [1.0, -burnt, -carbon.emission]


def _leg_view(leg: DeliveryLeg, weight: float, on: date, place: int) -> SpreadLegView:
    month, front = leg.months[place], front_month(leg.product, on)
    return SpreadLegView(
        product=leg.product,
        position=(month.year - front.year) * 12 + month.month - front.month + 1,
        weight=weight,
        unit=str(price_unit_of(leg.product)),
        contract=str(month),
        symbol=Instrument(leg.product, month).symbol,
        price=price_text(float(leg.prices[place])),
    )
