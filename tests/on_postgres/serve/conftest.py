"""Call the request application in this process, over a real database and cache."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.clock import SystemClock
from serve.api import create_api
from serve.keys import digest_of
from serve.services import EdgeConfig, Services

if TYPE_CHECKING:
    from storage.cache import Cache
    from storage.pool import Pools
    from tests.on_postgres.conftest import Database

KEY = "hs_test"


@pytest.fixture
async def client(
    database: "Database", pools: "Pools", cache: "Cache"
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the request application; no actor runs behind it."""
    absent: Any = None
    config = EdgeConfig(
        database=database.urls,
        cache_url="",
        key_digest=digest_of(KEY),
        version="1",
        pages=None,
        venues=(),
        task_memory_bytes=2 * 1024**3,
    )
    services = Services(
        config=config,
        pools=pools,
        cache=cache,
        market=absent,
        runs=absent,
        feeds=absent,
        parser=absent,
        qpu=absent,
        clock=SystemClock(),
    )

    async def opened() -> Services:
        return services

    app = create_api(config, opened)
    app.state.services = services
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://edge",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as client:
        yield client
