"""Hold the client against the sandbox over real sockets, each fault switch included."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import TypeVar

import httpx
import pytest

from core.clock import ShiftedClock, ns_from_utc
from core.errors import FeedDisconnected, InvalidInput, NotFound, SourceUnavailable
from core.market import Gap, Instrument, Quote, Settlement, SettlementStage, Trade
from integrations.ice.client import SPEC, IceClient
from integrations.ice.config import IceConfig
from integrations.ice.connection import IceSession
from integrations.ice.sandbox.app import IceSandbox, SandboxConfig, serving
from integrations.ice.sandbox.session import GatewayRules
from integrations.sandbox_exchange import ExchangeConfig
from integrations.sandbox_kit import FOREVER
from integrations.venue import Arrival, Decoded, SandboxAddress
from quant.calendars import last_trade_date, listed_contracts

pytestmark = pytest.mark.postgres

NOON_NS = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))  # a Friday, 15:00 London
CLOSED_NS = ns_from_utc(datetime(2026, 11, 21, 15, 0, tzinfo=UTC))  # a Saturday
PASSWORD = "open sesame"
ALL = ("B", "G", "NBP", "TTF")
MONTHS = 4


class Market:
    """Keep a sandbox, where it listens, and a clock."""

    def __init__(self, sandbox: IceSandbox, port: int, control_url: str, clock: ShiftedClock):
        self.sandbox, self.port, self.control_url, self.clock = sandbox, port, control_url, clock

    def client(self, **changed: object) -> IceClient:
        values: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "sender_comp_id": "CLIENT",
            "target_comp_id": "ICEMD",
            "password": PASSWORD,
            "tls": False,
            "heartbeat_s": 1,
            "grace_s": 0.3,
            "refresh_s": 0.1,
            **changed,
        }
        return IceClient(IceConfig(**values), "sandbox", self.clock)  # type: ignore[arg-type]


@asynccontextmanager
async def running(
    *, now_ns: int = NOON_NS, products: tuple[str, ...] = ALL, **rules: object
) -> AsyncIterator[Market]:
    clock = ShiftedClock(now_ns - time.time_ns())
    sandbox = IceSandbox(
        SandboxConfig(
            seed=7,
            clock=clock,
            products=products,
            rules=GatewayRules(**{"password": PASSWORD, **rules}),  # type: ignore[arg-type]
            exchange=ExchangeConfig(months=MONTHS, tick_s=0.02),
        )
    )
    async with serving(sandbox) as (port, control):
        yield Market(sandbox, port, control.http_url, clock)


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with running() as one:
        yield one


Heard = list[Arrival]
T = TypeVar("T")


async def until(session: IceSession, is_enough: Callable[[Heard], bool]) -> Heard:
    heard: Heard = []
    async with asyncio.timeout(20):
        while not is_enough(heard):
            heard += await session.receive()
    return heard


async def subscribed(session: IceSession) -> Heard:
    return await until(session, lambda _: session.is_subscribed)


def events(heard: Heard) -> list[object]:
    return [event for arrival in heard for event in arrival.decoded.events]


def of(kind: type[T], heard: Heard) -> list[T]:
    return [event for event in events(heard) if isinstance(event, kind)]


def missed(heard: Heard) -> int:
    return sum(arrival.decoded.missed for arrival in heard)


def more(count: int) -> Callable[[Heard], bool]:
    return lambda heard: len(heard) >= count


async def test_a_session_brings_images_updates_trades_and_settlements(market: Market) -> None:
    async with market.client().connect(ALL) as session:
        assert session.session_id >= NOON_NS
        heard = await subscribed(session)
        heard += await until(session, lambda more: len(of(Trade, more)) > 3)
    assert [one.decoded.bad for one in heard if one.decoded.bad] == []
    assert missed(heard) == 0
    numbers = [one.decoded.sequence for one in heard]
    assert numbers == list(range(1, len(numbers) + 1))
    quotes = of(Quote, heard)
    listed = {one for code in ALL for one in listed_contracts(code, date(2026, 11, 20), MONTHS)}
    assert {quote.instrument for quote in quotes} == listed
    assert all(quote.bid and quote.ask and quote.bid < quote.ask for quote in quotes)
    assert all(quote.source == "sandbox" for quote in quotes)
    settled = of(Settlement, heard)
    assert {one.trade_date for one in settled} == {date(2026, 11, 19)}
    assert {one.stage for one in settled} == {SettlementStage.FINAL}
    assert session.refused == {}


async def test_a_closed_market_sends_heartbeats_and_empty_books() -> None:
    async with running(now_ns=CLOSED_NS) as market, market.client().connect(["B"]) as session:
        heard = await subscribed(session)
        heard += await until(
            session, lambda more: any("heartbeat" in m.decoded.skipped for m in more)
        )
        assert {quote.bid for quote in of(Quote, heard)} == {None}
        assert len(of(Settlement, heard)) == MONTHS


async def test_a_wrong_password_is_refused(market: Market) -> None:
    with pytest.raises(FeedDisconnected, match="invalid credentials"):
        async with market.client(password="wrong").connect(["B"]):
            raise AssertionError
    market.sandbox.faults.arm("unauthorized")
    with pytest.raises(FeedDisconnected, match="invalid credentials"):
        async with market.client().connect(["B"]):
            raise AssertionError


async def test_nobody_listening_is_unavailable(market: Market) -> None:
    client = market.client(port=1)
    with pytest.raises(SourceUnavailable, match="127"):
        async with client.connect(["B"]):
            raise AssertionError
    with pytest.raises(SourceUnavailable):
        await client.instruments("B")


async def test_a_peer_that_says_nothing_is_left() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        clock = ShiftedClock(0)
        client = Market(None, port, "", clock).client(logon_timeout_s=0.2)  # type: ignore[arg-type]
        with pytest.raises(FeedDisconnected, match="never answered"):
            async with client.connect(["B"]):
                raise AssertionError


async def test_contracts_are_listed_with_and_without_an_open_session(market: Market) -> None:
    client = market.client()
    listed = await client.instruments("NBP")
    expected = listed_contracts("NBP", date(2026, 11, 20), MONTHS)
    assert tuple(row.instrument for row in listed) == expected
    assert all(row.last_trade_date == last_trade_date(row.instrument) for row in listed)
    assert listed[0].symbol.startswith("GWM FM")
    async with client.connect(["B"]) as session:
        await subscribed(session)
        asking = asyncio.create_task(client.instruments("TTF"))
        await until(session, lambda _: asking.done())
        assert len(await asking) == MONTHS
    with pytest.raises(NotFound):
        await client.instruments("CL")


async def test_listing_contracts_never_opens_a_session_beside_another(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = market.client()
    opened = most = 0
    logged_on = client._logged_on

    @asynccontextmanager
    async def counted(products: Sequence[str]) -> AsyncIterator[IceSession]:
        nonlocal opened, most
        opened += 1
        most = max(most, opened)
        async with logged_on(products) as session:
            yield session
        opened -= 1

    monkeypatch.setattr(client, "_logged_on", counted)
    asking = [asyncio.create_task(client.instruments(product)) for product in ("B", "G", "TTF")]
    async with client.connect(["B"]) as session:
        await subscribed(session)
        asking.append(asyncio.create_task(client.instruments("NBP")))
        await until(session, lambda _: all(one.done() for one in asking))
    assert [len(await one) for one in asking] == [MONTHS] * 4
    assert most == 1


async def test_an_unknown_symbol_takes_no_other_down() -> None:
    async with running(products=("B", "TTF")) as market:
        async with market.client().connect(["B", "G", "XX", "TTF"]) as session:
            heard = await subscribed(session)
            assert session.refused == {"XX": "unknown product", "G": "unknown symbol GAS"}
            heard += await until(session, more(20))
            assert {quote.instrument.product for quote in of(Quote, heard)} == {"B", "TTF"}
        with pytest.raises(NotFound):
            await market.client().instruments("G")


@pytest.mark.parametrize("fault", ["too_many_requests", "server_error"])
async def test_one_refused_contract_takes_no_other_down(market: Market, fault: str) -> None:
    market.sandbox.faults.arm(fault)
    async with market.client().connect(["B", "TTF"]) as session:
        heard = await subscribed(session)
        heard += await until(session, more(30))
        refused = 1 if fault == "too_many_requests" else len(session.refused) * MONTHS
        assert len({quote.instrument for quote in of(Quote, heard)}) == 2 * MONTHS - refused
        assert refused


async def test_messages_sent_again_fill_the_gap() -> None:
    async with running(replays=True) as market, market.client().connect(ALL) as session:
        await subscribed(session)
        market.sandbox.faults.arm("skip_sequence")
        heard = await until(session, lambda heard: missed(heard) > 0)
        heard += await until(session, lambda _: not session.decoder.has_missing)
        late = [arrival for arrival in heard if arrival.decoded.is_late]
        assert (missed(heard), len(late)) == (3, 3)
        assert session.decoder.lost_before == 0


async def test_a_filled_gap_is_found_out_by_fresh_images_of_what_may_be_concerned(
    market: Market,
) -> None:
    async with market.client().connect(ALL) as session:
        await subscribed(session)
        market.sandbox.faults.arm("skip_sequence")
        heard = await until(session, lambda _: session.decoder.lost_before > 0)
        listed = [one for code in ALL for one in listed_contracts(code, date(2026, 11, 20), MONTHS)]
        heard += await until(session, lambda _: not session.decoder.unconfirmed(listed))
        assert missed(heard) == 3
        named = {one for gap in of(Gap, heard) for one in gap.instruments}
        assert 1 <= len(named) <= 3
        assert all(gap.instruments for gap in of(Gap, heard))


async def test_without_counts_a_gap_concerns_all_until_each_has_a_fresh_image() -> None:
    async with (
        running(counts_entries=False) as market,
        market.client().connect(["B", "TTF"]) as session,
    ):
        await subscribed(session)
        market.sandbox.faults.arm("skip_sequence")
        heard = await until(session, lambda heard: bool(of(Gap, heard)))
        [gap] = of(Gap, heard)
        assert gap.instruments == ()
        listed = [
            one
            for code in ("B", "TTF")
            for one in listed_contracts(code, date(2026, 11, 20), MONTHS)
        ]
        await session.refresh(listed)
        heard = await until(session, lambda _: not session.decoder.unconfirmed(listed))
        assert {quote.instrument for quote in of(Quote, heard)} == set(listed)


async def test_refreshing_one_contract_leaves_the_others_flowing(market: Market) -> None:
    async with market.client().connect(ALL) as session:
        await subscribed(session)
        silent = listed_contracts("TTF", date(2026, 11, 20), 1)[0]
        market.sandbox.faults.arm("freeze_symbol", FOREVER, str(silent))
        heard = await until(session, lambda heard: len(of(Quote, heard)) > 60)
        assert silent not in {quote.instrument for quote in of(Quote, heard)[5:]}
        await session.refresh([silent])
        assert not session.is_subscribed
        heard = await until(
            session, lambda heard: silent in {quote.instrument for quote in of(Quote, heard)}
        )
        assert session.is_subscribed
        images = [arrival for arrival in heard if b"\x0135=W\x01" in arrival.frame]
        assert len(images) == 1
        assert (missed(heard), of(Gap, heard)) == (0, [])


@pytest.mark.parametrize(
    ("fault", "bad"),
    [
        ("garbage_frame", "garbled"),
        ("truncated_frame", "truncated"),
        ("bad_checksum", "checksum"),
    ],
)
async def test_a_bad_frame_is_handed_on_and_what_it_held_comes_again(fault: str, bad: str) -> None:
    async with running(replays=True) as market, market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm(fault)
        heard = await until(session, lambda heard: any(one.decoded.bad for one in heard))
        assert [one.decoded.bad for one in heard if one.decoded.bad] == [bad]
        heard += await until(session, more(10))
        assert not session.decoder.has_missing
        is_lost = bad != "garbled"
        assert sum(one.decoded.is_late for one in heard) == missed(heard) == is_lost


async def test_a_repeated_message_is_left_out_and_counted(market: Market) -> None:
    async with market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("repeat_sequence", 3)
        heard = await until(
            session, lambda heard: sum(one.decoded.is_repeated for one in heard) == 3
        )
        assert all(not one.decoded.events for one in heard if one.decoded.is_repeated)


async def test_messages_out_of_order_are_missed_and_late() -> None:
    async with running(replays=True) as market, market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("reorder")
        heard = await until(session, lambda heard: any(one.decoded.is_late for one in heard))
        assert missed(heard) == 1
        await until(session, more(10))
        assert not session.decoder.has_missing


async def test_a_number_too_low_ends_the_session(market: Market) -> None:
    async with market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("low_sequence")
        with pytest.raises(FeedDisconnected, match="too low"):
            await until(session, lambda _: False)
        with pytest.raises(FeedDisconnected, match="too low"):
            await session.refresh([Instrument.parse("B-202702")])


async def test_slowly_dripping_bytes_are_still_messages(market: Market) -> None:
    async with market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("slow_drip", 3)
        heard = await until(session, lambda _: not market.sandbox.faults.left["slow_drip"])
        heard += await until(session, more(10))
        assert [one.decoded.bad for one in heard if one.decoded.bad] == []
        assert missed(heard) == 0


async def test_dropped_connections_are_reported(market: Market) -> None:
    client = market.client()
    async with client.connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("drop_connections")
        with pytest.raises(FeedDisconnected):
            await until(session, lambda _: False)
    async with client.connect(["B"]) as again:
        await subscribed(again)
        assert again.session_id > session.session_id


async def test_silence_is_tested_and_then_a_disconnection(market: Market) -> None:
    async with market.client().connect(["B"]) as session:
        await subscribed(session)
        market.sandbox.faults.arm("silence", FOREVER)
        with pytest.raises(FeedDisconnected, match=r"silent for \d"):
            await until(session, lambda _: False)


async def test_stalled_heartbeats_matter_only_while_nothing_else_flows(market: Market) -> None:
    market.sandbox.faults.arm("stall_heartbeat", FOREVER)
    async with market.client().connect(ALL) as session:
        await subscribed(session)
        started_ns = market.clock.now_ns()
        await until(session, lambda _: market.clock.now_ns() > started_ns + 2_000_000_000)
    async with running(now_ns=CLOSED_NS) as closed, closed.client().connect(["B"]) as session:
        closed.sandbox.faults.arm("stall_heartbeat", FOREVER)
        await subscribed(session)
        with pytest.raises(FeedDisconnected, match="silent"):
            await until(session, lambda _: False)


async def test_a_stopped_gateway_is_reported() -> None:
    async with running() as market:
        context = market.client().connect(["B"])
        session = await context.__aenter__()
        await subscribed(session)
    with pytest.raises(FeedDisconnected):
        await until(session, lambda _: False)
    await context.__aexit__(None, None, None)


async def test_what_was_captured_decodes_to_the_same_events(market: Market) -> None:
    async with market.client().connect(ALL) as session:
        heard = await subscribed(session)
        market.sandbox.faults.arm("skip_sequence")
        heard += await until(session, more(60))
        decoder = SPEC.make_decoder(session.session_id, "sandbox")
        again = [decoder.decode(one.frame, one.received_ns) for one in heard]
        assert again == [one.decoded for one in heard]
        assert decoder.checkpoint() == session.decoder.checkpoint()


async def test_faults_are_switched_over_http(market: Market) -> None:
    async with httpx.AsyncClient(base_url=market.control_url, trust_env=False) as http:
        assert (await http.post("/_sandbox/faults/bad_checksum?times=2")).status_code == 200
        assert (await http.post("/_sandbox/faults/earthquake")).status_code == 404
        async with market.client().connect(["B"]) as session:
            await subscribed(session)
            state = (await http.get("/_sandbox/state")).json()
        assert state["open_sessions"] == state["accepted_sessions"] == 1
        assert state["happened"]["bad_checksum"] == 2


async def test_the_process_announces_itself_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        SPEC.sandbox_module,
        "--seed",
        "7",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "HELIOSTAT_SANDBOX_PASSWORD": PASSWORD},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        announced = json.loads(await process.stdout.readline())
        address = SandboxAddress(
            host="127.0.0.1", port=announced["port"], user="me", password=PASSWORD
        )
        clock = ShiftedClock(announced["offset_ns"])
        client = SPEC.make_client(SPEC.sandbox_config(address), "sandbox", clock)
        assert await client.instruments("B")
        control = f"http://127.0.0.1:{announced['control_port']}/_sandbox/state"
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(control)).json()["accepted_sessions"] == 1
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


def test_the_client_takes_only_what_fits_a_session() -> None:
    with pytest.raises(InvalidInput):
        Market(None, 0, "", ShiftedClock(0)).client()  # type: ignore[arg-type]
    assert Instrument.parse("B-202702").product in SPEC.products


async def exhaust(session: IceSession, heard: Heard) -> None:
    async with asyncio.timeout(20):
        while True:
            heard += await session.receive()


async def test_what_arrived_before_a_failed_answer_is_handed_over(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market.client().connect(["B"]) as session:
        await subscribed(session)
        decoded = 0
        decode = session.decoder.decode

        def count(frame: bytes, received_ns: int) -> Decoded:
            nonlocal decoded
            decoded += 1
            return decode(frame, received_ns)

        async def fail() -> None:
            raise FeedDisconnected(venue="ice", reason="TimeoutError while sending")

        monkeypatch.setattr(session.decoder, "decode", count)
        monkeypatch.setattr(session, "_drain", fail)
        heard: Heard = []
        with pytest.raises(FeedDisconnected, match="while sending"):
            await exhaust(session, heard)
        assert len(heard) == decoded > 0
        monkeypatch.undo()
