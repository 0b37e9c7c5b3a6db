"""Seed the history of the sandboxes into a real database."""

from datetime import UTC, date, datetime

import pytest

from cluster.local.database import seed_sandbox_history
from core.clock import ns_from_utc
from core.market import SANDBOX_SOURCE
from core.runs import MARKET_ORG
from integrations.registry import VENUES
from integrations.sandbox_history import history
from storage import settlements
from storage.pool import Pools
from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

SEED = 7
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
"""A Wednesday morning in New York."""
YESTERDAY = date(2026, 3, 3)
PRODUCTS = tuple(code for spec in VENUES.values() for code in spec.products)


async def seed(database: Database, products: tuple[str, ...], now: datetime = NOW) -> int:
    return await seed_sandbox_history(database.urls, products, SEED, now, ns_from_utc(now))


async def test_every_product_of_the_sandboxes_has_three_years(
    database: Database, pools: Pools
) -> None:
    stored = await seed(database, PRODUCTS)
    async with pools.system() as connection:
        held = {
            summary.product: summary
            for summary in await settlements.sources(connection, MARKET_ORG)
            if summary.source == SANDBOX_SOURCE
        }
    assert set(held) == set(PRODUCTS)
    assert sum(summary.rows for summary in held.values()) == stored
    for code, summary in held.items():
        columns = history(summary.first, summary.last, (code,), SEED)
        assert summary.rows == columns.rows
        assert (summary.last - summary.first).days > 3 * 360
        assert summary.last == YESTERDAY


async def test_a_later_start_adds_what_is_missing_only(database: Database) -> None:
    first = await seed(database, PRODUCTS[:1])
    assert first > 0
    assert await seed(database, PRODUCTS[:1]) == 0
    assert await seed(database, PRODUCTS[:2]) > 0
    assert await seed(database, PRODUCTS[:2]) == 0
    next_day = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
    added = await seed(database, PRODUCTS[:2], next_day)
    assert added == history(NOW.date(), NOW.date(), PRODUCTS[:2], SEED).rows
