"""Own one venue's connection: it is opened again after it ended, and healed after a gap."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from core.errors import FeedDisconnected, SourceUnavailable
from core.logs import get_logger
from core.market import GapReason, Instrument
from integrations.venue import Arrival, VenueClient, VenueSession

log = get_logger(__name__)

AFTER_GAP_S = 5.0
AFTER_SILENCE_S = 300.0
"""Space second sessions: each doubles what arrives, and a slow reader must not open many.

A silent instrument is often only a quiet one, so it waits longer.
"""
AFTER_REFRESH_S = 1.0
"""Space requests for fresh values: each is answered, and more would be lost where much is lost."""
STEADY_S = 5.0
"""Call a connection one that worked after it was subscribed for so long."""


class ReconnectPort(Protocol):
    """Say how long to wait before the next try; attempt 0 follows a connection that worked."""

    async def delay_s(self, venue: str, attempt: int) -> float: ...


class ArrivalPort(Protocol):
    """Take in what a connection received, and what it knows besides."""

    def arrived(self, session: VenueSession, arrivals: Sequence[Arrival]) -> None: ...

    def interrupted(self, session_id: int, reason: GapReason) -> None: ...


@dataclass(slots=True)
class _Opened:
    """Hold a session, what closes it, and what it received before it took over."""

    session: VenueSession
    closing: AsyncExitStack
    arrivals: list[Arrival] = field(default_factory=list)


class FeedConnection:
    """Keep one session of a venue open, and the stream flowing while it is healed.

    Where the venue heals in session, `heal` asks for fresh values of the instruments concerned.
    Else a second session is opened, and takes over once it is subscribed: make before break.
    """

    def __init__(
        self,
        client: VenueClient,
        *,
        venue: str,
        products: Sequence[str],
        heals_in_session: bool,
        reconnects: ReconnectPort,
        port: ArrivalPort,
    ) -> None:
        self.connections = 0
        self.replacements = 0
        self.session: VenueSession | None = None
        self._client = client
        self._venue = venue
        self._products = tuple(products)
        self._heals_in_session = heals_in_session
        self._reconnects = reconnects
        self._port = port
        self._to_refresh: set[Instrument] = set()
        self._replacement: asyncio.Task[_Opened] | None = None
        # By the loop's time, which no step of the clock touches.
        self._refresh_from_s = 0.0
        self._replaced_s = float("-inf")
        self._replace_from_s: float | None = None
        self._has_worked = False

    @property
    def session_id(self) -> int:
        return 0 if self.session is None else self.session.session_id

    def heal(self, instruments: Collection[Instrument], spacing_s: float = AFTER_GAP_S) -> None:
        """Let fresh values be asked for of instruments that may have missed something.

        `spacing_s` is the least time since the last second session, where one is needed.
        """
        if self._heals_in_session:
            self._to_refresh |= set(instruments)
            return
        due_s = self._replaced_s + spacing_s
        wanted_s = self._replace_from_s
        self._replace_from_s = due_s if wanted_s is None else min(wanted_s, due_s)

    async def run(self) -> NoReturn:
        """Connect, follow, and connect again, for ever."""
        self._port.interrupted(0, GapReason.STARTED)
        attempt = 0
        while True:
            self._has_worked = False
            try:
                await self._follow(await self._open())
            except (FeedDisconnected, SourceUnavailable) as error:
                log.warning("feed.disconnected", venue=self._venue, reason=error.detail)
            # A venue that lets us in and then ends the session soon is not hammered.
            attempt = 0 if self._has_worked else attempt
            await asyncio.sleep(await self._reconnects.delay_s(self._venue, attempt))
            attempt += 1

    async def _open(self) -> _Opened:
        async with AsyncExitStack() as closing:
            session = await closing.enter_async_context(self._client.connect(self._products))
            return _Opened(session, closing.pop_all())

    async def _follow(self, opened: _Opened) -> None:
        try:
            while True:
                opened = await self._follow_until_replaced(opened)
        finally:
            await self._drop_replacement()

    async def _follow_until_replaced(self, opened: _Opened) -> _Opened:
        """Follow one session; return the one that takes over from it."""
        session = opened.session
        self.session = session
        self.connections += 1
        self._to_refresh.clear()
        self._refresh_from_s = 0.0
        self._replace_from_s = None
        subscribed_s = float("inf")
        try:
            if opened.arrivals:
                self._port.arrived(session, opened.arrivals)
            while True:
                self._port.arrived(session, await session.receive())
                if subscribed_s == float("inf") and session.is_subscribed:
                    subscribed_s = _now_s()
                await self._refresh(session)
                replacement = self._ready_replacement()
                if replacement is not None:
                    return replacement
        except FeedDisconnected:
            # Nobody is connected while the second session is still being opened.
            self.session = None
            self._port.interrupted(session.session_id, GapReason.DISCONNECTED)
            ready, self._replacement = self._replacement, None
            if ready is None:
                raise
            return await ready
        finally:
            self.session = None
            self._has_worked = self._has_worked or _now_s() - subscribed_s >= STEADY_S
            await opened.closing.aclose()

    async def _refresh(self, session: VenueSession) -> None:
        now_s = _now_s()
        if self._to_refresh and now_s >= self._refresh_from_s:
            self._refresh_from_s = now_s + AFTER_REFRESH_S
            instruments, self._to_refresh = self._to_refresh, set()
            await session.refresh(sorted(instruments))

    def _ready_replacement(self) -> _Opened | None:
        """Return the session that is ready to take over; begin one if it is wanted."""
        if self._replacement is None:
            now_s = _now_s()
            if self._replace_from_s is not None and now_s >= self._replace_from_s:
                self._replace_from_s = None
                self._replaced_s = now_s
                self._replacement = asyncio.create_task(self._prepare())
            return None
        if not self._replacement.done():
            return None
        finished, self._replacement = self._replacement, None
        try:
            opened = finished.result()
        except (FeedDisconnected, SourceUnavailable) as error:
            log.warning("feed.unreplaced", venue=self._venue, reason=error.detail)
            self.heal(())
            return None
        self.replacements += 1
        return opened

    async def _prepare(self) -> _Opened:
        """Open a second session and wait until every subscription of it was answered."""
        opened = await self._open()
        try:
            while not opened.session.is_subscribed:
                opened.arrivals.extend(await opened.session.receive())
        except BaseException:  # also cancellation: nobody else would close the session
            await opened.closing.aclose()
            raise
        return opened

    async def _drop_replacement(self) -> None:
        unused, self._replacement = self._replacement, None
        if unused is None:
            return
        unused.cancel()
        [result] = await asyncio.gather(unused, return_exceptions=True)
        if isinstance(result, _Opened):
            await result.closing.aclose()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
