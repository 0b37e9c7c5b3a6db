"""Own the weather over HTTP: stations, observations, forecasts by issue, degree days."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from core.clock import utc_from_ns
from core.dates import Day
from core.errors import InvalidInput, NotFound
from core.identity import Permission
from core.weather import (
    STATIONS,
    Station,
    station,
    validate_weather_source,
)
from quant.degree_days import BASE_F, degree_days_of
from serve.identity.access import PrincipalOf, needs
from serve.routes.weather_views import (
    CurrentView,
    DailyView,
    DegreeDayList,
    HourlyView,
    StationList,
    day_view,
    degree_day_view,
    hour_view,
    observation_view,
    station_view,
)
from serve.services import Services, ServicesOf
from storage import weather
from storage.pool import ReadConn

router = APIRouter(tags=["weather"], dependencies=[needs(Permission.MARKET_READ)])

MAX_DAYS = 1100
_DEFAULT_DAYS = 7
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)

SourceOf = Annotated[
    str | None, Query(description="openweather or sandbox; unset: the one that spoke last.")
]
IssuedBeforeOf = Annotated[
    datetime | None, Query(description="The latest issue before this moment; unset: the latest.")
]


@router.get("/weather/stations")
async def list_stations(caller: PrincipalOf, services: ServicesOf) -> StationList:
    """List the stations, each with its latest observation and the source of it."""
    items = []
    async with services.pools.read(caller.org_id) as connection:
        for one in STATIONS.values():
            source = await weather.newest_source(connection, one.code)
            latest = source and await weather.latest_observation(connection, one.code, source)
            items.append(station_view(one, latest or None))
    return StationList(items=items)


@router.get("/weather/{code}/current")
async def read_current(
    code: str, caller: PrincipalOf, services: ServicesOf, source: SourceOf = None
) -> CurrentView:
    """Return the latest observation of a station."""
    one = station(code)
    async with services.pools.read(caller.org_id) as connection:
        chosen = await _source(connection, one, source)
        latest = await weather.latest_observation(connection, one.code, chosen)
    if latest is None:
        raise _nothing(one, chosen, what="Weather")
    return CurrentView(station=one.code, source=chosen, observation=observation_view(latest))


@router.get("/weather/{code}/hourly")
async def read_hourly(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    source: SourceOf = None,
    issued_before: IssuedBeforeOf = None,
) -> HourlyView:
    """Return the latest hourly forecast of a station, or the latest issued before a moment."""
    one = station(code)
    async with services.pools.read(caller.org_id) as connection:
        chosen = await _source(connection, one, source)
        found = await weather.hourly_forecasts(connection, one.code, chosen, _aware(issued_before))
    if not found:
        raise _nothing(one, chosen, what="Hourly forecast")
    return HourlyView(
        station=one.code,
        source=chosen,
        issued_at=utc_from_ns(found[0].issued_ns),
        items=[hour_view(hour) for hour in found],
    )


@router.get("/weather/{code}/daily")
async def read_daily(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    source: SourceOf = None,
    issued_before: IssuedBeforeOf = None,
) -> DailyView:
    """Return the latest daily forecast of a station, or the latest issued before a moment."""
    one = station(code)
    async with services.pools.read(caller.org_id) as connection:
        chosen = await _source(connection, one, source)
        found = await weather.daily_forecasts(connection, one.code, chosen, _aware(issued_before))
    if not found:
        raise _nothing(one, chosen, what="Daily forecast")
    return DailyView(
        station=one.code,
        source=chosen,
        issued_at=utc_from_ns(found[0].issued_ns),
        items=[day_view(day) for day in found],
    )


@router.get("/weather/{code}/degree-days")
async def read_degree_days(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    first: Annotated[
        Day | None, Query(alias="from", description="Unset: the first of seven days.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="This day included; unset: in six days.")
    ] = None,
    source: SourceOf = None,
) -> DegreeDayList:
    """Return heating and cooling degree days, base 65 °F.

    A day that is over and was observed counts as observed, any other as it was forecast last;
    `basis` says which. Unset, the days are today and the six that follow.
    """
    one = station(code)
    today = _today(one, services)
    days = _days(first, last, today)
    async with services.pools.read(caller.org_id) as connection:
        chosen = await _source(connection, one, source)
        ranges = await weather.day_ranges(connection, one, chosen, days[0], days[-1], today)
    found = degree_days_of(ranges)
    known = {one.range.day for one in found}
    return DegreeDayList(
        station=one.code,
        source=chosen,
        base_f=BASE_F,
        items=[degree_day_view(day) for day in found],
        missing=[day for day in days if day not in known],
        total_hdd_f=sum(day.hdd_f for day in found),
        total_cdd_f=sum(day.cdd_f for day in found),
    )


def _today(one: Station, services: Services) -> date:
    return utc_from_ns(services.clock.now_ns()).astimezone(ZoneInfo(one.time_zone)).date()


def _days(first: date | None, last: date | None, today: date) -> Sequence[date]:
    try:
        start = first or (today if last is None else last - timedelta(days=_DEFAULT_DAYS - 1))
        end = last or start + timedelta(days=_DEFAULT_DAYS - 1)
    except OverflowError:
        raise InvalidInput(field="from", reason="no seven days fit into the calendar") from None
    if end < start:
        raise InvalidInput(field="to", reason=f"expected {start} or later, was {end}")
    count = (end - start).days + 1
    if count > MAX_DAYS:
        raise InvalidInput(field="to", reason=f"expected at most {MAX_DAYS} days, was {count}")
    return [start + timedelta(days=n) for n in range(count)]


async def _source(connection: ReadConn, one: Station, asked: str | None) -> str:
    if asked is not None:
        return validate_weather_source(asked)
    newest = await weather.newest_source(connection, one.code)
    if newest is None:
        raise NotFound(what="Weather of", name=one.code)
    return newest


def _nothing(one: Station, source: str, *, what: str) -> NotFound:
    return NotFound(what=f"{what} of {one.code}", name=f"from {source}")


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware, _FIRST), _LAST)
