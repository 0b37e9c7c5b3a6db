"""Own the connections to ICE futures through a FIX market-data gateway."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from core.clock import Clock
from core.errors import FeedDisconnected, NotFound, SourceUnavailable
from integrations.ice.codec import VENUE, IceDecoder
from integrations.ice.config import IceConfig, config_from, sandbox_config
from integrations.ice.connection import IceSession
from integrations.ice.fields import SYMBOL_OF
from integrations.ice.subscriptions import Listing
from integrations.venue import ListedContract, VenueSpec


class IceClient:
    """Talk to the gateway, or to its sandbox, which only the address tells apart.

    Events carry `source`.
    """

    def __init__(self, config: IceConfig, source: str, clock: Clock) -> None:
        self._config = config
        self._source = source
        self._clock = clock
        self._last_session_id = 0
        self._session: IceSession | None = None
        # Gateways take one session of a company id at a time.
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Do nothing: a session closes its connection itself."""

    @asynccontextmanager
    async def connect(self, products: Sequence[str]) -> AsyncIterator[IceSession]:
        """Open a session that is logged on and has asked for the products' contracts.

        Raises:
            SourceUnavailable: no connection.
            FeedDisconnected: the logon was refused, or the connection ended.
        """
        async with AsyncExitStack() as closing:
            async with self._turn:
                session = await closing.enter_async_context(self._logged_on(products))
                self._session = session
            try:
                yield session
            finally:
                self._session = None

    @asynccontextmanager
    async def _logged_on(self, products: Sequence[str]) -> AsyncIterator[IceSession]:
        reader, writer = await self._open()
        session = IceSession(
            reader,
            writer,
            session_id=self._new_session_id(),
            source=self._source,
            clock=self._clock,
            config=self._config,
            products=products,
        )
        try:
            await session.log_on()
            yield session
        finally:
            await session.close()

    async def instruments(self, product: str) -> list[ListedContract]:
        """Return the contracts that the gateway lists for a product.

        Asks on the open session, whose `receive` must then be running, else on one of its own,
        while no other can be opened.

        Raises:
            SourceUnavailable: the gateway does not answer.
            NotFound: it does not list the product.
            BadFrame: an answer has another form.
        """
        if product not in SYMBOL_OF:
            raise NotFound(what="Product", name=product)
        try:
            async with asyncio.timeout(self._config.subscribe_timeout_s):
                listing = await self._list_contracts(product)
        except (FeedDisconnected, TimeoutError) as error:
            reason = error.detail if isinstance(error, FeedDisconnected) else "no answer"
            raise SourceUnavailable(source=VENUE, reason=reason) from error
        return listing.result()

    async def _list_contracts(self, product: str) -> Listing:
        async with self._turn:
            if self._session is None:
                return await self._list_apart(product)
            listing = await self._session.list_contracts(product)
        await listing.completed.wait()
        return listing

    async def _list_apart(self, product: str) -> Listing:
        async with self._logged_on([]) as session:
            listing = await session.list_contracts(product)
            while not listing.completed.is_set():
                await session.receive()
            return listing

    def _new_session_id(self) -> int:
        self._last_session_id = max(self._clock.now_ns(), self._last_session_id + 1)
        return self._last_session_id

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        config = self._config
        context = ssl.create_default_context() if config.tls else None
        try:
            async with asyncio.timeout(config.open_timeout_s):
                return await asyncio.open_connection(config.host, config.port, ssl=context)
        except (OSError, TimeoutError) as error:
            reason = f"{config.host}:{config.port}: {type(error).__name__} {error}".rstrip()
            raise SourceUnavailable(source=VENUE, reason=reason) from error


SPEC = VenueSpec(
    code=VENUE,
    name="ICE futures through a FIX market-data gateway",
    products=tuple(SYMBOL_OF),
    heals_in_session=True,
    sandbox_module="integrations.ice.sandbox",
    sandbox_control_offset=1,
    config_from=config_from,
    sandbox_config=sandbox_config,
    make_client=IceClient,
    make_decoder=IceDecoder,
)
