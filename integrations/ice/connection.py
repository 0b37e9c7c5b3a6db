"""Own one open session with the gateway: bytes in and out, all else is decided elsewhere."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import FeedDisconnected
from core.market import Instrument
from integrations.ice.codec import VENUE, IceDecoder
from integrations.ice.config import IceConfig
from integrations.ice.fix import FixFramer, encode, fields_of, message_type
from integrations.ice.session import (
    ADMINISTRATIVE,
    Incoming,
    Outgoing,
    Phase,
    SessionState,
    deadline_ns,
    log_on,
    log_out,
    on_message,
    on_time,
    send,
)
from integrations.ice.subscriptions import Listing, Request, Subscriptions
from integrations.venue import Arrival, Decoded

_READ_BYTES = 65_536


class IceSession:
    """Be one session: everything that it must answer is answered inside `receive`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        session_id: int,
        source: str,
        clock: Clock,
        config: IceConfig,
        products: Sequence[str],
    ) -> None:
        self.session_id = session_id
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._config = config
        self._framer = FixFramer()
        self._decoder = IceDecoder(session_id, source)
        self._subscriptions = Subscriptions(products)
        self._early: list[Arrival] = []
        self._failure: FeedDisconnected | None = None
        self._subscribe_by_ns: int | None = None
        self._refreshed_lost = 0
        self._refresh_from_ns = 0
        self._state, logon = log_on(config.rules, config.password, clock.now_ns())
        self._write(logon)

    @property
    def decoder(self) -> IceDecoder:
        return self._decoder

    @property
    def _has_ended(self) -> bool:
        return self._state.phase is Phase.ENDED

    @property
    def is_subscribed(self) -> bool:
        return self._state.phase is Phase.ACTIVE and self._subscriptions.is_answered

    @property
    def refused(self) -> Mapping[str, str]:
        return self._subscriptions.refused

    async def log_on(self) -> None:
        """Wait until the gateway accepts the session, then ask for the products' contracts.

        Raises:
            FeedDisconnected: it refuses, or says something else, or nothing.
        """
        while self._state.phase is Phase.LOGGING_ON:
            self._early += await self._receive_once()
        if self._has_ended:
            raise self._disconnected()
        self._request(self._subscriptions.first())
        self._subscribe_by_ns = self._clock.now_ns() + _ns(self._config.subscribe_timeout_s)
        await self._drain()

    async def receive(self) -> Sequence[Arrival]:
        """Return all frames that have arrived, at least one, also those of the session itself."""
        arrivals, self._early = self._early, []
        while not arrivals:
            arrivals = await self._receive_once()
        return arrivals

    async def refresh(self, instruments: Collection[Instrument]) -> None:
        """Ask again for images of some contracts, which replaces their subscriptions."""
        if self._has_ended:
            raise self._disconnected()
        self._ask(instruments)
        await self._drain()

    async def list_contracts(self, product: str) -> Listing:
        """Ask for a product's contracts; the listing is complete once `receive` saw them all."""
        if self._has_ended:
            raise self._disconnected()
        listing = Listing(product)
        self._request([self._subscriptions.list_contracts(listing)])
        await self._drain()
        return listing

    async def close(self) -> None:
        """Say goodbye if there is still somebody to hear it, and close."""
        if self._state.phase is Phase.ACTIVE:
            self._step(log_out(self._state, "goodbye", self._clock.now_ns()))
        self._writer.close()
        try:
            async with asyncio.timeout(self._config.close_timeout_s):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _receive_once(self) -> list[Arrival]:
        """Wait for bytes or for the next thing to do, and do it; frames may be none."""
        if self._failure is not None:
            raise self._failure
        if self._has_ended:
            raise self._disconnected()
        data = await self._read()
        now_ns = self._clock.now_ns()
        arrivals = [self._arrived(frame, now_ns) for frame in self._framer.feed(data or b"")]
        if data == b"" and not self._has_ended:
            raise FeedDisconnected(venue=VENUE, reason="closed without a word")
        try:
            self._keep_time(now_ns)
            await self._drain()
        except FeedDisconnected as error:
            if not arrivals:
                raise
            # What arrived is handed over first.
            self._failure = error
        return arrivals

    async def _read(self) -> bytes | None:
        """Return bytes, none at the end of the stream; None when something else is due."""
        wait_ns = deadline_ns(self._state, self._config.rules) - self._clock.now_ns()
        try:
            async with asyncio.timeout(max(wait_ns, 0) / NANOSECONDS_PER_SECOND):
                return await self._reader.read(_READ_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise FeedDisconnected(venue=VENUE, reason=f"{type(error).__name__}") from error

    def _arrived(self, frame: bytes, now_ns: int) -> Arrival:
        decoded = self._decoder.decode(frame, now_ns)
        if decoded.bad is None:
            self._follow(frame, decoded, now_ns)
        return Arrival(now_ns, frame, decoded)

    def _follow(self, frame: bytes, decoded: Decoded, now_ns: int) -> None:
        kind = message_type(frame)
        is_plain = kind not in ADMINISTRATIVE and not decoded.missed and not decoded.is_repeated
        incoming = Incoming(
            kind=kind.decode("latin-1"),
            number=decoded.sequence or 0,
            missed=decoded.missed,
            is_repeated=decoded.is_repeated,
            values={} if is_plain else fields_of(frame),
        )
        self._step(on_message(self._state, incoming, now_ns))
        if not decoded.is_repeated:
            self._request(self._subscriptions.take(kind, frame, self._decoder.next_number))

    def _keep_time(self, now_ns: int) -> None:
        rules, has_missing = self._config.rules, self._decoder.has_missing
        self._step(on_time(self._state, rules, now_ns, has_missing=has_missing))
        if self._state.phase is Phase.ACTIVE:
            self._refresh_lost(now_ns)
        if self._subscribe_by_ns is None:
            return
        if self.is_subscribed:
            self._subscribe_by_ns = None
        elif now_ns > self._subscribe_by_ns:
            raise FeedDisconnected(venue=VENUE, reason="the subscription was never confirmed")

    def _refresh_lost(self, now_ns: int) -> None:
        """Ask for images of all that may have missed what will not be sent again."""
        lost = self._decoder.lost_before
        if lost == self._refreshed_lost or now_ns < self._refresh_from_ns:
            return
        self._refreshed_lost = lost
        self._refresh_from_ns = now_ns + _ns(self._config.refresh_s)
        unconfirmed = self._decoder.unconfirmed(self._subscriptions.instruments)
        self._ask(self._subscriptions.overdue(unconfirmed, lost))

    def _ask(self, instruments: Collection[Instrument]) -> None:
        self._request(self._subscriptions.ask(instruments, self._decoder.next_number))

    def _request(self, requests: Iterable[Request]) -> None:
        for request in requests:
            self._subscriptions.sent(request, self._state.next_number)
            kind, fields = request
            self._step(send(self._state, kind, tuple(fields), self._clock.now_ns()))

    def _step(self, step: tuple[SessionState, list[Outgoing]]) -> None:
        self._state, messages = step
        self._write(messages)

    def _write(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            now_ns = self._clock.now_ns()
            frame = encode(
                message.kind,
                message.fields,
                sequence=message.number,
                sent_ns=now_ns,
                sender=self._config.sender_comp_id,
                target=self._config.target_comp_id,
                original_ns=now_ns if message.is_duplicate else None,
            )
            self._writer.write(frame)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._config.write_timeout_s):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            # What arrived is still to be handed over; reading tells that the connection ended.
            if not self._has_ended:
                reason = f"{type(error).__name__} while sending"
                raise FeedDisconnected(venue=VENUE, reason=reason) from error

    def _disconnected(self) -> FeedDisconnected:
        return FeedDisconnected(venue=VENUE, reason=self._state.reason or "ended")


def _ns(seconds: float) -> int:
    return round(seconds * NANOSECONDS_PER_SECOND)
