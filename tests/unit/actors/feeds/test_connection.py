"""Check how a connection is followed, replaced and opened again, by sessions of a script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from actors.feeds.connection import FeedConnection
from core.errors import FeedDisconnected, NotFound
from core.market import ContractMonth, GapReason, Instrument
from integrations.cme.codec import CmeDecoder
from integrations.venue import Arrival, Decoded, ListedContract, SessionDecoder, VenueSession

NEAR = Instrument("CL", ContractMonth(2027, 1))
WITHIN_S = 10.0
ARRIVAL = Arrival(1, b"frame", Decoded())


class Session:
    """Be a session that receives what the test puts."""

    def __init__(self, session_id: int, *, is_subscribed: bool) -> None:
        self.session_id = session_id
        self.is_subscribed = is_subscribed
        self.is_closed = False
        self.refreshed: list[list[Instrument]] = []
        self.decoder: SessionDecoder = CmeDecoder(session_id, "sandbox")
        self.refused: Mapping[str, str] = {}
        self._waiting: asyncio.Queue[Arrival | None] = asyncio.Queue()

    def put(self, arrival: Arrival | None = ARRIVAL) -> None:
        self._waiting.put_nowait(arrival)

    def drop(self) -> None:
        self.put(None)

    async def receive(self) -> Sequence[Arrival]:
        arrival = await self._waiting.get()
        if arrival is None:
            raise FeedDisconnected(venue="cme", reason="dropped")
        return [arrival]

    async def refresh(self, instruments: Collection[Instrument]) -> None:
        self.refreshed.append(list(instruments))


class Venue:
    """Open sessions, numbered from 1."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.is_answering = True

    @asynccontextmanager
    async def connect(self, products: Sequence[str]) -> AsyncIterator[Session]:
        del products
        session = Session(len(self.sessions) + 1, is_subscribed=self.is_answering)
        self.sessions.append(session)
        try:
            yield session
        finally:
            session.is_closed = True

    async def instruments(self, product: str) -> list[ListedContract]:
        raise NotFound(what="Product", name=product)

    async def close(self) -> None: ...


class Told:
    """Keep what a connection tells, and how it asked to try again."""

    def __init__(self) -> None:
        self.arrived_of: list[int] = []
        self.interruptions: list[tuple[int, GapReason]] = []
        self.attempts: list[int] = []
        self.on_arrival: Callable[[VenueSession], object] = lambda session: session

    def arrived(self, session: VenueSession, arrivals: Sequence[Arrival]) -> None:
        self.on_arrival(session)
        self.arrived_of += [session.session_id] * len(arrivals)

    def interrupted(self, session_id: int, reason: GapReason) -> None:
        self.interruptions.append((session_id, reason))

    async def delay_s(self, venue: str, attempt: int) -> float:
        del venue
        self.attempts.append(attempt)
        return 0.0


class Line:
    """Run a connection to a scripted venue."""

    def __init__(self, *, heals_in_session: bool) -> None:
        self.venue, self.told = Venue(), Told()
        self.connection = FeedConnection(
            self.venue,
            venue="cme",
            products=("CL",),
            heals_in_session=heals_in_session,
            reconnects=self.told,
            port=self.told,
        )
        self._running = asyncio.create_task(self.connection.run())

    async def session(self, number: int) -> Session:
        await until(lambda: len(self.venue.sessions) >= number)
        return self.venue.sessions[number - 1]

    async def end(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


@asynccontextmanager
async def line(*, heals_in_session: bool = False) -> AsyncIterator[Line]:
    made = Line(heals_in_session=heals_in_session)
    try:
        yield made
    finally:
        await made.end()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not reached():  # noqa: ASYNC110 - the connection sets no event of ours
            await asyncio.sleep(0)


async def pass_through(made: Line, session: Session) -> None:
    before = len(made.told.arrived_of)
    session.put()
    await until(lambda: len(made.told.arrived_of) > before)


async def test_a_second_session_takes_over_without_an_interruption() -> None:
    async with line() as made:
        first = await made.session(1)
        await pass_through(made, first)
        made.connection.heal([NEAR])
        await pass_through(made, first)
        await made.session(2)
        await pass_through(made, first)
        await until(lambda: made.connection.session_id == 2 or first.put() is not None)
        assert made.told.interruptions == [(0, GapReason.STARTED)]
        assert made.connection.replacements == 1
        assert first.is_closed


async def test_while_a_replacement_is_awaited_a_dead_session_is_no_connection() -> None:
    async with line() as made:
        first = await made.session(1)
        await pass_through(made, first)
        made.venue.is_answering = False
        made.connection.heal([NEAR])
        await pass_through(made, first)
        second = await made.session(2)
        first.drop()
        await until(lambda: (1, GapReason.DISCONNECTED) in made.told.interruptions)
        assert made.connection.session is None
        second.is_subscribed = True
        second.put()
        await until(lambda: made.connection.session_id == 2)
        assert made.told.arrived_of[-1] == 2


async def test_a_replacement_that_fails_too_ends_in_another_try() -> None:
    async with line() as made:
        first = await made.session(1)
        await pass_through(made, first)
        made.venue.is_answering = False
        made.connection.heal([NEAR])
        await pass_through(made, first)
        second = await made.session(2)
        first.drop()
        second.drop()
        third = await made.session(3)
        await pass_through(made, third)
        assert (first.is_closed, second.is_closed) == (True, True)
        assert made.connection.session_id == 3


async def test_a_gap_that_the_replacement_sees_before_it_takes_over_is_healed_too() -> None:
    async with line() as made:
        first = await made.session(1)
        await pass_through(made, first)
        made.venue.is_answering = False
        made.connection.heal([NEAR])
        await pass_through(made, first)
        second = await made.session(2)
        made.told.on_arrival = lambda session: (
            session is second and made.connection.heal([NEAR], spacing_s=0.0)
        )
        second.is_subscribed = True
        second.put()
        await until(lambda: made.connection.session_id == 2 or first.put() is not None)
        await pass_through(made, second)
        await made.session(3)


async def test_a_gap_in_every_frame_is_not_asked_about_in_every_frame() -> None:
    async with line(heals_in_session=True) as made:
        first = await made.session(1)
        for _ in range(50):
            made.connection.heal([NEAR])
            await pass_through(made, first)
        assert len(first.refreshed) == 1
        assert first.refreshed == [[NEAR]]


async def test_what_was_held_back_is_asked_for_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.feeds.connection.AFTER_REFRESH_S", 0.05)
    async with line(heals_in_session=True) as made:
        first = await made.session(1)
        for _ in range(2):
            made.connection.heal([NEAR])
            await pass_through(made, first)
        async with asyncio.timeout(WITHIN_S):
            while len(first.refreshed) < 2:
                await pass_through(made, first)


async def test_a_venue_that_ends_each_session_soon_is_asked_ever_later() -> None:
    async with line() as made:
        for number in range(1, 5):
            session = await made.session(number)
            await pass_through(made, session)
            session.drop()
        await made.session(5)
        assert made.told.attempts == [0, 1, 2, 3]


async def test_a_session_that_lasted_counts_though_it_ended_with_a_question_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("actors.feeds.connection.STEADY_S", 0.0)
    async with line() as made:
        for number in range(1, 4):
            session = await made.session(number)
            await pass_through(made, session)
            session.is_subscribed = False
            session.drop()
        await made.session(4)
        assert made.told.attempts == [0, 0, 0]
