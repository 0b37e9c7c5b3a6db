"""Own how one product's model is kept: what settles moves it, what it says is stored and told."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

import uuid_utils.compat as uuid_utils

from actors.loops import end_loops, start_loops
from actors.messages import MarketBatch
from actors.models.config import ModelConfig, NextModel
from actors.models.metrics import (
    FORECASTS,
    PUBLISH_SECONDS,
    REFIT_SECONDS,
    REFITS,
    UPDATE_SECONDS,
)
from actors.models.refits import Refit, RefitFailed, is_due, made_as_of, refit
from actors.models.store import ModelStore
from actors.runs.metrics import Meter
from core.errors import HeliostatError, HistoryTooShort, ModelNotReady, SourceUnavailable
from core.forecasts import Forecast, ModelCard, ModelStatus
from core.logs import get_logger
from core.market import Settlement
from jobs.pieces import Fanout
from quant.product_model.following import Following
from quant.product_model.forecasting import Issue, forecast_product
from quant.product_model.settled import SettledDay, settled_days
from storage.models import StoredFit

log = get_logger(__name__)

_STARTING = "it is starting"
_AFTER_FAILURE_S = 3_600.0


@dataclass(slots=True, eq=False)
class _Arrival:
    """Hold settlements that wait to be followed, and who waits for that."""

    days: tuple[SettledDay, ...]
    arrived_s: float
    is_published: "asyncio.Future[None]"


class ModelFollower:
    """Keep one product's model at its settlements, and its forecast published. See ModelActor."""

    def __init__(
        self,
        config: ModelConfig,
        store: ModelStore,
        fanout: Fanout,
        next_model: NextModel,
        meter: Meter,
    ) -> None:
        self._config = config
        self._fanout = fanout
        self._next = next_model
        self._meter = meter
        self._labels = {"product": config.product}
        self._store = store
        self._is_starting = True
        self._model: Following | None = None
        self._forecast: Forecast | None = None
        self._waiting: str | None = _STARTING
        self._fit_error: str | None = None
        self._is_fitting = False
        self._estimated_as_of = date.min
        self._arrivals: list[_Arrival] = []
        self._found: Refit | None = None
        self._version = 0
        self._wake = asyncio.Event()
        self._is_changed = asyncio.Event()
        self._loops = start_loops(self._run())

    async def close(self) -> None:
        """End the loop and the connections."""
        await end_loops(self._loops)
        await self._store.close()

    async def apply(self, batch: MarketBatch) -> None:
        """Follow settlements; return when the forecast that has seen them is stored.

        Without an estimate nothing is followed: the database has what settled.

        Raises:
            SourceUnavailable: the forecast could not be stored; nothing has changed.
        """
        if batch.source != self._config.source:
            return
        if self._is_starting:
            raise SourceUnavailable(source=f"model of {self._config.product}", reason=_STARTING)
        events = [event for event in batch.events() if isinstance(event, Settlement)]
        days = settled_days([e for e in events if e.instrument.product == self._config.product])
        if not days or self._model is None:
            return
        done = asyncio.get_running_loop().create_future()
        self._arrivals.append(_Arrival(days, time.perf_counter(), done))
        self._wake.set()
        await done

    def forecast(self) -> Forecast:
        """Return the last published forecast.

        Raises:
            ModelNotReady: there is none yet.
        """
        if self._forecast is None:
            raise ModelNotReady(product=self._config.product, reason=self._waiting or _STARTING)
        return self._forecast

    async def card(self) -> ModelCard:
        """Return the card of the estimate in use.

        Raises:
            ModelNotReady: there is none yet.
        """
        card = await self._store.card()
        if card is None:
            raise ModelNotReady(product=self._config.product, reason=self._waiting or _STARTING)
        return card

    def status(self) -> ModelStatus:
        """Tell how the model stands."""
        model, forecast = self._model, self._forecast
        return ModelStatus(
            product=self._config.product,
            source=self._config.source,
            as_of=None if model is None else model.as_of,
            version=0 if forecast is None else forecast.version,
            fit_id=None if model is None else model.fit.fit_id,
            observations=0 if model is None else model.state.density.observations,
            is_fitting=self._is_fitting,
            waiting=self._waiting,
            fit_error=self._fit_error,
        )

    async def _run(self) -> None:
        await self._recall()
        self._is_starting = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._keep_estimated())

    async def _recall(self) -> None:
        """Go on from the last publication, as soon as the database is there."""
        while True:
            try:
                recalled = await self._store.recall()
                break
            except SourceUnavailable as error:
                log.warning("model.unread", product=self._config.product, reason=error.detail)
                await asyncio.sleep(self._config.retry_s)
        if recalled is None:
            return
        self._version = recalled.version
        if recalled.following is None:
            return
        self._model = recalled.following
        self._forecast = self._said(recalled.following, recalled.version, recalled.issued_at)
        self._waiting = None
        _keep_out_of_collections()
        await self._store.announce(self._forecast)

    def _said(self, model: Following, version: int, issued_at: datetime) -> Forecast:
        issue = Issue(source=self._config.source, version=version, issued_at=issued_at)
        return forecast_product(model, issue)

    async def _follow(self) -> NoReturn:
        """Follow what arrives, and now and then what did not."""
        while True:
            await self._look()
            deadline_s = time.perf_counter() + self._config.look_every_s
            while (left_s := deadline_s - time.perf_counter()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._wake.wait()
                self._wake.clear()
                if self._found is not None:
                    await self._change_estimate(self._found)
                if self._arrivals:
                    await self._follow_arrivals()

    async def _look(self) -> None:
        """Follow what is stored and was not told here: the feed or this actor was away."""
        model = self._model
        if model is None:
            return
        try:
            stored = await self._store.announced_after(model.before.last_day)
            await self._move(model, stored)
        except SourceUnavailable as error:
            log.warning("model.behind", product=self._config.product, reason=error.detail)

    async def _follow_arrivals(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        assert self._model is not None  # noqa: S101 - without one nothing is taken in
        try:
            await self._move(self._model, [day for one in arrivals for day in one.days])
        except SourceUnavailable as error:
            for one in arrivals:
                if not one.is_published.done():
                    one.is_published.set_exception(error)
            return
        for one in arrivals:
            if not one.is_published.done():  # whoever waited may have given up
                one.is_published.set_result(None)
            self._meter.record(PUBLISH_SECONDS, time.perf_counter() - one.arrived_s, self._labels)

    async def _move(self, model: Following, days: Sequence[SettledDay]) -> None:
        """Follow days and publish where they change anything."""
        started_s = time.perf_counter()
        try:
            after = model.follow(days)
        except HeliostatError as error:  # one bad price must not end what follows the others
            log.error("model.unfollowed", product=self._config.product, reason=error.detail)
            return
        if after is not model:
            self._meter.record(UPDATE_SECONDS, time.perf_counter() - started_s, self._labels)
            await self._publish(after, None)

    async def _publish(self, model: Following, fit: StoredFit | None) -> None:
        version = self._version + 1
        forecast = self._said(model, version, self._store.now)
        has_new_day = self._model is None or not model.shares_checkpoint(self._model)
        await self._store.publish(model, forecast, fit=fit, has_new_day=has_new_day)
        self._model, self._forecast, self._version = model, forecast, version
        self._waiting = None
        self._meter.record(FORECASTS, 1, self._labels)

    async def _keep_estimated(self) -> NoReturn:
        """Have the model estimated when it is due; the next model starts after the first time."""
        next_s, is_next_started = 0.0, False
        while True:
            if time.monotonic() >= next_s and self._is_due():
                self._is_fitting = True
                patience_s = await self._estimate()
                self._is_fitting = False
                next_s = time.monotonic() + patience_s
            is_next_started = is_next_started or await self._start_next()
            await asyncio.sleep(self._config.look_every_s)

    async def _start_next(self) -> bool:
        try:
            await asyncio.to_thread(self._next.start)
        except Exception as error:  # this model is well, whatever ails the next one
            log.warning("model.next", product=self._config.product, reason=repr(error))
            return False
        return True

    def _is_due(self) -> bool:
        model = self._model
        if model is None:
            return True
        made = max(made_as_of(model.fit), self._estimated_as_of)
        return is_due(self._config.product, made, model.as_of, self._config.refit_days)

    async def _estimate(self) -> float:
        """Have the model estimated; return for how many seconds not to try again."""
        try:
            request = await self._store.fit_request(uuid_utils.uuid7())
            found = await refit(self._fanout, request)
        except HistoryTooShort as error:
            self._tell_failure(error.detail)
            return self._config.look_every_s
        except SourceUnavailable as error:
            self._tell_failure(error.detail)
            return self._config.retry_s
        if isinstance(found, RefitFailed):
            self._tell_failure(found.reason)
            return _AFTER_FAILURE_S
        self._meter.record(REFIT_SECONDS, found.elapsed_s, self._labels)
        self._meter.record(REFITS, 1, {**self._labels, "outcome": "found"})
        self._found = found
        self._wake.set()
        await self._is_changed.wait()
        self._is_changed.clear()
        return 0.0 if self._fit_error is None else _AFTER_FAILURE_S

    def _tell_failure(self, reason: str) -> None:
        log.warning("model.unfitted", product=self._config.product, reason=reason)
        self._meter.record(REFITS, 1, {**self._labels, "outcome": "failed"})
        self._fit_error = reason
        if self._model is None:
            self._waiting = reason

    async def _change_estimate(self, found: Refit) -> None:
        """Go on under an estimate that was found, with the days since it began; or stay."""
        try:
            if self._model is None:
                announced = await self._store.announced_after(found.fit.begin.last_day)
                model = Following.of(found.fit, (*found.days, *announced))
            else:
                model = self._model.under(found.fit, found.days)
            await self._publish(model, StoredFit(parameters=found.parameters, card=found.card))
        except HeliostatError as error:
            if isinstance(error, SourceUnavailable):
                log.warning("model.kept", product=self._config.product, reason=error.detail)
                await asyncio.sleep(self._config.retry_s)
                self._wake.set()
                return
            self._tell_failure(error.detail)
        else:
            self._fit_error = None
            self._estimated_as_of = max(day.trade_date for day in found.days)
            _keep_out_of_collections()
        self._found = None
        self._is_changed.set()


def _keep_out_of_collections() -> None:
    """Spare the collector what stays: looking through it takes longer than a forecast."""
    gc.collect()
    gc.freeze()
