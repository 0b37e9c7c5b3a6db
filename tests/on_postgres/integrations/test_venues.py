"""Drive every venue's client against its sandbox, run as the stack runs it, over loopback."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from core.clock import SystemClock
from core.errors import FeedDisconnected, SourceUnavailable
from core.market import SANDBOX_SOURCE, Gap, Quote, Settlement
from core.products import PRODUCTS
from integrations.registry import VENUES
from integrations.venue import Arrival, SandboxAddress, VenueClient, VenueSession, VenueSpec
from tests.example_venue.client import SPEC as ACME
from tests.on_postgres.conftest import poll

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).resolve().parents[3]
SPECS = [*VENUES.values(), ACME]
PASSWORD = "of-the-sandbox"


def free_ports(offset: int) -> tuple[int, int]:
    """Return a free port, and the one `offset` above it, which is free too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError):
                if offset:
                    socket.create_server(("127.0.0.1", port + offset)).close()
                return port, port + offset


@dataclass
class Running:
    """Hold one sandbox process and what is known of it."""

    spec: VenueSpec
    port: int
    control: httpx.AsyncClient
    clients: list[VenueClient] = field(default_factory=list)

    def client(self, password: str = PASSWORD, port: int | None = None) -> VenueClient:
        address = SandboxAddress(
            host="127.0.0.1", port=port or self.port, user="sandbox", password=password
        )
        config = self.spec.sandbox_config(address)
        self.clients.append(self.spec.make_client(config, SANDBOX_SOURCE, SystemClock()))
        return self.clients[-1]

    async def arm(self, fault: str, times: int = 1) -> None:
        answer = await self.control.post(f"/_sandbox/faults/{fault}", params={"times": times})
        answer.raise_for_status()


@pytest.fixture(scope="module", params=SPECS, ids=lambda spec: spec.code)
def process(request: pytest.FixtureRequest) -> Iterator[tuple[VenueSpec, int]]:
    """Run the sandbox of one venue in a process of its own, as the stack does."""
    spec: VenueSpec = request.param
    port, control_port = free_ports(spec.sandbox_control_offset)
    words = ["--port", str(port), "--control-port", str(control_port), "--seed", "7"]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", spec.sandbox_module, *words],
        cwd=ROOT,
        env={**os.environ, "HELIOSTAT_SANDBOX_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
    ) as started:
        try:
            asyncio.run(poll(lambda: answers(control_port)))
            yield spec, port
        finally:
            started.terminate()
            started.wait(timeout=10)


async def answers(control_port: int) -> bool:
    """Tell whether the sandbox serves."""
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            answer = await http.get(f"http://127.0.0.1:{control_port}/_sandbox/state")
        except httpx.HTTPError:
            return False
    return answer.status_code == 200


@pytest.fixture
async def running(process: tuple[VenueSpec, int]) -> AsyncIterator[Running]:
    """Lend the sandbox to one test, with no fault armed."""
    spec, port = process
    base_url = f"http://127.0.0.1:{port + spec.sandbox_control_offset}"
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as control:
        (await control.delete("/_sandbox/faults")).raise_for_status()
        sandbox = Running(spec, port, control)
        yield sandbox
        for client in sandbox.clients:
            await client.close()


async def receive_until(
    session: VenueSession, arrived: list[Arrival], done: Callable[[Sequence[Arrival]], bool]
) -> None:
    async with asyncio.timeout(20):
        while not done(arrived):
            arrived.extend(await session.receive())


def events_of(arrived: Sequence[Arrival]) -> list[object]:
    return [event for arrival in arrived for event in arrival.decoded.events]


def quoted(arrived: Sequence[Arrival]) -> set[str]:
    return {e.instrument.product for e in events_of(arrived) if isinstance(e, Quote)}


def settled(arrived: Sequence[Arrival]) -> set[str]:
    return {e.instrument.product for e in events_of(arrived) if isinstance(e, Settlement)}


def reasons(arrived: Sequence[Arrival]) -> list[str]:
    return [arrival.decoded.bad for arrival in arrived if arrival.decoded.bad is not None]


async def test_a_session_brings_quotes_and_settlements_of_every_product(running: Running) -> None:
    products = set(running.spec.products)
    async with running.client().connect(running.spec.products) as session:
        arrived: list[Arrival] = []
        await receive_until(
            session,
            arrived,
            lambda so_far: (
                session.is_subscribed
                and quoted(so_far) == products
                and settled(so_far) == products
                and len(so_far) > 100
            ),
        )
        assert dict(session.refused) == {}
        assert reasons(arrived) == []
        assert not [event for event in events_of(arrived) if isinstance(event, Gap)]
        quotes = [event for event in events_of(arrived) if isinstance(event, Quote)]
        assert {quote.source for quote in quotes} == {SANDBOX_SOURCE}
        assert {quote.session for quote in quotes} == {session.session_id}
    replayed = running.spec.make_decoder(session.session_id, SANDBOX_SOURCE)
    again = [replayed.decode(arrival.frame, arrival.received_ns) for arrival in arrived]
    assert again == [arrival.decoded for arrival in arrived]


async def test_a_refused_product_does_not_keep_the_others_back(running: Running) -> None:
    foreign = next(code for code in PRODUCTS if code not in running.spec.products)
    asked = (foreign, *running.spec.products)
    async with running.client().connect(asked) as session:
        arrived: list[Arrival] = []
        await receive_until(
            session,
            arrived,
            lambda so_far: session.is_subscribed and quoted(so_far) == set(running.spec.products),
        )
        assert set(session.refused) == {foreign}
        assert session.refused[foreign]


async def test_a_checkpoint_continues_the_session(running: Running) -> None:
    async with running.client().connect(running.spec.products) as session:
        before: list[Arrival] = []
        await receive_until(session, before, lambda so_far: bool(quoted(so_far)))
        state = session.decoder.checkpoint()
        after: list[Arrival] = []
        await receive_until(session, after, lambda so_far: len(so_far) > 20)
    restored = running.spec.make_decoder(session.session_id, SANDBOX_SOURCE)
    restored.restore(state)
    again = [restored.decode(arrival.frame, arrival.received_ns) for arrival in after]
    assert again == [arrival.decoded for arrival in after]


async def test_a_later_session_has_a_higher_number(running: Running) -> None:
    client = running.client()
    numbers = []
    for _ in range(2):
        async with client.connect(running.spec.products[:1]) as session:
            numbers.append(session.session_id)
    assert numbers == sorted(set(numbers))


async def test_the_venue_lists_contracts_of_every_product(running: Running) -> None:
    client = running.client()
    for code in running.spec.products:
        listed = await client.instruments(code)
        assert {contract.instrument.product for contract in listed} == {code}
        months = [contract.instrument.contract_month for contract in listed]
        assert len(set(months)) == len(months) >= 12
        assert all(contract.symbol for contract in listed)


async def test_garbage_is_counted_and_the_stream_goes_on(running: Running) -> None:
    async with running.client().connect(running.spec.products) as session:
        arrived: list[Arrival] = []
        await receive_until(session, arrived, lambda so_far: bool(quoted(so_far)))
        await running.arm("garbage_frame")
        await receive_until(session, arrived, lambda so_far: bool(reasons(so_far)))
        seen = len(arrived)
        await receive_until(session, arrived, lambda so_far: bool(events_of(so_far[seen:])))


def gaps_of(arrivals: Sequence[Arrival]) -> list[Gap]:
    return [event for event in events_of(arrivals) if isinstance(event, Gap)]


async def test_missed_messages_leave_a_gap(running: Running) -> None:
    async with running.client().connect(running.spec.products) as session:
        arrived: list[Arrival] = []
        await receive_until(session, arrived, lambda so_far: bool(quoted(so_far)))
        await running.arm("skip_sequence")
        await receive_until(session, arrived, lambda so_far: bool(gaps_of(so_far)))
    assert any(arrival.decoded.missed for arrival in arrived)
    gaps = gaps_of(arrived)
    assert {gap.venue for gap in gaps} == {running.spec.code}
    assert {gap.session for gap in gaps} == {session.session_id}


async def test_a_dropped_connection_is_told(running: Running) -> None:
    async with running.client().connect(running.spec.products) as session:
        await running.arm("drop_connections")
        with pytest.raises(FeedDisconnected):
            await receive_until(session, [], lambda _: False)


async def test_single_instruments_are_refreshed_where_the_venue_can(running: Running) -> None:
    if not running.spec.heals_in_session:
        pytest.skip("this venue heals on a second session")
    async with running.client().connect(running.spec.products) as session:
        arrived: list[Arrival] = []
        await receive_until(session, arrived, lambda so_far: bool(quoted(so_far)))
        quotes = [event for event in events_of(arrived) if isinstance(event, Quote)]
        farthest = max(quotes, key=lambda quote: quote.instrument.contract_month).instrument
        await session.refresh([farthest])
        fresh: list[Arrival] = []
        await receive_until(
            session,
            fresh,
            lambda so_far: (
                farthest in {e.instrument for e in events_of(so_far) if isinstance(e, Quote)}
            ),
        )


async def test_a_wrong_password_is_refused(running: Running) -> None:
    with pytest.raises((FeedDisconnected, SourceUnavailable)):
        async with running.client("of-somebody-else").connect(running.spec.products):
            pass


async def test_nobody_there_is_told(running: Running) -> None:
    port, _ = free_ports(0)
    client = running.client(port=port)
    with pytest.raises(SourceUnavailable):
        async with client.connect(running.spec.products):
            pass
