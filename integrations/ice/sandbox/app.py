"""Own the sandbox's servers: a FIX acceptor on TCP, and its fault switch over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette

from core.clock import Clock
from integrations.ice.fields import SYMBOL_OF
from integrations.ice.sandbox.session import GatewayRules, GatewaySession
from integrations.sandbox_exchange import Exchange, ExchangeConfig
from integrations.sandbox_kit import LOOPBACK, FaultSwitch, SandboxServer, fault_routes
from integrations.sandbox_market import sandbox_market


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Set up a sandbox."""

    seed: int
    clock: Clock
    products: tuple[str, ...] = tuple(SYMBOL_OF)
    rules: GatewayRules = field(default_factory=GatewayRules)
    exchange: ExchangeConfig = field(default_factory=ExchangeConfig)


class IceSandbox:
    """Answer as the gateway does, from a simulated market."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        market = sandbox_market(config.seed)
        self._exchange = Exchange(market, config.products, config.exchange)
        self._sessions: set[asyncio.Task[None]] = set()
        self._accepted = 0
        self.faults = FaultSwitch("bad_checksum", "low_sequence", "replay")

    def app(self) -> Starlette:
        """Return the ASGI application of the fault switch."""
        return Starlette(routes=[fault_routes(self.faults, self._state)])

    def _state(self) -> dict[str, object]:
        return {
            "now_ns": self._config.clock.now_ns(),
            "open_sessions": len(self._sessions),
            "accepted_sessions": self._accepted,
        }

    @asynccontextmanager
    async def accepting(self, port: int = 0) -> AsyncIterator[int]:
        """Accept FIX sessions on a loopback port, which it yields; 0 takes a free one."""
        server = await asyncio.start_server(self._serve, LOOPBACK, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for session in self._sessions:
                session.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        self._accepted += 1
        config = self._config
        session = GatewaySession(
            reader, writer, self._exchange, self.faults, config.clock, config.rules
        )
        try:
            await session.run()
        except asyncio.CancelledError:
            # Only `accepting` cancels, at its end; the server would report it as an error.
            writer.transport.abort()
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    sandbox: IceSandbox, port: int = 0, control_port: int = 0
) -> AsyncIterator[tuple[int, SandboxServer]]:
    """Run both servers; yields the FIX port and the server of the fault switch."""
    async with (
        sandbox.accepting(port) as fix_port,
        SandboxServer(sandbox.app(), control_port) as control,
    ):
        yield fix_port, control
