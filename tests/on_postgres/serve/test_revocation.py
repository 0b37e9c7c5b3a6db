"""Measure how soon streams that are open end, once what opened them is good no more."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import websockets

from core.clock import SystemClock, utc_from_ns
from core.identity import Role
from core.runs import DEFAULT_ORG
from storage.identity import api_keys, endings, memberships
from storage.identity.sessions import Session
from tests.identities import add_user, key_headers
from tests.on_postgres.serve.signed_in import begin_session, token_headers

if TYPE_CHECKING:
    from serve.services import Services
    from storage.pool import WriteConn

pytestmark = pytest.mark.postgres

WITHIN_S = 5.0
QUOTES = "/v1/streams/quotes?products=CL"


async def read_until_ended(url: str, headers: dict[str, str], opened: asyncio.Event) -> None:
    async with (
        httpx.AsyncClient(base_url=url, timeout=30) as http,
        http.stream("GET", QUOTES, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        opened.set()
        async for _ in answer.aiter_bytes():
            pass


async def hear_until_ended(url: str, headers: dict[str, str], opened: asyncio.Event) -> None:
    address = f"{url.replace('http', 'ws')}/v1/streams/ws?products=CL"
    async with websockets.connect(address, additional_headers=headers) as socket:
        opened.set()
        last: str | bytes = ""
        try:
            async for message in socket:
                last = message
        except websockets.ConnectionClosedError:
            pass
        assert socket.close_code == 4401
        assert "problems/unauthenticated" in str(last)


async def seconds_to_end(
    url: str, headers: dict[str, str], stop: Callable[[], Awaitable[object]]
) -> tuple[float, float]:
    """Open a stream of each kind, stop what opened them, and return when each had ended, in s."""
    opened = [asyncio.Event(), asyncio.Event()]
    readers = [
        asyncio.create_task(read_until_ended(url, headers, opened[0])),
        asyncio.create_task(hear_until_ended(url, headers, opened[1])),
    ]
    for event in opened:
        await asyncio.wait_for(event.wait(), 10)
    await stop()
    started, ended = time.monotonic(), []
    for reader in readers:
        await asyncio.wait_for(reader, 3 * WITHIN_S)
        ended.append(time.monotonic() - started)
    async with httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/v1/products", headers=headers)).status_code == 401
    return ended[0], ended[1]


async def end_session(conn: "WriteConn", session: Session) -> None:
    now = utc_from_ns(SystemClock().now_ns())
    assert await endings.end_session(conn, session.session_id, now, "signed-out")


async def end_user(conn: "WriteConn", session: Session) -> None:
    now = utc_from_ns(SystemClock().now_ns())
    await endings.end_all(conn, session.user_id, now, "password-changed")


async def end_membership(conn: "WriteConn", session: Session) -> None:
    now = utc_from_ns(SystemClock().now_ns())
    await memberships.remove(conn, session.org_id, session.user_id, now)


@pytest.mark.parametrize("stop", [end_session, end_user, end_membership])
async def test_open_streams_of_a_token_end_within_five_seconds(
    services: "Services",
    url: str,
    stop: Callable[["WriteConn", Session], Awaitable[None]],
    tell: Callable[[str], None],
) -> None:
    async with services.pools.system() as conn:
        await add_user(conn, "owner@example.com", Role.OWNER)
        user_id = await add_user(conn, "analyst@example.com", Role.ANALYST)
    session = await begin_session(services, user_id)

    async def stopped() -> None:
        async with services.pools.system() as conn:
            await stop(conn, session)

    headers = await token_headers(services, session, Role.ANALYST)
    ended = await seconds_to_end(url, headers, stopped)
    reason = stop.__name__.replace("_", " of a ")
    tell(f"{reason}: an event stream ended in {ended[0]:.1f} s, a socket in {ended[1]:.1f} s")
    assert max(ended) < WITHIN_S


async def test_open_streams_of_a_key_end_within_five_seconds(
    services: "Services", url: str, tell: Callable[[str], None]
) -> None:
    headers = await key_headers(services.pools, Role.ANALYST)

    async def revoke() -> None:
        async with services.pools.system() as conn:
            keys = await api_keys.list_keys(conn, DEFAULT_ORG)
            analyst = next(key for key in keys if key.role is Role.ANALYST)
            now = utc_from_ns(services.clock.now_ns())
            assert await api_keys.revoke(conn, DEFAULT_ORG, analyst.key_id, now)

    ended = await seconds_to_end(url, headers, revoke)
    tell(f"end of a key: an event stream ended in {ended[0]:.1f} s, a socket in {ended[1]:.1f} s")
    assert max(ended) < WITHIN_S
