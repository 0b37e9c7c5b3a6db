"""Own the making of a usable database: roles, migrations, partitions, sandbox history."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from core.market import SANDBOX_SOURCE
from core.runs import MARKET_ORG
from integrations.sandbox_history import history
from integrations.sandbox_kit import sandbox_today
from storage import migrate, partitions, settlements
from storage.arrow import string_array
from storage.bootstrap import RolePasswords, create_roles
from storage.pool import DatabaseUrls, open_pools
from storage.settlement_table import SettlementTable, sorted_table

SEEDED_YEARS = 3


async def prepare_roles(superuser_url: str, passwords: dict[str, str]) -> None:
    """Create the roles and the database of the embedded server."""
    await create_roles(
        superuser_url,
        RolePasswords(owner=passwords["owner"], app=passwords["app"], system=passwords["system"]),
    )


async def prepare_schema(owner_url: str, urls: DatabaseUrls, now: datetime) -> int:
    """Migrate and make the next partitions; return how many migrations were applied."""
    applied = await migrate.apply(owner_url)
    pools = await open_pools(urls)
    try:
        async with pools.system() as connection:
            await partitions.ensure(connection, now)
    finally:
        await pools.close()
    return len(applied)


async def seed_sandbox_history(
    urls: DatabaseUrls, products: Sequence[str], seed: int, now: datetime, now_ns: int
) -> int:
    """Store what the sandboxes settled up to their last closed session; return new rows.

    A later start adds only the days that are missing.
    """
    today = sandbox_today(now_ns)
    pools = await open_pools(urls)
    stored = 0
    try:
        async with pools.system() as connection:
            latest = {
                code: await settlements.latest_date(connection, MARKET_ORG, SANDBOX_SOURCE, code)
                for code in products
            }
        for first, codes in sorted(_missing(latest, today).items()):
            table = _history_table(first, today - timedelta(days=1), codes, seed)
            async with pools.system() as connection:
                stored += await settlements.seed_history(connection, SANDBOX_SOURCE, table, now)
    finally:
        await pools.close()
    return stored


def _missing(latest: Mapping[str, date | None], today: date) -> dict[date, list[str]]:
    """Group the products by the first day that they lack, since one table is one comparison."""
    groups: dict[date, list[str]] = defaultdict(list)
    for code, day in latest.items():
        first = today - timedelta(days=365 * SEEDED_YEARS) if day is None else _next_day(day)
        if first < today:
            groups[first].append(code)
    return groups


def _history_table(first: date, last: date, codes: Sequence[str], seed: int) -> SettlementTable:
    columns = history(first, last, codes, seed)
    table, _repeats = sorted_table(
        file="the sandboxes' history",
        products=columns.products,
        product_index=columns.product_index,
        epoch_days=columns.epoch_days,
        contract_months=columns.contract_months,
        positions=np.zeros(columns.rows, dtype=np.int64),
        prices=string_array(columns.prices),
    )
    return table


def _next_day(day: date) -> date:
    return day + timedelta(days=1)
