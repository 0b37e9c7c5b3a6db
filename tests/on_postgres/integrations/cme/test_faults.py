"""Hold what the client makes of each fault of the sandbox, over real sockets."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

import pytest

from core.clock import ns_from_utc
from core.errors import FeedDisconnected, SourceUnavailable
from core.market import Gap, GapReason, Quote
from integrations.cme.codec import CmeDecoder
from integrations.sandbox_frames import SKIPPED_NUMBERS
from integrations.sandbox_kit import FOREVER
from integrations.venue import Arrival, VenueSession
from quant.calendars import listed_contracts

pytestmark = pytest.mark.postgres


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


def many(arrivals: list[Arrival]) -> bool:
    return len(arrivals) > 40


async def spoilt(market: Any, fault: str, times: int = 1) -> list[Arrival]:
    """Receive a while of a session in whose midst the fault happened."""
    async with market.client() as client, client.connect(["CL"]) as session:
        arrivals = await arrivals_until(session, many)
        market.sandbox.faults.arm(fault, times)
        arrivals += await arrivals_until(
            session, lambda later: market.sandbox.faults.happened[fault] == times
        )
        arrivals += await arrivals_until(session, many)
    decoder = CmeDecoder(session.session_id, "sandbox")
    again = [decoder.decode(arrival.frame, arrival.received_ns) for arrival in arrivals]
    assert again == [arrival.decoded for arrival in arrivals]
    return arrivals


def gaps(arrivals: list[Arrival]) -> list[Gap]:
    events = [event for arrival in arrivals for event in arrival.decoded.events]
    return [event for event in events if isinstance(event, Gap)]


async def test_dropped_connections_are_reported(market: Any) -> None:
    async with market.client() as client:
        async with client.connect(["CL"]) as session:
            market.sandbox.faults.arm("drop_connections")
            with pytest.raises(FeedDisconnected, match="closed with code 1001"):
                await arrivals_until(session, never)
        async with client.connect(["CL"]) as again:
            await arrivals_until(again, many)
            assert again.session_id > session.session_id


async def test_skipped_numbers_are_a_gap_of_the_whole_session(market: Any) -> None:
    arrivals = await spoilt(market, "skip_sequence", 2)
    assert [arrival.decoded.missed for arrival in arrivals if arrival.decoded.missed] == [
        SKIPPED_NUMBERS
    ] * 2
    found = gaps(arrivals)
    assert [(gap.reason, gap.instruments) for gap in found] == [(GapReason.SEQUENCE, ())] * 2
    (first, _) = found
    assert first.received_sequence is not None
    assert first.expected_sequence == first.received_sequence - SKIPPED_NUMBERS


async def test_a_hole_before_the_confirmation_does_not_hide_it(market: Any) -> None:
    async with market.client() as client, client.connect(["CL"]) as session:
        market.sandbox.faults.arm("skip_sequence")
        arrivals = await arrivals_until(session, lambda arrivals: session.is_subscribed)
        assert len(gaps(arrivals)) == 1


async def test_repeated_frames_are_left_out(market: Any) -> None:
    arrivals = await spoilt(market, "repeat_sequence", 3)
    repeated = [arrival.decoded for arrival in arrivals if arrival.decoded.is_repeated]
    assert len(repeated) == 3
    assert all(not decoded.events for decoded in repeated)
    assert not gaps(arrivals)


async def test_overtaken_frames_are_late_not_lost(market: Any) -> None:
    arrivals = await spoilt(market, "reorder", 3)
    assert sum(arrival.decoded.is_late for arrival in arrivals) == 3
    assert sum(arrival.decoded.missed for arrival in arrivals) == 3
    numbers = sorted(arrival.decoded.sequence for arrival in arrivals)
    assert numbers == list(range(len(arrivals)))


async def test_a_garbage_frame_is_handed_on_and_does_not_end_the_session(market: Any) -> None:
    arrivals = await spoilt(market, "garbage_frame", 2)
    assert [arrival.decoded.bad for arrival in arrivals if arrival.decoded.bad] == ["json"] * 2
    # It was never numbered, so that nothing is missing.
    assert not gaps(arrivals)


async def test_a_truncated_frame_is_bad_and_leaves_a_hole(market: Any) -> None:
    arrivals = await spoilt(market, "truncated_frame")
    assert [arrival.decoded.bad for arrival in arrivals if arrival.decoded.bad] == ["truncated"]
    assert sum(arrival.decoded.missed for arrival in arrivals) == 1


async def test_silence_is_a_disconnection(market: Any) -> None:
    client = market.client(silence_timeout_s=0.5)
    async with client, client.connect(["CL"]) as session:
        await arrivals_until(session, many)
        market.sandbox.faults.arm("silence", FOREVER)
        with pytest.raises(FeedDisconnected, match=r"silent for 0\.5 s"):
            await arrivals_until(session, never)


async def test_stalled_heartbeats_go_unnoticed_only_while_prices_flow(serve: Any) -> None:
    saturday_ns = ns_from_utc(datetime(2026, 11, 21, 15, 0, tzinfo=UTC))
    async with (
        serve(saturday_ns) as market,
        market.client(silence_timeout_s=0.5) as client,
        client.connect(["CL"]) as session,
    ):
        arrivals = await arrivals_until(session, lambda arrivals: len(arrivals) > 17)
        events = [event for arrival in arrivals for event in arrival.decoded.events]
        assert not any(isinstance(event, Quote) for event in events)
        market.sandbox.faults.arm("stall_heartbeat", FOREVER)
        with pytest.raises(FeedDisconnected, match="silent"):
            await arrivals_until(session, never)


async def test_one_symbol_freezes_while_the_others_flow(market: Any) -> None:
    front, *others = listed_contracts("CL", date(2026, 11, 20), 12)
    faults = market.sandbox.faults
    async with market.client() as client, client.connect(["CL"]) as session:
        await arrivals_until(session, many)
        faults.arm("freeze_symbol", FOREVER, str(front))
        # What was sent before may still be on its way.
        await arrivals_until(session, lambda arrivals: faults.happened["freeze_symbol"] > 3)
        arrivals = await arrivals_until(
            session, lambda arrivals: faults.happened["freeze_symbol"] > 12
        )
        heard = {event.instrument for arrival in arrivals for event in arrival.decoded.events}
        assert front not in heard
        assert heard & set(others)
        assert not gaps(arrivals)
        faults.clear()
        await arrivals_until(
            session,
            lambda arrivals: any(
                event.instrument == front
                for arrival in arrivals
                for event in arrival.decoded.events
            ),
        )


@pytest.mark.parametrize(
    ("fault", "status"), [("unauthorized", 401), ("too_many_requests", 429), ("server_error", 500)]
)
async def test_refused_requests_are_unavailable(market: Any, fault: str, status: int) -> None:
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


async def test_an_answer_that_drips_is_given_up(market: Any) -> None:
    async with market.client(http_timeout_s=0.5) as client:
        await client.token()
        market.sandbox.faults.arm("slow_drip")
        started = perf_counter()
        with pytest.raises(SourceUnavailable, match="TimeoutError"):
            await client.instruments("CL")
        # Bytes kept coming all the while, five a second.
        assert 0.4 < perf_counter() - started < 5.0
        assert len(await client.instruments("CL")) == 12


async def test_a_stream_that_drips_shows_its_age(market: Any) -> None:
    arrivals = await spoilt(market, "slow_drip")
    assert not gaps(arrivals)
    assert not any(arrival.decoded.bad for arrival in arrivals)
    ages_ns = [arrival.received_ns - (arrival.decoded.sent_ns or 0) for arrival in arrivals]
    assert max(ages_ns) > 10**8
