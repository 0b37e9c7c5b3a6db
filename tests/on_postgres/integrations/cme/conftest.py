"""Serve a CME sandbox on loopback sockets, with a clock that stands inside a session."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest

from core.clock import ShiftedClock, ns_from_utc
from integrations.cme.client import CmeClient
from integrations.cme.config import sandbox_config
from integrations.cme.sandbox.app import CmeSandbox, SandboxConfig
from integrations.sandbox_exchange import ExchangeConfig
from integrations.sandbox_kit import LOOPBACK, SandboxServer
from integrations.venue import SandboxAddress

PASSWORD = "open sesame"
NOON_NS = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))  # a Friday, 10:00 New York


@dataclass(frozen=True, slots=True)
class Market:
    """Keep a sandbox, its server, and the clock that both sides tell the time by."""

    sandbox: CmeSandbox
    server: SandboxServer
    clock: ShiftedClock

    def client(self, **changed: object) -> CmeClient:
        address = SandboxAddress(
            host=LOOPBACK, port=self.server.port, user="sandbox", password=PASSWORD
        )
        # Longer than the machine may pause: only tests of silence shorten it.
        config = replace(sandbox_config(address), silence_timeout_s=10.0)
        return CmeClient(replace(config, **changed), "sandbox", self.clock)

    async def state(self) -> dict[str, object]:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(self.server.http_url + "/_sandbox/state")
            return dict(answer.json())


Serve = Callable[..., AbstractAsyncContextManager[Market]]


@asynccontextmanager
async def _serve(
    now_ns: int = NOON_NS, exchange: ExchangeConfig | None = None
) -> AsyncIterator[Market]:
    clock = ShiftedClock(now_ns - time.time_ns())
    quick = ExchangeConfig(months=12, tick_s=0.02, heartbeat_s=0.1)
    config = SandboxConfig(seed=7, clock=clock, password=PASSWORD, exchange=exchange or quick)
    sandbox = CmeSandbox(config)
    async with SandboxServer(sandbox.app()) as server:
        yield Market(sandbox, server, clock)


@pytest.fixture
def serve() -> Serve:
    return _serve


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with _serve() as running:
        yield running
