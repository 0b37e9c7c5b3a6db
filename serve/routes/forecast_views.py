"""Own how forecasts and volatilities are told over HTTP: views, and their rows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
from pydantic import BaseModel

from core import products as registry
from core.forecasts import (
    LEVELS,
    ContractForecast,
    ContractVolatility,
    Forecast,
    ModelNote,
)
from core.market import ContractMonth, Instrument
from quant.calendars import add_business_days, calendar_of
from quant.units import price_unit_of
from serve.settled import price_text, price_text_or_none

QUANTILE_NAMES = tuple(f"q{str(level)[2:].ljust(2, '0')}" for level in LEVELS)
"""Name the columns of quantiles in a table: q01 is that of 1 %, q025 of 2.5 %."""


class NoteView(BaseModel):
    """Tell one fallback or limit of an answer; `code` is stable."""

    code: str
    detail: str


class HorizonView(BaseModel):
    """Hold what is expected of a settlement `horizon` business days ahead, on the day `date`.

    `quantiles` stand in the order of the answer's `levels`; `volatility` is the standard deviation
    of the change until then, in price units. `is_after_expiry`: the contract trades no more then.
    """

    horizon: int
    date: date
    quantiles: list[str]
    volatility: str
    is_after_expiry: bool


class ContractForecastView(BaseModel):
    """Hold the forecasts of one contract, that start from its `settlement` of `settled_on`.

    `fitted` is the curve model's own price of that day, null without a curve model.
    """

    position: int
    contract: str
    symbol: str
    last_trade_date: date
    settlement: str
    settled_on: date
    fitted: str | None
    forecasts: list[HorizonView]


class PublishedView(BaseModel):
    """Tell which publication of a model an answer is; prices are in `unit`, such as USD/bbl.

    `version` rises with each publication of a product. `is_final`: every settlement of `as_of`
    was final. `fit_id` is the estimate, which the model card describes.
    """

    product: str
    source: str
    as_of: date
    version: int
    fit_id: UUID
    is_final: bool
    issued_at: datetime
    currency: str
    price_unit: str
    unit: str
    notes: list[NoteView]


class ForecastView(PublishedView):
    """Hold the distributions of settlements to come, contract by contract, horizon by horizon."""

    levels: list[float]
    horizons: list[int]
    contracts: list[ContractForecastView]


class VolatilityPartView(BaseModel):
    """Hold what one model expects of the next day, in price units, and how much it weighs."""

    name: str
    weight: float
    volatility: str


class ContractVolatilityView(BaseModel):
    """Hold how much a contract moves: `daily` in price units, `annual` as a fraction of its price.

    `annual` is null where the price is not positive; `samuelson` is what the term structure of
    volatility gives for `years_to_expiry`, annual too.
    """

    position: int
    contract: str
    symbol: str
    years_to_expiry: float
    daily: str
    annual: float | None
    samuelson: float | None
    parts: list[VolatilityPartView]


class VolatilityView(PublishedView):
    """Hold the volatility of each contract on the curve, front month first."""

    contracts: list[ContractVolatilityView]


def forecast_view(
    forecast: Forecast, horizon: int | None, contract: ContractMonth | None
) -> ForecastView:
    """Return a forecast, of one horizon or contract where these are named; empty if it has none."""
    columns = [
        (column, days) for column, days in enumerate(forecast.horizons) if horizon in (None, days)
    ]
    calendar = calendar_of(forecast.product)
    ahead = {days: add_business_days(forecast.as_of, days, calendar) for _, days in columns}
    return ForecastView(
        **published(forecast),
        levels=list(LEVELS),
        horizons=[days for _, days in columns],
        contracts=[
            _contract(forecast.product, one, columns, ahead)
            for one in forecast.contracts
            if contract in (None, one.contract_month)
        ],
    )


def forecast_rows(view: ForecastView) -> pa.Table:
    """Return a forecast as a table, a row for each contract and horizon; prices are text."""
    fields: list[tuple[str, pa.DataType]] = [
        ("contract", pa.string()),
        ("symbol", pa.string()),
        ("position", pa.int64()),
        ("last_trade_date", pa.date32()),
        ("settlement", pa.string()),
        ("settled_on", pa.date32()),
        ("fitted", pa.string()),
        ("horizon", pa.int64()),
        ("date", pa.date32()),
        ("is_after_expiry", pa.bool_()),
        ("volatility", pa.string()),
    ]
    fields += [(name, pa.string()) for name in QUANTILE_NAMES]
    rows = [
        {
            **one.model_dump(exclude={"forecasts"}),
            **ahead.model_dump(exclude={"quantiles"}),
            **dict(zip(QUANTILE_NAMES, ahead.quantiles, strict=True)),
        }
        for one in view.contracts
        for ahead in one.forecasts
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def volatility_view(forecast: Forecast, contract: ContractMonth | None) -> VolatilityView:
    """Return the volatilities of a publication, of one contract where it is named."""
    return VolatilityView(
        **published(forecast),
        contracts=[
            _volatility(forecast.product, one)
            for one in forecast.volatility
            if contract in (None, one.contract_month)
        ],
    )


def volatility_rows(view: VolatilityView) -> pa.Table:
    """Return volatilities as a table, a row for each contract, without their parts."""
    schema = pa.schema(
        [
            ("contract", pa.string()),
            ("symbol", pa.string()),
            ("position", pa.int64()),
            ("years_to_expiry", pa.float64()),
            ("daily", pa.string()),
            ("annual", pa.float64()),
            ("samuelson", pa.float64()),
        ]
    )
    rows = [one.model_dump(exclude={"parts"}) for one in view.contracts]
    return pa.Table.from_pylist(rows, schema=schema)


def published(forecast: Forecast) -> dict[str, Any]:
    """Return the fields of `PublishedView`."""
    product = registry.product(forecast.product)
    return {
        "product": forecast.product,
        "source": forecast.source,
        "as_of": forecast.as_of,
        "version": forecast.version,
        "fit_id": forecast.fit_id,
        "is_final": forecast.is_final,
        "issued_at": forecast.issued_at,
        "currency": product.currency,
        "price_unit": product.price_unit,
        "unit": str(price_unit_of(product.code)),
        "notes": note_views(forecast.notes),
    }


def _contract(
    product: str,
    one: ContractForecast,
    columns: Sequence[tuple[int, int]],
    ahead: Mapping[int, date],
) -> ContractForecastView:
    return ContractForecastView(
        position=one.position,
        contract=str(one.contract_month),
        symbol=Instrument(product, one.contract_month).symbol,
        last_trade_date=one.last_trade_date,
        settlement=price_text(one.settlement),
        settled_on=one.settled_on,
        fitted=price_text_or_none(one.fitted),
        forecasts=[
            HorizonView(
                horizon=days,
                date=ahead[days],
                quantiles=[price_text(price) for price in one.quantiles[column]],
                volatility=price_text(one.volatilities[column]),
                is_after_expiry=ahead[days] > one.last_trade_date,
            )
            for column, days in columns
        ],
    )


def _volatility(product: str, one: ContractVolatility) -> ContractVolatilityView:
    return ContractVolatilityView(
        position=one.position,
        contract=str(one.contract_month),
        symbol=Instrument(product, one.contract_month).symbol,
        years_to_expiry=one.years_to_expiry,
        daily=price_text(one.daily),
        annual=one.annual,
        samuelson=one.samuelson,
        parts=[
            VolatilityPartView(
                name=part.name, weight=part.weight, volatility=price_text(part.volatility)
            )
            for part in one.parts
        ],
    )


def note_views(notes: Sequence[ModelNote]) -> list[NoteView]:
    """Return the fallbacks and limits of an answer."""
    return [NoteView(code=note.code, detail=note.detail) for note in notes]
