"""Own what a ModelActor reads and writes: the past, what was announced, estimates, forecasts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from core.clock import Clock, utc_from_ns
from core.errors import CurveNotFound, HistoryTooShort, SourceUnavailable
from core.forecasts import Forecast, ModelCard
from core.logs import get_logger
from core.runs import DEFAULT_ORG
from quant.product_model.following import FEWEST_DAYS, Following
from quant.product_model.history import joined
from quant.product_model.settled import SettledDay
from quant.product_model.state import POSITIONS
from quant.product_model.vintage import FitRequest, Vintage
from storage import models
from storage.cache import Cache
from storage.contract_histories import (
    DateRange,
    LoadedContracts,
    load_contracts,
    settled_range,
)
from storage.models import Publication, StoredFit
from storage.pool import Pools, ReadConn

log = get_logger(__name__)

HISTORY_DAYS = 8 * 365
"""Be how far back a model looks: beyond four years of business days nothing of it remembers."""

_BEYOND = 2  # contracts that a change across a roll may need
_KEEP_CHECKPOINTS_DAYS = 30
_KEEP_REPLACED_DAYS = 90
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """Hold a model as it was when it last published, and what it published then.

    `following` is None where other code wrote what is stored, in a form that is not read any more.
    """

    following: Following | None
    version: int
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStore:
    """Read and write the stored model of one product from one source.

    `history_source` is where the past before the source's first day is read from, None where
    there is no such past.
    """

    pools: Pools
    cache: Cache
    clock: Clock
    product: str
    source: str
    history_source: str | None
    code_version: str

    async def close(self) -> None:
        """Close the connections."""
        await self.cache.close()
        await self.pools.close()

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.now_ns())

    async def recall(self) -> Recalled | None:
        """Return the model as it last published, None if it never did."""
        async with self.pools.system() as connection:
            found = await models.remembered(connection, self.source, self.product)
        if found is None:
            return None
        return Recalled(
            following=found.following(), version=found.version, issued_at=found.issued_at
        )

    async def announced_after(self, day: date) -> list[SettledDay]:
        """Return what the source announced of the trade dates after a day, ascending."""
        async with self.pools.system() as connection:
            return await models.announced_since(
                connection, self.source, self.product, day + _ONE_DAY
            )

    async def fit_request(self, fit_id: UUID) -> FitRequest:
        """Return the history that an estimate is made of, and what a card tells of it.

        Raises:
            HistoryTooShort: it has fewer than `FEWEST_DAYS` days.
        """
        async with self.pools.system() as connection:
            present = await self._load(connection, self.source, None)
            past = None
            if self.history_source is not None:
                before = present.history.dates[0] - _ONE_DAY
                past = await self._past(connection, self.history_source, before)
        loaded = [one for one in (past, present) if one is not None]
        history = joined(None if past is None else past.history, present.history)
        if len(history.dates) < FEWEST_DAYS:
            subject = f"model of {self.product}"
            raise HistoryTooShort(subject=subject, needed=FEWEST_DAYS, found=len(history.dates))
        return FitRequest(
            fit_id=fit_id,
            history=history,
            vintage=Vintage(
                source=self.source,
                sources=tuple(one.source for one in loaded),
                first_day=history.dates[0],
                recorded_until=max(one.recorded_until for one in loaded),
                fitted_at=self.now,
                code_version=self.code_version,
            ),
        )

    async def _past(self, connection: ReadConn, source: str, last: date) -> LoadedContracts | None:
        try:
            return await self._load(connection, source, last)
        except HistoryTooShort as error:
            log.warning("model.past.missing", product=self.product, reason=error.detail)
            return None

    async def _load(self, connection: ReadConn, source: str, last: date | None) -> LoadedContracts:
        default = timedelta(days=HISTORY_DAYS)
        try:
            span: DateRange = await settled_range(
                connection,
                DEFAULT_ORG,
                source,
                self.product,
                first=None,
                last=last,
                default=default,
            )
        except CurveNotFound as error:
            subject = f"model of {self.product} from {source}"
            raise HistoryTooShort(subject=subject, needed=FEWEST_DAYS, found=0) from error
        return await load_contracts(
            connection, DEFAULT_ORG, source, self.product, span, POSITIONS + _BEYOND
        )

    async def publish(
        self, following: Following, forecast: Forecast, *, fit: StoredFit | None, has_new_day: bool
    ) -> None:
        """Commit a forecast with all that it can be made from again, then announce it.

        An announcement that fails is told and given up: the forecast is stored.
        """
        today = following.today
        publication = Publication(
            forecast=forecast,
            settlements=SettledDay(trade_date=following.as_of, settlements={}).to_json()
            if today is None
            else today.to_json(),
            checkpoint=following.checkpoint() if has_new_day else None,
        )
        async with self.pools.system() as connection:
            if fit is not None:
                await models.store_fit(connection, fit)
            await models.publish(connection, publication)
            if has_new_day:
                await models.forget(
                    connection,
                    self.source,
                    self.product,
                    following.as_of,
                    checkpoints=_KEEP_CHECKPOINTS_DAYS,
                    forecasts=_KEEP_REPLACED_DAYS,
                )
        await self.announce(forecast)

    async def announce(self, forecast: Forecast) -> None:
        """Tell those who wait of a forecast that is stored."""
        try:
            await self.cache.announce_forecast(self.product, models.forecast_payload(forecast))
        except SourceUnavailable as error:
            log.warning("model.unannounced", product=self.product, reason=error.detail)

    async def card(self) -> ModelCard | None:
        """Return the card of the newest estimate, None if there is none."""
        async with self.pools.system() as connection:
            return await models.latest_card(connection, self.product, self.source)
