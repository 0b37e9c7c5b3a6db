"""Own one market data session: login, subscriptions, and what the venue says about them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import FeedDisconnected
from core.market import Instrument
from integrations.cme.codec import (
    VENUE,
    CmeDecoder,
    Control,
    decode_control,
    encode_subscribe,
)
from integrations.cme.config import CmeConfig
from integrations.cme.wire import MessageKind
from integrations.venue import Arrival
from integrations.websocket import MessageSocket, Received, SocketEnded


class CmeSession:
    """Be one open connection, made by `CmeClient.connect`.

    What arrived before an end is returned first; the end is raised by the next `receive`.
    """

    def __init__(
        self,
        socket: MessageSocket,
        decoder: CmeDecoder,
        *,
        session_id: int,
        config: CmeConfig,
        clock: Clock,
    ) -> None:
        self.session_id = session_id
        self._socket = socket
        self.decoder = decoder
        self._config = config
        self._clock = clock
        self._backlog: list[Received] = []
        self._is_logged_in = False
        self._end: str | None = None
        self._last_request = 0
        self._waiting: dict[str, str] = {}
        self._answer_by_ns = 0
        self._refused: dict[str, str] = {}

    @property
    def is_subscribed(self) -> bool:
        """Tell whether every subscription was confirmed or refused."""
        return self._is_logged_in and not self._waiting

    @property
    def refused(self) -> Mapping[str, str]:
        """Return the products that the venue refused, each with its reason."""
        return MappingProxyType(self._refused)

    async def log_in(self) -> None:
        """Wait until the venue accepts the session; what came meanwhile is received later.

        Raises:
            FeedDisconnected: it refuses, or says nothing.
        """
        try:
            async with asyncio.timeout(self._config.login_timeout_s):
                while not self._is_logged_in:
                    messages = await self._fetch(self._config.login_timeout_s)
                    self._backlog.extend(messages)
                    for _, frame in messages:
                        self._obey(decode_control(frame))
                    self._raise_end()
        except TimeoutError as error:
            raise _disconnected(reason="the login was not answered") from error

    def subscribe(self, products: Sequence[str]) -> None:
        """Ask for every listed month of the products, each by itself.

        So one that the venue refuses does not take the others down.

        Raises:
            FeedDisconnected: the connection ended.
        """
        patience_ns = int(self._config.subscribe_timeout_s * NANOSECONDS_PER_SECOND)
        self._answer_by_ns = self._clock.now_ns() + patience_ns
        for product in products:
            self._last_request += 1
            self._waiting[str(self._last_request)] = product
            try:
                self._socket.send_text(encode_subscribe(self._last_request, product))
            except SocketEnded as error:
                raise _disconnected(reason=str(error)) from error

    async def refresh(self, instruments: Collection[Instrument]) -> None:
        """Subscribe again to the products concerned.

        The documents do not promise fresh values in answer, so that nothing relies on them.

        Raises:
            FeedDisconnected: the connection ended.
        """
        self.subscribe(sorted({instrument.product for instrument in instruments}))

    async def receive(self) -> Sequence[Arrival]:
        """Wait for frames and return those that have arrived, at least one.

        Raises:
            FeedDisconnected: the connection ended, was silent for too long, or the venue left a
                subscription unanswered.
        """
        messages, self._backlog = self._backlog, []
        if not messages:
            self._raise_end()
            self._check_patience()
            messages = await self._fetch(self._config.silence_timeout_s)
        decode, arrivals = self.decoder.decode, []
        for received_ns, frame in messages:
            decoded = decode(frame, received_ns)
            arrivals.append(Arrival(received_ns, frame, decoded))
            # A gap may stand before what the venue says about the session.
            if decoded.missed or not decoded.events:
                self._obey(decode_control(frame))
        return arrivals

    async def _fetch(self, timeout_s: float) -> list[Received]:
        try:
            return await self._socket.receive(timeout_s)
        except SocketEnded as error:
            raise _disconnected(reason=str(error)) from error

    def _obey(self, control: Control | None) -> None:
        if control is None:
            return
        if control.kind is MessageKind.LOGIN_STATUS:
            if not control.is_login_accepted:
                word = "ended the session" if self._is_logged_in else "refused the login"
                self._end = f"the venue {word}: {control.status}"
            self._is_logged_in = True
            return
        product = self._waiting.pop(control.request_id or "", None)
        if product is not None and control.kind is MessageKind.SUBSCRIPTION_ERROR:
            self._refused[product] = control.text or control.status or "no reason given"

    def _raise_end(self) -> None:
        if self._end is not None:
            raise _disconnected(reason=self._end)

    def _check_patience(self) -> None:
        # Heartbeats alone keep a socket alive, so a lost request would never be noticed.
        if self._waiting and self._clock.now_ns() > self._answer_by_ns:
            products = ", ".join(self._waiting.values())
            raise _disconnected(reason=f"the subscription of {products} was never answered")


def _disconnected(*, reason: str) -> FeedDisconnected:
    return FeedDisconnected(venue=VENUE, reason=reason)
