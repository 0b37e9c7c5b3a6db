"""Check what a model publishes and knows again, with the database and the cache it speaks to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.messages import MarketBatch
from actors.models.actor import ModelActor
from actors.models.config import ModelConfig
from actors.runs.metrics import Unmetered
from core.clock import SystemClock
from core.errors import ModelNotReady, SourceUnavailable
from core.forecasts import Forecast, ModelStatus
from core.market import Settlement, SettlementStage
from core.runs import DEFAULT_ORG
from jobs.pieces import Broken, Finished, Outcome, Piece
from quant.calendars import add_business_days, calendar_of
from quant.contract_history import ContractHistory
from quant.product_model.fitting import fit_product
from quant.product_model.vintage import FitRequest
from storage import models, settlements
from storage.arrow import string_array
from storage.pool import DatabaseUrls, Pools
from storage.settlement_table import sorted_table
from tests.on_postgres.conftest import execute
from tests.settled_products import LAST_DAY, announced, estimated, settled_history

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
NEXT_DAY = add_business_days(LAST_DAY, 1, calendar_of("CL"))
WITHIN_S = 60.0


class InProcess:
    """Carry estimates out here; those of the usual history are made once for all tests."""

    def __init__(self) -> None:
        self.made = 0
        self.failure: dict[str, Any] | None = None

    async def run(self, shared: FitRequest, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        from quant.product_model.cards import model_card

        assert [piece.task for piece in pieces] == ["model_fit"]
        self.made += 1
        if self.failure is not None:
            yield Broken(stage="fit", index=0, error=self.failure, attempts=1)
            return
        usual = settled_history()
        is_usual = shared.history.dates == usual.dates
        found = estimated() if is_usual else fit_product(shared.history, shared.fit_id)
        result = {
            "fit": {**found.fit.to_json(), "fit_id": str(shared.fit_id)},
            "days": [day.to_json() for day in found.days],
            "card": {
                **msgspec.to_builtins(model_card(found, shared.vintage)),
                "fit_id": str(shared.fit_id),
            },
        }
        yield Finished(
            stage="fit",
            index=0,
            result=msgspec.json.decode(msgspec.json.encode(result)),
            elapsed_s=1.0,
        )


class Next:
    """Count how often the next model was started."""

    def __init__(self) -> None:
        self.started = 0

    def start(self) -> None:
        self.started += 1


@asynccontextmanager
async def model(
    urls: DatabaseUrls,
    cache_url: str,
    fanout: InProcess | None = None,
    next_model: Next | None = None,
    **changes: Any,
) -> AsyncIterator[ModelActor]:
    config = ModelConfig(
        product="CL",
        source="sandbox",
        database=urls,
        cache_url=cache_url,
        code_version="test",
        look_every_s=0.2,
        retry_s=0.05,
        **changes,
    )
    actor = ModelActor.__new__(ModelActor)
    await actor.__init__(  # type: ignore[misc]
        config, fanout or InProcess(), next_model or Next(), SystemClock(), Unmetered()
    )
    try:
        yield actor
    finally:
        await actor.close()


async def until(check: Callable[[ModelStatus], bool], actor: ModelActor) -> ModelStatus:
    async with asyncio.timeout(WITHIN_S):
        while not check(status := await actor.status()):  # noqa: ASYNC110 - it sets no event of ours
            await asyncio.sleep(0.02)
    return status


async def speaking(actor: ModelActor) -> Forecast:
    await until(lambda status: status.waiting is None, actor)
    return await actor.forecast()


async def store(
    pools: Pools, history: ContractHistory, first: int = 0, source: str = "sandbox"
) -> None:
    """Store the rows of a history from `first` on, as seeded or imported."""
    prices = history.settlements[first:]
    rows, columns = np.nonzero(~np.isnan(prices))
    days = np.array(history.dates[first:], dtype="datetime64[D]").astype(np.int64)
    months = np.array([int(str(month)) for month in history.contract_months])
    table, _ = sorted_table(
        file="a test",
        products=(history.product,),
        product_index=np.zeros(rows.size, dtype=np.int64),
        epoch_days=days[rows],
        contract_months=months[columns],
        positions=np.zeros(rows.size, dtype=np.int64),
        prices=string_array([f"{price:.2f}" for price in prices[rows, columns].tolist()]),
    )
    async with pools.system() as connection:
        if source.startswith("import:"):
            await settlements.import_table(connection, DEFAULT_ORG, source, table, False, NOW)
        else:
            await settlements.seed_history(connection, source, table, NOW)


def settled(price: str = "61.25", **changes: Any) -> tuple[Settlement, ...]:
    months = estimated().fit.months(NEXT_DAY)
    return announced(NEXT_DAY, [(months[0], price), (months[1], "61.50")], **changes)


def batch(*events: Settlement) -> MarketBatch:
    return MarketBatch.of("cme", "sandbox", events)


async def stored_forecast(pools: Pools) -> Forecast | None:
    async with pools.read(DEFAULT_ORG) as connection:
        return await models.latest_forecast(connection, "CL")


async def test_a_settlement_becomes_a_stored_forecast_which_is_then_announced(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        first = await speaking(actor)
        assert (first.as_of, first.version, first.source) == (LAST_DAY, 1, "sandbox")
        assert await stored_forecast(pools) == first
        async with cache.forecast_notifications("CL") as calls:
            await actor.apply(batch(*settled()))
            assert await calls.wait(WITHIN_S)
        second = await actor.forecast()
        assert (second.as_of, second.version) == (NEXT_DAY, 2)
        assert second.contracts[0].settlement == 61.25
        assert not second.is_final
        assert await stored_forecast(pools) == second
        assert msgspec.json.decode(await cache.forecast("CL"), type=Forecast) == second
        card = await actor.card()
        assert card.history_sources == ("sandbox",)
        assert card.fit_id == second.fit_id
        async with pools.read(DEFAULT_ORG) as connection:
            assert await models.latest_card(connection, "CL") == card
            assert await models.forecast_as_of(connection, "CL", LAST_DAY) == first
            assert await models.latest_forecast(connection, "NG") is None
            assert await models.latest_card(connection, "NG") is None


async def test_what_is_known_is_not_published_again(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        await speaking(actor)
        await asyncio.gather(*(actor.apply(batch(*settled())) for _ in range(5)))
        assert (await actor.forecast()).version == 2
        await actor.apply(MarketBatch.of("cme", "cme", settled("99.00")))
        assert (await actor.forecast()).version == 2


async def test_who_gives_up_waiting_ends_nothing(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        await speaking(actor)
        waiting = asyncio.create_task(actor.apply(batch(*settled())))
        await asyncio.sleep(0)
        waiting.cancel()
        await actor.apply(batch(*settled("61.75", later_s=60)))
        assert (await actor.forecast()).contracts[0].settlement == 61.75


async def test_days_missing_before_an_estimate_do_not_make_it_due_again(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    history = settled_history()
    kept = [*range(len(history.dates) - 60), *range(len(history.dates) - 3, len(history.dates))]
    gap = ContractHistory(
        product=history.product,
        dates=tuple(history.dates[row] for row in kept),
        contract_months=history.contract_months,
        settlements=history.settlements[kept],
    )
    await store(pools, gap)
    fanout = InProcess()
    async with model(database.urls, valkey_server, fanout) as actor:
        await speaking(actor)
        await asyncio.sleep(1.0)  # it looks every 0.2 s
        assert fanout.made == 1


async def test_a_restart_gives_the_same_forecast_and_goes_on_from_it(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    await store(pools, settled_history())
    fanout = InProcess()
    async with model(database.urls, valkey_server, fanout) as actor:
        await speaking(actor)
        await actor.apply(batch(*settled(stage=SettlementStage.PRELIMINARY)))
        await actor.apply(batch(*settled("61.40", later_s=60)))
        before = await actor.forecast()
    await cache.announce_forecast("CL", b"")
    async with model(database.urls, valkey_server, fanout) as actor:
        assert await speaking(actor) == before
        async with asyncio.timeout(WITHIN_S):
            while not (told := await cache.forecast("CL")):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        assert msgspec.json.decode(told, type=Forecast) == before
        await actor.apply(batch(*settled("61.45", later_s=120)))
        after = await actor.forecast()
        assert (after.version, after.contracts[0].settlement) == (before.version + 1, 61.45)
    assert fanout.made == 1


async def test_a_restart_reads_what_was_stored_meanwhile(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        await speaking(actor)
    async with pools.system() as connection:
        await settlements.store_announced(connection, settled("62.00"))
    async with model(database.urls, valkey_server) as actor:
        await until(lambda status: status.version == 2, actor)
        found = await actor.forecast()
        assert (found.as_of, found.contracts[0].settlement) == (NEXT_DAY, 62.0)
        async with pools.system() as connection:
            await settlements.store_announced(connection, settled("62.10", later_s=60))
        await until(lambda status: status.version == 3, actor)


async def test_what_other_code_stored_and_this_cannot_read_is_estimated_again(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        before = await speaking(actor)
    await execute(database.superuser_url, "UPDATE model_checkpoints SET state = '{\"days\": []}'")
    async with model(database.urls, valkey_server) as actor:
        after = await speaking(actor)
    assert after.version == before.version + 1
    assert after.contracts == before.contracts


async def test_without_the_database_nothing_changes_and_the_caller_is_told(
    database: Any, cache: Any, valkey_server: str, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cache
    await store(pools, settled_history())
    async with model(database.urls, valkey_server) as actor:
        before = await speaking(actor)

        async def refuse(*_: Any) -> None:
            raise SourceUnavailable(source="database", reason="away")

        with monkeypatch.context() as patched:
            patched.setattr(models, "publish", refuse)
            with pytest.raises(SourceUnavailable, match="away"):
                await actor.apply(batch(*settled()))
            assert await actor.forecast() == before
        await actor.apply(batch(*settled()))
        assert (await actor.forecast()).version == before.version + 1


async def test_without_the_cache_forecasts_are_stored(database: Any, pools: Pools) -> None:
    await store(pools, settled_history())
    async with model(database.urls, "unix:///nonexistent/valkey.sock") as actor:
        await speaking(actor)
        await actor.apply(batch(*settled()))
        assert await stored_forecast(pools) == await actor.forecast()


async def test_a_short_history_waits_and_says_for_what(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    history = settled_history(days=130)
    async with model(database.urls, valkey_server) as actor:
        status = await until(lambda status: status.fit_error is not None, actor)
        assert status.waiting is not None
        assert "111" in status.waiting
        with pytest.raises(ModelNotReady, match="111"):
            await actor.forecast()
        with pytest.raises(ModelNotReady):
            await actor.card()
        await actor.apply(batch(*settled()))
        await store(pools, history)
        forecast = await speaking(actor)
        codes = {note.code for note in forecast.notes}
        assert {"no-curve-model", "usual-parameters"} <= codes
        assert forecast.contracts[0].fitted is None
        assert (await actor.status()).fit_error is None


async def test_the_past_is_read_from_the_source_that_was_named(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    history = settled_history()
    await store(pools, history, source="import:desk")
    await store(pools, history, first=285)
    async with model(database.urls, valkey_server, history_source="import:desk") as actor:
        forecast = await speaking(actor)
        card = await actor.card()
        assert card.history_sources == ("import:desk", "sandbox")
        assert card.first_day == history.dates[0]
        assert (forecast.as_of, forecast.source) == (LAST_DAY, "sandbox")


async def test_an_estimate_that_fails_is_told_and_the_next_model_starts(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    del cache
    await store(pools, settled_history())
    fanout, next_model = InProcess(), Next()
    fanout.failure = {"code": "model-not-applicable", "detail": "The prices never moved."}
    async with model(database.urls, valkey_server, fanout, next_model) as actor:
        status = await until(lambda status: status.fit_error is not None, actor)
        assert status.waiting == "The prices never moved."
        async with asyncio.timeout(WITHIN_S):
            while not next_model.started:  # noqa: ASYNC110 - it sets no event of ours
                await asyncio.sleep(0.02)
        assert fanout.made == 1
