"""Hold the client against the sandbox over real sockets."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as open_websocket

from core.clock import ns_from_utc
from core.errors import FeedDisconnected, NotFound, SourceUnavailable
from core.market import Quote, Settlement, SettlementStage, Trade
from integrations.cme.codec import decode_control
from integrations.cme.config import AUTH_PATH, STREAM_PATH
from integrations.cme.wire import MessageKind
from integrations.sandbox_exchange import ExchangeConfig
from integrations.sandbox_history import history
from integrations.sandbox_kit import FOREVER
from integrations.venue import Arrival, VenueSession
from quant.calendars import business_days, last_trade_date, listed_contracts
from quant.holidays import Calendar

pytestmark = pytest.mark.postgres

PASSWORD = "open sesame"
NOON_NS = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))


async def arrivals_until(
    session: VenueSession, is_enough: Callable[[list[Arrival]], bool]
) -> list[Arrival]:
    arrivals: list[Arrival] = []
    async with asyncio.timeout(20):
        while not is_enough(arrivals):
            arrivals.extend(await session.receive())
    return arrivals


def never(arrivals: list[Arrival]) -> bool:
    return False


def events(arrivals: list[Arrival]) -> list[Any]:
    return [event for arrival in arrivals for event in arrival.decoded.events]


def kinds(arrivals: list[Arrival]) -> list[MessageKind]:
    controls = [decode_control(arrival.frame) for arrival in arrivals]
    return [control.kind for control in controls if control is not None]


async def test_a_session_brings_settlements_quotes_trades_and_heartbeats(market: Any) -> None:
    def is_enough(arrivals: list[Arrival]) -> bool:
        has_trade = any(isinstance(event, Trade) for event in events(arrivals))
        return has_trade and MessageKind.HEARTBEAT in kinds(arrivals) and len(arrivals) > 60

    async with market.client() as client, client.connect(["CL"]) as session:
        assert not session.is_subscribed
        arrivals = await arrivals_until(session, is_enough)
        assert session.session_id >= NOON_NS
        assert session.is_subscribed
        assert not session.refused

    assert [arrival.decoded.sequence for arrival in arrivals] == list(range(len(arrivals)))
    assert kinds(arrivals)[:2] == [MessageKind.LOGIN_STATUS, MessageKind.SUBSCRIPTION_STATUS]
    assert not any(arrival.decoded.skipped or arrival.decoded.bad for arrival in arrivals)
    assert all(
        0 <= arrival.received_ns - arrival.decoded.sent_ns < 10**9
        for arrival in arrivals
        if arrival.decoded.sent_ns is not None
    )
    received = events(arrivals)
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
    assert all(quote.session == session.session_id for quote in quotes)
    trades = [event for event in received if isinstance(event, Trade)]
    assert all(abs(trade.event_ns - NOON_NS) < 60 * 10**9 for trade in trades)


async def test_announced_settlements_equal_the_seeded_history(market: Any) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        arrivals = await arrivals_until(session, lambda arrivals: len(arrivals) > 14)
    announced = {
        int(str(event.instrument.contract_month)): str(event.price)
        for event in events(arrivals)
        if isinstance(event, Settlement)
    }
    day = date(2026, 11, 19)
    columns = history(day, day, ["CL"], seed=7, contracts=12)
    assert dict(zip(columns.contract_months.tolist(), columns.prices, strict=True)) == announced


async def test_preliminary_final_and_corrected_settlements_follow_each_other(serve: Any) -> None:
    config = ExchangeConfig(months=12, tick_s=0.02, heartbeat_s=0.1, corrected_share=0.3)
    rounds: list[list[Settlement]] = []
    struck_ns = ns_from_utc(datetime(2026, 11, 20, 19, 30, tzinfo=UTC))
    hour_ns = 3600 * 10**9
    async with (
        serve(struck_ns, config) as market,
        market.client() as client,
        client.connect(["NG"]) as session,
    ):
        for moment_ns in (struck_ns, struck_ns + 4.5 * hour_ns, struck_ns + 5 * hour_ns):
            market.clock.offset_ns += int(moment_ns) - market.clock.now_ns()
            arrivals = await arrivals_until(
                session, lambda arrivals: any(isinstance(e, Settlement) for e in events(arrivals))
            )
            arrivals += await arrivals_until(
                session, lambda later: kinds(later)[-1:] == [MessageKind.HEARTBEAT]
            )
            rounds.append([e for e in events(arrivals) if isinstance(e, Settlement)])
    preliminary, final, corrected = rounds
    assert {row.stage for row in preliminary} == {SettlementStage.PRELIMINARY}
    assert {row.stage for row in final} == {SettlementStage.FINAL}
    assert [row.price for row in preliminary] == [row.price for row in final]
    assert 0 < len(corrected) < len(final) == 12
    before = {row.instrument: row.price for row in final}
    assert all(row.price < before[row.instrument] for row in corrected)


async def test_several_products_share_a_session(market: Any) -> None:
    async with market.client() as client, client.connect(["NG", "BZ"]) as session:
        arrivals = await arrivals_until(session, lambda arrivals: len(events(arrivals)) > 60)
    assert {event.instrument.product for event in events(arrivals)} == {"NG", "BZ"}


async def test_a_refused_product_does_not_take_the_others_down(market: Any) -> None:
    async with market.client() as client, client.connect(["XX", "CL", "TTF"]) as session:
        arrivals = await arrivals_until(session, lambda arrivals: len(events(arrivals)) > 20)
        assert session.is_subscribed
        assert dict(session.refused) == {
            "XX": "not entitled to product XX",
            "TTF": "not entitled to product TTF",
        }
    assert {event.instrument.product for event in events(arrivals)} == {"CL"}


async def test_subscribing_again_brings_a_fresh_image(market: Any) -> None:
    async with market.client() as client, client.connect(["CL", "NG"]) as session:
        await arrivals_until(session, lambda arrivals: session.is_subscribed)
        wanted = listed_contracts("NG", date(2026, 11, 20), 12)
        await session.refresh(wanted[:2])
        assert not session.is_subscribed
        arrivals = await arrivals_until(session, lambda arrivals: session.is_subscribed)
        arrivals += await arrivals_until(session, lambda arrivals: len(arrivals) > 60)
    assert set(wanted) <= {e.instrument for e in events(arrivals) if isinstance(e, Quote)}


async def test_an_unanswered_subscription_ends_the_session(serve: Any) -> None:
    slow = ExchangeConfig(months=12, tick_s=0.02, heartbeat_s=2.0)
    async with serve(exchange=slow) as market:
        client = market.client(subscribe_timeout_s=0.3)
        async with client, client.connect(["NG"]) as session:
            # The confirmation is the next frame that is sent.
            market.sandbox.faults.arm("truncated_frame")
            with pytest.raises(FeedDisconnected, match="subscription of NG was never answered"):
                await arrivals_until(session, never)


async def test_period_codes_narrow_a_subscription_of_the_sandbox(market: Any) -> None:
    async with market.client() as client:
        headers = {"Authorization": f"Bearer {await client.token()}"}
    url = market.server.websocket_url + STREAM_PATH
    subscription = {"productCode": "CL", "productType": "FUT", "periodCodes": ["202703"]}
    request = {
        "header": {"messageType": "SUBSCRIBE", "version": "1.0", "requestId": "1"},
        "payload": {"subscriptionMessageTypes": ["TOB"], "subscriptions": [subscription]},
    }
    months: set[str] = set()
    async with (
        asyncio.timeout(20),
        open_websocket(url, additional_headers=headers, proxy=None) as websocket,
    ):
        await websocket.send(json.dumps(request))
        for _ in range(12):
            message = json.loads(await websocket.recv())
            if message["header"]["messageType"] == "TOB":
                months |= {entry["instrument"]["periodCode"] for entry in message["payload"]}
    assert months == {"202703"}


async def test_a_wrong_password_is_refused(market: Any) -> None:
    async with market.client(password="wrong") as client:
        with pytest.raises(SourceUnavailable, match="401"):
            await client.token()


async def test_a_token_is_kept_and_renewed_at_four_fifths_of_its_life(market: Any) -> None:
    async with market.client() as client:
        first = await client.token()
        market.clock.offset_ns += int(1799 * 0.79 * 1e9)
        assert await client.token() == first
        market.clock.offset_ns += int(1799 * 0.02 * 1e9)
        renewed = await asyncio.gather(*(client.token() for _ in range(5)))
        assert set(renewed) != {first}
        assert len(set(renewed)) == 1
        assert (await market.state())["tokens_issued"] == 2


async def test_a_forgotten_token_is_replaced_after_a_refusal(market: Any) -> None:
    async with market.client() as client:
        await client.token()
        market.sandbox.faults.arm("unauthorized")
        assert len(await client.instruments("CL")) == 12
        assert (await market.state())["tokens_issued"] == 2


async def test_instruments_come_page_by_page_without_placeholders(serve: Any) -> None:
    long = ExchangeConfig(months=130)
    async with serve(exchange=long) as market, market.client() as client:
        listed = await client.instruments("CL")
        expected = listed_contracts("CL", date(2026, 11, 20), 130)
        assert tuple(row.instrument for row in listed) == expected
        for row in listed:
            month = row.instrument.contract_month
            assert row.last_trade_date == last_trade_date(row.instrument)
            assert row.final_settlement_date == row.last_trade_date
            assert row.first_trade_date is not None
            assert row.first_trade_date < row.last_trade_date
            assert row.first_delivery_date == month.first_day
            assert row.first_notice_date is not None
            assert row.last_trade_date < row.first_notice_date <= month.first_day
        assert (listed[0].symbol, listed[-1].symbol) == ("CLZ6", "CLU37")
        with pytest.raises(NotFound):
            await client.instruments("ES")


async def test_a_schedule_holds_the_trading_days_of_a_year(market: Any) -> None:
    async with market.client() as client:
        days = await client.schedule("CL")
        assert days == business_days(days[0], days[-1], Calendar.NYMEX)
        assert days[0] == date(2026, 11, 19)
        assert (days[-1] - days[0]).days > 350
        assert date(2026, 11, 26) not in days
        with pytest.raises(NotFound):
            await client.schedule("ES")


async def test_a_stopped_server_is_reported_and_then_unavailable(serve: Any) -> None:
    async with serve() as market:
        client = market.client()
        context = client.connect(["CL"])
        session = await context.__aenter__()
    with pytest.raises(FeedDisconnected):
        await arrivals_until(session, never)
    await context.__aexit__(None, None, None)
    with pytest.raises(SourceUnavailable):
        async with client.connect(["CL"]):
            raise AssertionError
    await client.close()


async def test_faults_are_switched_over_http(market: Any) -> None:
    async with httpx.AsyncClient(base_url=market.server.http_url, trust_env=False) as http:
        assert (await http.post("/_sandbox/faults/server_error?times=2")).status_code == 200
        assert (await http.post("/_sandbox/faults/earthquake")).status_code == 404
        assert (await http.post("/_sandbox/faults/silence?times=x")).status_code == 422
        assert (await http.post("/_sandbox/faults/silence?times=-2")).status_code == 422
        assert (await http.post("/_sandbox/faults/freeze_symbol")).status_code == 422
        frozen = "/_sandbox/faults/freeze_symbol?symbol=CL-202701&times=-1"
        assert (await http.post(frozen)).json()["frozen"] == "CL-202701"
        assert (await http.post(AUTH_PATH)).status_code == 500
        state = (await http.get("/_sandbox/state")).json()
        assert state["faults"]["server_error"] == state["happened"]["server_error"] == 1
        assert state["faults"]["freeze_symbol"] == FOREVER
        await http.delete("/_sandbox/faults")
        assert (await http.post(AUTH_PATH)).status_code == 400
        assert (await http.get("/_sandbox/state")).json()["frozen"] is None


async def test_the_process_announces_itself_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "integrations.cme.sandbox",
        "--seed",
        "7",
        "--control-port",
        "0",
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
