"""Own seasonal profiles over HTTP: how far each month or day departs from its year."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Annotated

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from core import products as registry
from core.identity import Permission
from quant.seasonality import Deviation, Season, SeasonalProfile, seasonal_profile
from quant.units import price_unit_of
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from serve.settled import (
    DatesOf,
    IgnoredView,
    ignored_views,
    in_form,
    price_text,
    read_contracts,
    row_answers,
)
from serve.tables import Form, FormOf
from storage.contract_histories import MAX_POSITIONS, MAX_YEARS, LoadedContracts

router = APIRouter(tags=["market"], dependencies=[needs(Permission.MARKET_READ)])

_WHOLE = timedelta(days=MAX_YEARS * 365)
# Settlements pause at weekends and holidays.
_HALF_WINDOW_DAYS = 3
_LEAP_YEAR = date(2000, 1, 1)


class SeasonView(BaseModel):
    """Hold one month (`03`) or day (`03-31`): its mean departure, and what that is known to."""

    season: str
    mean: str
    standard_error: str
    low: str
    high: str


class SeasonalityView(BaseModel):
    """Hold how far the seasons of a position are from the mean of their year.

    By difference, a departure is `currency` per `price_unit`; by ratio, 1.02 is 2 % above the year
    and both units are null. `low` to `high` covers the mean with the `coverage`, if `years` are
    independent and normal. `first` to `last` are the dates that were read.
    """

    product: str
    source: str
    position: int
    by: Season
    deviation: Deviation
    coverage: float
    currency: str | None
    price_unit: str | None
    unit: str | None
    years: list[int]
    first: date
    last: date
    seasons: list[SeasonView]
    ignored: list[IgnoredView]
    ignored_rows: int
    recorded_until: datetime


@router.get("/products/{code}/seasonality", responses=row_answers(SeasonalityView))
async def read_seasonality(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    dates: DatesOf,
    form: FormOf,
    position: Annotated[int, Query(ge=1, le=MAX_POSITIONS, description="1 is the front.")] = 1,
    by: Annotated[Season, Query(description="A month, or a day of the year.")] = Season.MONTH,
    deviation: Annotated[
        Deviation, Query(description="A difference to the mean of the year, or a ratio.")
    ] = Deviation.DIFFERENCE,
    coverage: Annotated[float, Query(gt=0.0, lt=1.0)] = 0.95,
) -> Response:
    """Return the seasonal profile of a position over whole calendar years, at most 20.

    Prices are those of the contract at the position, not adjusted at rolls; a day is the mean of
    the week around it. Years that lack a season are left out.
    """
    registry.product(code)
    loaded = await read_contracts(services, caller, code, dates, position, _WHOLE)
    return await asyncio.to_thread(_answer, loaded, position, by, deviation, coverage, form)


def _answer(
    loaded: LoadedContracts,
    position: int,
    by: Season,
    deviation: Deviation,
    coverage: float,
    form: Form,
) -> Response:
    history = loaded.by_position(position)
    profile = seasonal_profile(
        history.dates,
        history.settlements[:, position - 1],
        season=by,
        deviation=deviation,
        half_window_days=_HALF_WINDOW_DAYS if by is Season.DAY else 0,
        coverage=coverage,
    )
    product = registry.product(history.product)
    in_units = deviation is Deviation.DIFFERENCE
    view = SeasonalityView(
        product=product.code,
        source=loaded.source,
        position=position,
        by=by,
        deviation=deviation,
        coverage=coverage,
        currency=product.currency if in_units else None,
        price_unit=product.price_unit if in_units else None,
        unit=str(price_unit_of(product.code)) if in_units else None,
        years=list(profile.years),
        first=history.dates[0],
        last=history.dates[-1],
        seasons=_seasons(profile),
        ignored=ignored_views(loaded),
        ignored_rows=loaded.ignored_rows,
        recorded_until=loaded.recorded_until,
    )
    rows = pa.Table.from_pylist(
        [season.model_dump() for season in view.seasons],
        schema=pa.schema([(name, pa.string()) for name in SeasonView.model_fields]),
    )
    return in_form(view, rows, form)


def _seasons(profile: SeasonalProfile) -> list[SeasonView]:
    count = len(profile.mean)
    if profile.season is Season.MONTH:
        names = [f"{month:02d}" for month in range(1, count + 1)]
    else:
        names = [f"{_LEAP_YEAR + timedelta(days=day):%m-%d}" for day in range(count)]
    columns = np.stack([profile.mean, profile.standard_error, profile.low, profile.high], axis=1)
    return [
        SeasonView(season=name, mean=mean, standard_error=error, low=low, high=high)
        for name, (mean, error, low, high) in zip(
            names, ([price_text(one) for one in row] for row in columns.tolist()), strict=True
        )
    ]
