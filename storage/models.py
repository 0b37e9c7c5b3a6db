"""Own the stored models: estimates and their cards, checkpoints, and published forecasts.

Rows belong to MARKET_ORG, whose settlements they were made from. What is written is only added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from core.forecasts import Forecast, ModelCard
from core.runs import MARKET_ORG
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("models")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFit:
    """Hold an estimate: its parameters as JSON-ready values, and its card."""

    parameters: Mapping[str, Any]
    card: ModelCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Hold a model before the settlements of a trade date, as JSON-ready values."""

    trade_date: date
    fit_id: UUID
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Hold a forecast with the settlements of its day that it has seen, as JSON-ready values.

    `checkpoint` is the model before that day, None where one of this day and fit is stored.
    """

    forecast: Forecast
    settlements: Any
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Hold what a model goes on from: its estimate, the state before a day, and that day."""

    fit_id: UUID
    parameters: Mapping[str, Any]
    checkpoint: Checkpoint | None
    trade_date: date | None
    settlements: Any
    version: int


async def store_fit(conn: "WriteConn", fit: StoredFit) -> None:
    """Store an estimate. Needs the system role."""
    card = fit.card
    await conn.execute(
        _SQL["insert_fit"],
        MARKET_ORG,
        card.source,
        card.product,
        card.fit_id,
        card.fitted_at,
        _text(fit.parameters),
        _builtin(card),
    )


async def publish(conn: "WriteConn", publication: Publication) -> None:
    """Store a forecast and, before it, the checkpoint that it goes on from. Needs the system role.

    Whoever calls commits before anybody is told of the forecast.
    """
    forecast, checkpoint = publication.forecast, publication.checkpoint
    key = (MARKET_ORG, forecast.source, forecast.product)
    if checkpoint is not None:
        await conn.execute(
            _SQL["insert_checkpoint"],
            *key,
            checkpoint.trade_date,
            forecast.version,
            checkpoint.fit_id,
            _text(checkpoint.state),
            forecast.issued_at,
        )
    await conn.execute(
        _SQL["insert_forecast"],
        *key,
        forecast.as_of,
        forecast.version,
        forecast.fit_id,
        _text(publication.settlements),
        _builtin(forecast),
        forecast.issued_at,
    )


async def remembered(conn: "ReadConn", source: str, product: str) -> Remembered | None:
    """Return what the model of a product goes on from, None where nothing was estimated yet.

    The checkpoint is that of the newest estimate, None where none was published with it.
    """
    key = (MARKET_ORG, source, product)
    fit = await conn.fetchrow(_SQL["latest_fit"], *key)
    if fit is None:
        return None
    version = await conn.fetchval(_SQL["latest_version"], *key)
    row = await conn.fetchrow(_SQL["latest_observed"], *key, fit["fit_id"])
    checkpoint = None
    if row is not None:
        checkpoint = Checkpoint(
            trade_date=row["trade_date"],
            fit_id=fit["fit_id"],
            state=msgspec.json.decode(row["state"]),
        )
    return Remembered(
        fit_id=fit["fit_id"],
        parameters=msgspec.json.decode(fit["parameters"]),
        checkpoint=checkpoint,
        trade_date=None if row is None else row["trade_date"],
        settlements=None if row is None else msgspec.json.decode(row["settlements"]),
        version=version or 0,
    )


async def latest_forecast(
    conn: "ReadConn", product: str, source: str | None = None
) -> Forecast | None:
    """Return the newest forecast of a product, None if none was published.

    Without a source it is that of the last publication.
    """
    return await forecast_as_of(conn, product, None, source)


async def forecast_as_of(
    conn: "ReadConn", product: str, day: date | None, source: str | None = None
) -> Forecast | None:
    """Return the last forecast made of settlements of `day` or before, None if there is none.

    Without a source it is that of the last publication.
    """
    if source is None:
        source = await conn.fetchval(_SQL["newest_source"], MARKET_ORG, product)
    found = await conn.fetchval(_SQL["forecast_as_of"], MARKET_ORG, source, product, day)
    return None if found is None else msgspec.convert(found, Forecast)


async def latest_card(
    conn: "ReadConn", product: str, source: str | None = None
) -> ModelCard | None:
    """Return the card of a product's newest estimate, None if there is none.

    Without a source it is the newest of any.
    """
    found = await conn.fetchval(_SQL["latest_card"], MARKET_ORG, product, source)
    return None if found is None else msgspec.convert(found, ModelCard)


async def forget(
    conn: "WriteConn", source: str, product: str, today: date, *, checkpoints: int, forecasts: int
) -> None:
    """Remove what is older than so many days: checkpoints, and forecasts that were replaced.

    The last forecast of each day stays. Needs the system role.
    """
    key = (MARKET_ORG, source, product)
    await conn.execute(_SQL["forget_checkpoints"], *key, today - timedelta(days=checkpoints))
    await conn.execute(_SQL["forget_replaced"], *key, today - timedelta(days=forecasts))


def forecast_payload(forecast: Forecast) -> bytes:
    """Encode a forecast as the cache announces it."""
    return msgspec.json.encode(forecast)


def _text(values: Any) -> str:
    return msgspec.json.encode(values).decode()


def _builtin(value: Forecast | ModelCard) -> Any:
    return msgspec.to_builtins(value)
