"""Hold the client against the sandbox over real sockets, each fault switch included."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import httpx
import pytest

from core.clock import ShiftedClock, ns_from_utc
from core.errors import BadFrame, FeedDisconnected, NotFound, SourceUnavailable
from core.market import Quote, Settlement, SettlementStage, Trade
from integrations.cme.client import CmeClient, CmeConfig, CmeSession
from integrations.cme.codec import Frame, MessageKind
from integrations.cme.sandbox.app import (
    AUTH_PATH,
    REFERENCE_PATH,
    STREAM_PATH,
    CmeSandbox,
    SandboxConfig,
)
from integrations.sandbox_exchange import ExchangeConfig
from integrations.sandbox_history import history
from integrations.sandbox_kit import FOREVER, SandboxServer
from integrations.sequence import SequenceTracker
from quant.calendars import last_trade_date, listed_contracts

pytestmark = pytest.mark.postgres

NOON_NS = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))  # a Friday, 10:00 New York
PASSWORD = "open sesame"


class Market:
    """Keep a sandbox, its server and a client of it."""

    def __init__(self, sandbox: CmeSandbox, server: SandboxServer, clock: ShiftedClock) -> None:
        self.sandbox, self.server, self.clock = sandbox, server, clock

    def client(self, **changed: object) -> CmeClient:
        values: dict[str, object] = {
            "auth_url": self.server.http_url + AUTH_PATH,
            "stream_url": self.server.websocket_url + STREAM_PATH,
            "refdata_url": self.server.http_url + REFERENCE_PATH,
            "api_id": "sandbox",
            "password": PASSWORD,
            "silence_timeout_s": 0.5,
            **changed,
        }
        return CmeClient(CmeConfig(**values), source="sandbox", clock=self.clock)

    async def state(self) -> dict[str, object]:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(self.server.http_url + "/_sandbox/state")
            return dict(answer.json())


def shifted_clock() -> ShiftedClock:
    return ShiftedClock(NOON_NS - time.time_ns())


@asynccontextmanager
async def serving(**changed: object) -> AsyncIterator[Market]:
    clock = shifted_clock()
    exchange = ExchangeConfig(months=12, tick_s=0.02, heartbeat_s=0.1)
    values: dict[str, object] = {
        "seed": 7,
        "clock": clock,
        "password": PASSWORD,
        "exchange": exchange,
        **changed,
    }
    sandbox = CmeSandbox(SandboxConfig(**values))
    async with SandboxServer(sandbox.app()) as server:
        yield Market(sandbox, server, clock)


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with serving() as running:
        yield running


async def frames_until(
    session: CmeSession, is_enough: Callable[[list[Frame]], bool]
) -> list[Frame]:
    frames: list[Frame] = []
    async with asyncio.timeout(20):
        async for frame in session:
            assert isinstance(frame, Frame)
            frames.append(frame)
            if is_enough(frames):
                return frames
    raise AssertionError


def events(frames: list[Frame]) -> list[object]:
    return [event for frame in frames for event in frame.events]


async def test_a_session_brings_settlements_quotes_trades_and_heartbeats(market: Market) -> None:
    def is_enough(frames: list[Frame]) -> bool:
        kinds = {frame.kind for frame in frames}
        return {MessageKind.TRADE, MessageKind.HEARTBEAT} <= kinds and len(frames) > 60

    async with market.client() as client, client.connect(["CL"]) as session:
        frames = await frames_until(session, is_enough)
        assert session.session_id >= NOON_NS

    tracker = SequenceTracker()
    assert not any(tracker.observe(frame.sequence).missed for frame in frames)
    assert [frame.kind for frame in frames[:2]] == [
        MessageKind.LOGIN_STATUS,
        MessageKind.SUBSCRIPTION_STATUS,
    ]
    assert not any(frame.skipped for frame in frames)
    received = events(frames)
    listed = listed_contracts("CL", date(2026, 11, 20), 12)
    settled = [event for event in received if isinstance(event, Settlement)]
    assert [event.instrument for event in settled] == list(
        listed_contracts("CL", date(2026, 11, 19), 12)
    )
    assert {event.stage for event in settled} == {SettlementStage.FINAL}
    quotes = [event for event in received if isinstance(event, Quote)]
    assert {quote.instrument for quote in quotes} == set(listed)
    assert all(quote.source == "sandbox" and quote.bid and quote.ask for quote in quotes)
    assert all(quote.bid < quote.ask for quote in quotes if quote.bid and quote.ask)
    trades = [event for event in received if isinstance(event, Trade)]
    assert all(abs(trade.event_ns - NOON_NS) < 60 * 10**9 for trade in trades)


async def test_announced_settlements_equal_the_seeded_history(market: Market) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        frames = await frames_until(session, lambda frames: len(frames) > 14)
    announced = {
        int(str(event.instrument.contract_month)): str(event.price)
        for event in events(frames)
        if isinstance(event, Settlement)
    }
    day = date(2026, 11, 19)
    columns = history(day, day, ["CL"], seed=7, contracts=12)
    assert dict(zip(columns.contract_months.tolist(), columns.prices, strict=True)) == announced


async def test_period_codes_narrow_the_subscription(market: Market) -> None:
    async with market.client() as client, client.connect(["CL"], ["202703"]) as session:
        frames = await frames_until(session, lambda frames: len(events(frames)) >= 3)
    assert {str(event.instrument) for event in events(frames)} == {"CL-202703"}  # type: ignore[attr-defined]


async def test_several_products_share_a_session(market: Market) -> None:
    async with market.client() as client, client.connect(["NG", "BZ"]) as session:
        frames = await frames_until(session, lambda frames: len(events(frames)) > 60)
    products = {event.instrument.product for event in events(frames)}  # type: ignore[attr-defined]
    assert products == {"NG", "BZ"}


async def test_an_unknown_product_refuses_the_whole_request(market: Market) -> None:
    async with market.client() as client:
        with pytest.raises(FeedDisconnected, match="not entitled to product XX"):
            async with client.connect(["CL", "XX"]) as session:
                await frames_until(session, lambda frames: False)


async def test_a_wrong_password_is_refused(market: Market) -> None:
    async with market.client(password="wrong") as client:
        with pytest.raises(SourceUnavailable, match="401"):
            await client.token()


async def test_a_token_is_kept_and_renewed_at_four_fifths_of_its_life(market: Market) -> None:
    async with market.client() as client:
        first = await client.token()
        market.clock.offset_ns += int(1799 * 0.79 * 1e9)
        assert await client.token() == first
        market.clock.offset_ns += int(1799 * 0.02 * 1e9)
        renewed = await asyncio.gather(*(client.token() for _ in range(5)))
        assert set(renewed) != {first}
        assert len(set(renewed)) == 1
        assert (await market.state())["tokens_issued"] == 2


async def test_a_forgotten_token_is_replaced_after_a_refusal(market: Market) -> None:
    async with market.client() as client:
        await client.token()
        market.sandbox.faults.arm("unauthorized")
        assert len(await client.instruments("CL")) == 12
        assert (await market.state())["tokens_issued"] == 2


async def test_instruments_come_page_by_page_without_placeholders() -> None:
    long = ExchangeConfig(months=130)
    async with serving(exchange=long) as market, market.client() as client:
        listed = await client.instruments("CL")
        expected = listed_contracts("CL", date(2026, 11, 20), 130)
        assert tuple(row.instrument for row in listed) == expected
        assert all(row.last_trade_date == last_trade_date(row.instrument) for row in listed)
        assert (listed[0].symbol, listed[-1].symbol) == ("CLZ6", "CLU37")
        with pytest.raises(NotFound):
            await client.instruments("ES")


async def test_dropped_connections_are_reported(market: Market) -> None:
    async with market.client() as client:
        async with client.connect(["CL"]) as session:
            market.sandbox.faults.arm("drop_connections")
            with pytest.raises(FeedDisconnected, match="1001"):
                await frames_until(session, lambda frames: False)
        async with client.connect(["CL"]) as again:
            await frames_until(again, lambda frames: len(frames) > 3)
            assert again.session_id > session.session_id


async def test_a_stopped_server_is_reported_and_then_unavailable() -> None:
    async with serving() as market:
        client = market.client()
        context = client.connect(["CL"])
        session = await context.__aenter__()
    with pytest.raises(FeedDisconnected):
        await frames_until(session, lambda frames: False)
    await context.__aexit__(None, None, None)
    with pytest.raises(SourceUnavailable):
        async with client.connect(["CL"]):
            raise AssertionError
    await client.close()


async def test_skipped_numbers_are_a_gap(market: Market) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        tracker = SequenceTracker()
        market.sandbox.faults.arm("skip_sequence")
        frames = await frames_until(session, lambda frames: len(frames) > 20)
        assert sum(tracker.observe(frame.sequence).missed for frame in frames) == 3


async def test_silence_is_a_disconnection(market: Market) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        await frames_until(session, lambda frames: len(frames) > 40)
        market.sandbox.faults.arm("silence", FOREVER)
        with pytest.raises(FeedDisconnected, match=r"silent for 0\.5 s"):
            await frames_until(session, lambda frames: False)


async def test_stalled_heartbeats_go_unnoticed_only_while_prices_flow() -> None:
    closed_ns = ns_from_utc(datetime(2026, 11, 21, 15, 0, tzinfo=UTC))  # Saturday
    clock = ShiftedClock(closed_ns - time.time_ns())
    async with (
        serving(clock=clock) as market,
        market.client() as client,
        client.connect(["CL"]) as session,
    ):
        frames = await frames_until(
            session, lambda frames: frames[-1].kind is MessageKind.HEARTBEAT
        )
        assert not any(isinstance(event, Quote) for event in events(frames))
        market.sandbox.faults.arm("stall_heartbeat", FOREVER)
        with pytest.raises(FeedDisconnected, match="silent"):
            await frames_until(session, lambda frames: False)


async def test_a_garbage_frame_is_handed_on_and_does_not_end_the_session(market: Market) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        market.sandbox.faults.arm("garbage_frame")
        bad = good_after = 0
        async with asyncio.timeout(20):
            async for frame in session:
                bad += isinstance(frame, BadFrame)
                good_after += bad and isinstance(frame, Frame)
                if good_after > 5:
                    break
        assert bad == 1


@pytest.mark.parametrize(
    ("fault", "status"), [("unauthorized", 401), ("too_many_requests", 429), ("server_error", 500)]
)
async def test_refused_requests_are_unavailable(market: Market, fault: str, status: int) -> None:
    async with market.client() as client:
        market.sandbox.faults.arm(fault)
        with pytest.raises(SourceUnavailable, match=f"token: status {status}"):
            await client.token()
        token = await client.token()
        market.sandbox.faults.arm(fault)
        with pytest.raises(SourceUnavailable, match=f"stream: status {status}"):
            async with client.connect(["CL"]):
                raise AssertionError
        assert (await client.token() != token) == (status == 401)


async def test_faults_are_switched_over_http(market: Market) -> None:
    async with httpx.AsyncClient(base_url=market.server.http_url, trust_env=False) as http:
        assert (await http.post("/_sandbox/faults/server_error?times=2")).status_code == 200
        assert (await http.post("/_sandbox/faults/earthquake")).status_code == 404
        assert (await http.post("/_sandbox/faults/silence?times=x")).status_code == 422
        assert (await http.post(AUTH_PATH)).status_code == 500
        state = (await http.get("/_sandbox/state")).json()
        assert state["faults"]["server_error"] == state["happened"]["server_error"] == 1
        await http.delete("/_sandbox/faults")
        assert (await http.post(AUTH_PATH)).status_code == 400


async def test_the_process_announces_itself_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "integrations.cme.sandbox",
        "--seed",
        "7",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "HELIOSTAT_SANDBOX_PASSWORD": PASSWORD},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        announced = json.loads(await process.stdout.readline())
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{announced['port']}/_sandbox/state")
        assert answer.json()["open_streams"] == 0
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
