"""Own the stored models: estimates and their cards, checkpoints, and published forecasts.

Rows belong to MARKET_ORG, whose settlements they were made from. None is ever changed, and
`forget` removes old ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from core.errors import HeliostatError
from core.forecasts import Forecast, ModelCard, SkillScore
from core.logs import get_logger
from core.market import ContractMonth, SettlementStage
from core.runs import MARKET_ORG
from quant.product_model.settled import Observed, SettledDay
from storage import sql

if TYPE_CHECKING:
    from quant.product_model.following import Following
    from storage.pool import ReadConn, WriteConn

log = get_logger(__name__)

_SQL = sql.load("models")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFit:
    """Hold an estimate: its parameters as JSON-ready values, and its card."""

    parameters: Mapping[str, Any]
    card: ModelCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Hold a forecast with the settlements of its day that it has seen, as JSON-ready values.

    `checkpoint` is the model before them, None where one of this day and fit is stored.
    """

    forecast: Forecast
    settlements: Any
    checkpoint: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Hold what the last publication was made from, as JSON-ready values, and its version."""

    parameters: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    settlements: Mapping[str, Any]
    version: int
    issued_at: datetime

    def following(self) -> "Following | None":
        """Return the model, None where other code wrote it in a form that is not read any more."""
        from quant.product_model.following import Following  # late: few readers need mathematics
        from quant.product_model.state import ProductFit

        try:
            fit = ProductFit.from_json(self.parameters)
            today = SettledDay.from_json(self.settlements)
            return Following.restored(fit, self.checkpoint, today)
        except (LookupError, TypeError, ValueError, HeliostatError) as error:
            log.warning("model.unreadable", version=self.version, reason=repr(error))
            return None


async def store_fit(conn: "WriteConn", fit: StoredFit) -> None:
    """Store an estimate. Needs the system role.

    Of its card what is no number is left out: JSON has none, and nobody could read the card.
    """
    card = replace(
        fit.card,
        scores=tuple(one for one in fit.card.scores if _is_finite(one)),
        standard_errors={
            name: error for name, error in fit.card.standard_errors.items() if isfinite(error)
        },
    )
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
            forecast.as_of,
            forecast.version,
            forecast.fit_id,
            _text(checkpoint),
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
    """Return what the last forecast of a product was made from, None if there is none."""
    row = await conn.fetchrow(_SQL["remembered"], MARKET_ORG, source, product)
    if row is None:
        return None
    return Remembered(
        parameters=msgspec.json.decode(row["parameters"]),
        checkpoint=msgspec.json.decode(row["state"]),
        settlements=msgspec.json.decode(row["settlements"]),
        version=row["version"],
        issued_at=row["recorded_at"],
    )


async def announced_since(
    conn: "ReadConn", source: str, product: str, first: date
) -> list[SettledDay]:
    """Return the latest revisions, by contract month, of each trade date from `first` on."""
    rows = await conn.fetch(_SQL["announced_since"], MARKET_ORG, source, product, first)
    days: dict[date, dict[ContractMonth, Observed]] = {}
    for row in rows:
        number = row["contract_month"]
        days.setdefault(row["trade_date"], {})[ContractMonth(number // 100, number % 100)] = (
            Observed(
                price=float(row["price"]),
                stage=SettlementStage(row["stage"]),
                announced_ns=row["announced_ns"],
            )
        )
    return [SettledDay(trade_date=day, settlements=found) for day, found in days.items()]


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


def _is_finite(score: SkillScore) -> bool:
    return all(isfinite(one) for one in (score.ours, score.baseline, score.low, score.high))


def _text(values: Any) -> str:
    return msgspec.json.encode(values).decode()


def _builtin(value: Forecast | ModelCard) -> Any:
    return msgspec.to_builtins(value)
