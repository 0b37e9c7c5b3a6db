"""Own what every venue of market data looks like to a feed: client, session, decoder, description.

A venue is a folder with `codec.py`, `client.py` and a sandbox; `client.py` describes it with one
`VenueSpec`, which `integrations/registry.py` lists.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec

from core.clock import Clock
from core.market import Gap, Instrument, PriceEvent


class Decoded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold what one frame says. A struct, since one is built for every frame.

    `events` are in the order of the frame, a gap that its sequence number shows ahead of them.
    `bad` names, in a few fixed words, why the frame could not be read; then there are no events.
    `skipped` names what was understood but is not an event of ours. `missed` counts the messages
    missing before it; `is_repeated` marks one that came before and whose events are left out,
    `is_late` one that was missed and came after all.
    """

    sequence: int | None = None
    sent_ns: int | None = None
    events: tuple[PriceEvent | Gap, ...] = ()
    bad: str | None = None
    skipped: tuple[str, ...] = ()
    missed: int = 0
    is_repeated: bool = False
    is_late: bool = False


class SessionDecoder(Protocol):
    """Turn the frames of one session into events, purely: no socket, no clock.

    Equal frames and times give equal answers. Never raises: what cannot be read is `bad`. After a
    gap an instrument whose messages are increments gives no quote until its next full image, so
    that no wrong price is ever made of half a book.
    """

    def decode(self, frame: bytes, received_ns: int) -> Decoded: ...

    def checkpoint(self) -> bytes:
        """Return the state after the frames so far, for `restore` of a new decoder."""
        ...

    def restore(self, state: bytes) -> None: ...


class Arrival(NamedTuple):
    """Hold one received frame and what it says."""

    received_ns: int
    frame: bytes
    decoded: Decoded


class VenueSession(Protocol):
    """Be one open connection: logged in, subscription sent. `session_id` rises with each.

    `is_subscribed` turns true once the venue has confirmed, or refused, every subscription;
    `refused` maps a product that it refused to the reason. Frames are decoded inside `receive`,
    so that a checkpoint of `decoder` taken between two calls fits what was returned.
    """

    session_id: int

    @property
    def decoder(self) -> SessionDecoder: ...

    @property
    def is_subscribed(self) -> bool: ...

    @property
    def refused(self) -> Mapping[str, str]: ...

    async def receive(self) -> Sequence[Arrival]:
        """Wait for frames and return those that have arrived, at least one.

        Raises:
            FeedDisconnected: the connection ended, or was silent for too long.
        """
        ...

    async def refresh(self, instruments: Collection[Instrument]) -> None:
        """Ask for fresh values of some instruments; only where the venue heals in session.

        Raises:
            FeedDisconnected: the connection ended.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContract:
    """Hold one contract that a venue lists, with the dates that it states."""

    instrument: Instrument
    symbol: str
    last_trade_date: date
    first_trade_date: date | None = None
    first_notice_date: date | None = None
    first_delivery_date: date | None = None
    final_settlement_date: date | None = None


class VenueClient(Protocol):
    """Talk to one venue, or to its sandbox, which only the configuration tells apart."""

    def connect(self, products: Sequence[str]) -> AbstractAsyncContextManager[VenueSession]:
        """Open a session for every listed month of the products.

        A product that the venue refuses does not keep the others from being subscribed.

        Raises:
            SourceUnavailable: no credentials taken, or no connection.
            FeedDisconnected: the login was refused, or the connection ended.
        """
        ...

    async def instruments(self, product: str) -> list[ListedContract]:
        """Return the contracts that the venue lists for a product.

        Raises:
            SourceUnavailable, NotFound, BadFrame
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAddress:
    """Say where a venue's sandbox listens and what it accepts.

    `port` speaks the venue's wire; its fault switch `/_sandbox/` is HTTP on `port` plus the
    venue's `sandbox_control_offset` (0 where the wire itself is HTTP).
    """

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSpec:
    """Describe a venue.

    `config_from` makes the client's configuration of the variables `HELIOSTAT_<CODE>_*`, given
    in lower case without that prefix; it returns None without credentials, and raises
    InvalidInput for halves of them. `sandbox_config` makes it for the local sandbox. Both
    results are frozen values that cross processes. `heals_in_session` tells that `refresh` can
    heal single instruments; else a second session takes over from the first.
    """

    code: str
    name: str
    products: tuple[str, ...]
    heals_in_session: bool
    sandbox_module: str
    sandbox_control_offset: int
    config_from: Callable[[Mapping[str, str]], Any]
    sandbox_config: Callable[[SandboxAddress], Any]
    make_client: Callable[[Any, str, Clock], VenueClient]
    make_decoder: Callable[[int, str], SessionDecoder]
