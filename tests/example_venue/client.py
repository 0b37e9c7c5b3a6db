"""Own the connection to Acme, and its description for the registry."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.clock import Clock
from core.errors import FeedDisconnected, InvalidInput, NotFound, SourceUnavailable
from core.market import Instrument
from integrations.venue import Arrival, ListedContract, SandboxAddress, VenueSpec
from tests.example_venue.codec import (
    PRODUCTS,
    VENUE,
    AcmeDecoder,
    Request,
    decode_listed,
    encode,
    subscription_of,
)

_CHUNK_BYTES = 65_536
_MAX_LINE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeConfig:
    """Name the venue's address and the credentials; `silence_timeout_s` is three heartbeats."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    answer_timeout_s: float = 5.0
    silence_timeout_s: float = 3.0


class AcmeClient:
    """Talk to Acme, or to its sandbox, which only the configuration tells apart."""

    def __init__(self, config: AcmeConfig, source: str, clock: Clock) -> None:
        self._config = config
        self._source = source
        self._clock = clock
        self._last_session = 0

    @asynccontextmanager
    async def connect(self, products: Sequence[str]) -> AsyncIterator["AcmeSession"]:
        """Open a session for every listed month of the products."""
        async with self._logged_in() as wire:
            await wire.send(Request(op="subscribe", products=products))
            # The clock makes it rise after a restart, too.
            self._last_session = max(self._last_session + 1, self._clock.now_ns())
            yield AcmeSession(wire, self._last_session, self._source, products)

    async def instruments(self, product: str) -> list[ListedContract]:
        """Return the contracts that the venue lists for a product."""
        async with self._logged_in() as wire:
            await wire.send(Request(op="contracts", products=[product]))
            answer = await wire.answer()
        if answer == b"unknown":
            raise NotFound(what="Product", name=product)
        return decode_listed(answer)

    async def close(self) -> None:
        """Hold nothing open between sessions."""

    @asynccontextmanager
    async def _logged_in(self) -> AsyncIterator["_Wire"]:
        config = self._config
        try:
            async with asyncio.timeout(config.answer_timeout_s):
                reader, writer = await asyncio.open_connection(config.host, config.port)
        except (OSError, TimeoutError) as error:
            raise SourceUnavailable(source=VENUE, reason=str(error)) from error
        wire = _Wire(config, self._clock, reader, writer)
        try:
            await wire.send(Request(op="login", user=config.user, password=config.password))
            if await wire.answer() != b"welcome":
                raise FeedDisconnected(venue=VENUE, reason="the login was refused")
            yield wire
        finally:
            writer.close()


class _Wire:
    """Send and receive, so that whatever goes wrong is a FeedDisconnected."""

    def __init__(
        self,
        config: AcmeConfig,
        clock: Clock,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._config = config
        self._clock = clock
        self._reader = reader
        self._writer = writer

    async def send(self, request: Request) -> None:
        try:
            self._writer.write(encode(request))
            await self._writer.drain()
        except OSError as error:
            raise FeedDisconnected(venue=VENUE, reason=str(error)) from error

    async def answer(self) -> bytes:
        """Return the next line, without its end."""
        failures = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError)
        try:
            async with asyncio.timeout(self._config.answer_timeout_s):
                return (await self._reader.readuntil(b"\n")).removesuffix(b"\n")
        except failures as error:
            raise FeedDisconnected(venue=VENUE, reason="no answer") from error

    async def chunk(self) -> tuple[int, bytes]:
        """Return the next bytes and when they came."""
        try:
            async with asyncio.timeout(self._config.silence_timeout_s):
                chunk = await self._reader.read(_CHUNK_BYTES)
        except (OSError, TimeoutError) as error:
            raise FeedDisconnected(venue=VENUE, reason="silent or broken") from error
        if not chunk:
            raise FeedDisconnected(venue=VENUE, reason="closed by the venue")
        return self._clock.now_ns(), chunk


class AcmeSession:
    """Be one open connection to Acme."""

    def __init__(self, wire: _Wire, session_id: int, source: str, products: Sequence[str]) -> None:
        self.session_id = session_id
        self._wire = wire
        self.decoder = AcmeDecoder(session_id, source)
        self._unanswered = set(products)
        self._refused: dict[str, str] = {}
        self._rest = b""

    @property
    def is_subscribed(self) -> bool:
        return not self._unanswered

    @property
    def refused(self) -> Mapping[str, str]:
        return self._refused

    async def receive(self) -> Sequence[Arrival]:
        """Wait for lines and return all that have arrived."""
        frames: list[bytes] = []
        while not frames:
            received_ns, chunk = await self._wire.chunk()
            *frames, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > _MAX_LINE_BYTES:
                raise FeedDisconnected(venue=VENUE, reason="a line has no end")
        for frame in frames:
            self._notice(frame)
        return [
            Arrival(received_ns, frame, self.decoder.decode(frame, received_ns)) for frame in frames
        ]

    async def refresh(self, instruments: Collection[Instrument]) -> None:
        """Ask for fresh values of some instruments."""
        contracts = sorted(str(instrument) for instrument in instruments)
        await self._wire.send(Request(op="refresh", contracts=contracts))

    def _notice(self, frame: bytes) -> None:
        answer = subscription_of(frame)
        if answer is not None:
            self._unanswered.discard(answer.product)
            if answer.refused is not None:
                self._refused[answer.product] = answer.refused


def config_from(variables: Mapping[str, str]) -> AcmeConfig | None:
    """Make the configuration of `HELIOSTAT_ACME_USER`, `_PASSWORD`, `_HOST` and `_PORT`."""
    user, password = variables.get("user"), variables.get("password")
    if user is None and password is None:
        return None
    if user is None or password is None:
        missing = "user" if user is None else "password"
        raise InvalidInput(field=missing, reason="set both user and password, or neither")
    port = variables.get("port", "7001")
    if not port.isdecimal():
        raise InvalidInput(field="port", reason=f"expected a number, was {port!r}")
    host = variables.get("host", "feed.acme.example")
    return AcmeConfig(host=host, port=int(port), user=user, password=password)


def sandbox_config(address: SandboxAddress) -> AcmeConfig:
    """Make the configuration for the local sandbox."""
    return AcmeConfig(
        host=address.host, port=address.port, user=address.user, password=address.password
    )


SPEC = VenueSpec(
    code=VENUE,
    name="Acme",
    products=PRODUCTS,
    heals_in_session=True,
    sandbox_module="tests.example_venue.sandbox",
    sandbox_control_offset=1,
    config_from=config_from,
    sandbox_config=sandbox_config,
    make_client=AcmeClient,
    make_decoder=AcmeDecoder,
)
