"""Check what of a model is stored, who sees it, and what of it is forgotten."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import nan
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.forecasts import Forecast
from core.market import ContractMonth, SettlementStage
from core.runs import DEFAULT_ORG
from storage import models, settlements
from storage.models import Publication, StoredFit
from storage.pool import Pools
from tests.published_forecasts import a_card, a_forecast
from tests.settled_products import announced

pytestmark = pytest.mark.postgres

OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
DAY = date(2026, 11, 16)
MONTH = ContractMonth(2027, 1)
STATE = {"zero": -0.0, "tiny": 5e-324, "third": 1 / 3, "large": 1e300}


def forecast(day: date = DAY, version: int = 1, **changes: Any) -> Forecast:
    issued = datetime(2026, 11, 16, 21, tzinfo=UTC) + timedelta(seconds=version)
    values = {"source": "sandbox", "as_of": day, "version": version, "issued_at": issued}
    return replace(a_forecast(), **{**values, **changes})


async def publish(
    pools: Pools, *published: Forecast, checkpoint: dict[str, Any] | None = None
) -> None:
    async with pools.system() as connection:
        for one in published:
            settled = {"trade_date": one.as_of.isoformat(), "settlements": []}
            await models.publish(
                connection, Publication(forecast=one, settlements=settled, checkpoint=checkpoint)
            )


async def store_fit(pools: Pools) -> None:
    card = replace(a_card(), source="sandbox", product="CL", fit_id=forecast().fit_id)
    async with pools.system() as connection:
        await models.store_fit(connection, StoredFit(parameters=STATE, card=card))


async def test_what_was_published_last_is_known_to_the_last_bit(pools: Pools) -> None:
    await store_fit(pools)
    await publish(pools, forecast(version=1), checkpoint={"n": 1})
    await publish(pools, forecast(version=2), checkpoint=STATE)
    await publish(pools, forecast(version=3))
    async with pools.system() as connection:
        found = await models.remembered(connection, "sandbox", "CL")
        assert await models.remembered(connection, "cme", "CL") is None
        assert await models.remembered(connection, "sandbox", "NG") is None
    assert found is not None
    assert repr(dict(found.checkpoint)) == repr(dict(found.parameters)) == repr(STATE)
    assert (found.version, found.issued_at) == (3, forecast(version=3).issued_at)
    assert found.settlements["trade_date"] == DAY.isoformat()


async def test_everybody_reads_the_last_forecast_of_a_day_or_before(pools: Pools) -> None:
    later = DAY + timedelta(days=1)
    first, second, third = forecast(), forecast(version=2), forecast(later, 3)
    await publish(pools, first, second, third)
    async with pools.read(OTHER_ORG) as connection:
        assert await models.latest_forecast(connection, "CL") == third
        assert await models.forecast_as_of(connection, "CL", DAY) == second
        before = DAY - timedelta(days=1)
        assert await models.forecast_as_of(connection, "CL", before) is None
        assert await models.forecast_as_of(connection, "CL", DAY, "cme") is None


async def test_the_source_that_published_last_is_meant_where_none_is_named(pools: Pools) -> None:
    simulated = forecast(DAY + timedelta(days=9), 9)
    real = forecast(version=1, source="cme", issued_at=simulated.issued_at + timedelta(days=1))
    await publish(pools, simulated, real)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await models.latest_forecast(connection, "CL") == real
        assert await models.latest_forecast(connection, "CL", "sandbox") == simulated


async def test_a_card_is_that_of_the_newest_estimate(pools: Pools) -> None:
    await store_fit(pools)
    async with pools.read(OTHER_ORG) as connection:
        card = await models.latest_card(connection, "CL")
        assert await models.latest_card(connection, "CL", "cme") is None
    assert card == replace(a_card(), source="sandbox", product="CL", fit_id=forecast().fit_id)


async def test_a_card_without_some_numbers_is_read_without_them(pools: Pools) -> None:
    (score,) = a_card().scores
    scores = (score, replace(score, low=nan), replace(score, ours=nan, baseline=nan))
    errors = {"kappa": 0.03, "sigma_chi": nan}
    card = replace(a_card(), scores=scores, standard_errors=errors)
    async with pools.system() as connection:
        await models.store_fit(connection, StoredFit(parameters=STATE, card=card))
        found = await models.latest_card(connection, card.product)
    assert found == replace(card, scores=(score,), standard_errors={"kappa": 0.03})


async def test_a_version_is_published_once_whoever_publishes(pools: Pools) -> None:
    await publish(pools, forecast())
    with pytest.raises(asyncpg.UniqueViolationError):
        await publish(pools, forecast(DAY + timedelta(days=1)))


async def test_tenants_write_nothing_of_models(pools: Pools) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await models.publish(
                connection, Publication(forecast=forecast(), settlements=[], checkpoint=None)
            )


async def test_old_checkpoints_go_and_of_old_days_the_last_forecast_stays(pools: Pools) -> None:
    old = DAY - timedelta(days=100)
    await store_fit(pools)
    await publish(pools, forecast(old, 1), forecast(old, 2), checkpoint=STATE)
    await publish(pools, forecast(DAY, 3), forecast(DAY, 4), checkpoint=STATE)
    async with pools.system() as connection:
        await models.forget(connection, "sandbox", "CL", DAY, checkpoints=30, forecasts=90)
        kept = await connection.fetch("SELECT version FROM model_forecasts ORDER BY version")
        days = await connection.fetch("SELECT DISTINCT trade_date FROM model_checkpoints")
        assert await models.remembered(connection, "sandbox", "CL") is not None
    assert [row[0] for row in kept] == [2, 3, 4]
    assert [row[0] for row in days] == [DAY]


async def test_what_was_announced_is_read_at_its_latest_revision(pools: Pools) -> None:
    later = DAY + timedelta(days=1)
    async with pools.system() as connection:
        for settled in (
            announced(DAY, [(MONTH, "60.00")], stage=SettlementStage.PRELIMINARY),
            announced(DAY, [(MONTH, "60.10")], later_s=60),
            announced(later, [(MONTH, "61.00"), (MONTH.plus(1), "61.50")]),
        ):
            await settlements.store_announced(connection, settled)
        found = await models.announced_since(connection, "sandbox", "CL", DAY)
        assert await models.announced_since(connection, "sandbox", "CL", later) == found[1:]
    assert [day.trade_date for day in found] == [DAY, later]
    one = found[0].settlements[MONTH]
    assert (one.price, one.stage) == (60.1, SettlementStage.FINAL)
    assert one.announced_ns == announced(DAY, [(MONTH, "60.10")], later_s=60)[0].event_ns
