"""Own Acme's sandbox: `python -m tests.example_venue.sandbox --port 7001 --control-port 7002`."""

import asyncio
import contextlib
import itertools
import os
import sys

from starlette.applications import Starlette

from core.clock import NANOSECONDS_PER_SECOND, Clock, SystemClock
from core.errors import BadFrame, InvalidInput
from core.market import Instrument, Quote, Settlement, Trade
from integrations.sandbox_exchange import Exchange, ExchangeConfig
from integrations.sandbox_frames import FrameSpoiler, skipped_numbers
from integrations.sandbox_kit import (
    LOOPBACK,
    FaultSwitch,
    SandboxClock,
    SandboxServer,
    fault_routes,
    sandbox_arguments,
)
from integrations.sandbox_market import sandbox_market
from quant.calendars import last_trade_date
from tests.example_venue.codec import (
    PRODUCTS,
    BeatLine,
    Listed,
    PriceLine,
    QuoteLine,
    Request,
    SettlementLine,
    SubscriptionLine,
    TradeLine,
    decode_request,
    encode,
)

_BEAT_S = 1.0


class AcmeSandbox:
    """Answer as Acme does, from the simulated market. `password` None accepts every login."""

    def __init__(self, seed: int, clock: Clock, password: str | None) -> None:
        self._clock = clock
        self._password = password
        self._exchange = Exchange(sandbox_market(seed), PRODUCTS, ExchangeConfig(months=12))
        self.faults = FaultSwitch()
        self.accepted = 0

    def control(self) -> Starlette:
        """Return the application of the fault switch."""
        return Starlette(routes=[fault_routes(self.faults, lambda: {"accepted": self.accepted})])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, BadFrame, InvalidInput):
            login = decode_request(await reader.readuntil(b"\n"))
            if self.faults.take("unauthorized") or self._password not in {None, login.password}:
                writer.write(b"refused\n")
            else:
                writer.write(b"welcome\n")
                self.accepted += 1
                await _Connection(self._exchange, self.faults, self._clock, writer).run(reader)
        writer.close()


class _Connection:
    def __init__(
        self, exchange: Exchange, faults: FaultSwitch, clock: Clock, writer: asyncio.StreamWriter
    ) -> None:
        self._exchange = exchange
        self._faults = faults
        self._clock = clock
        self._writer = writer
        self._numbers = itertools.count(1)
        self._spoiler = FrameSpoiler(faults, b"{garbage")
        self._products: list[str] = []
        self._streaming: asyncio.Task[None] | None = None

    async def run(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._answer(decode_request(line))
                await self._writer.drain()
        finally:
            if self._streaming is not None:
                self._streaming.cancel()
                await asyncio.wait([self._streaming])

    def _answer(self, request: Request) -> None:
        now_ns = self._clock.now_ns()
        if request.op == "contracts":
            self._list(request.products[0], now_ns)
        if request.op == "subscribe":
            for code in request.products:
                self._subscribe(code, now_ns)
            self._streaming = self._streaming or asyncio.create_task(self._stream())
        if request.op == "refresh":
            for contract in request.contracts:
                self._say(self._exchange.quote(Instrument.parse(contract), now_ns))

    def _list(self, code: str, now_ns: int) -> None:
        if code not in self._exchange.products:
            self._writer.write(b"unknown\n")
            return
        contracts = self._exchange.listed(code, now_ns)
        listed = [Listed(str(one), last_trade_date(one)) for one in contracts]
        self._writer.write(encode(listed))

    def _subscribe(self, code: str, now_ns: int) -> None:
        if code not in self._exchange.products:
            self._send(SubscriptionLine(next(self._numbers), code, "not listed here"))
            return
        self._send(SubscriptionLine(next(self._numbers), code))
        for contract in self._exchange.listed(code, now_ns):
            self._say(self._exchange.quote(contract, now_ns))
        announced = self._exchange.settlement_round(code, now_ns)
        for settlement in self._exchange.settlements(code, announced, now_ns):
            self._say(settlement)
        self._products.append(code)

    async def _stream(self) -> None:
        tick_s = self._exchange.config.tick_s
        beats = itertools.cycle(range(round(_BEAT_S / tick_s)))
        first = self._clock.now_ns() // round(tick_s * NANOSECONDS_PER_SECOND)
        for tick in itertools.count(first):
            if self._faults.take("drop_connections"):
                self._writer.close()
                return
            if next(beats) == 0 and not self._faults.take("stall_heartbeat"):
                self._send(BeatLine(next(self._numbers)))
            for code in self._products:
                for update in self._exchange.updates(code, tick):
                    self._say(update)
            await self._writer.drain()
            await asyncio.sleep(tick_s)

    def _say(self, event: Quote | Trade | Settlement) -> None:
        if self._faults.freezes(event.instrument) or self._faults.take("silence"):
            return
        for _ in range(skipped_numbers(self._faults)):
            next(self._numbers)
        self._send(_line(event, next(self._numbers)))

    def _send(self, line: PriceLine | SubscriptionLine | BeatLine) -> None:
        for frame in self._spoiler.spoil(encode(line).rstrip(b"\n")):
            self._writer.write(frame + b"\n")


def _line(event: Quote | Trade | Settlement, number: int) -> PriceLine:
    contract, event_ns = str(event.instrument), event.event_ns
    if isinstance(event, Trade):
        return TradeLine(number, contract, event_ns, event.entry_id, event.price, event.size)
    if isinstance(event, Settlement):
        day, stage = event.trade_date, event.stage
        return SettlementLine(number, contract, event_ns, day, event.price, stage)
    if event.bid is None or event.ask is None:
        raise InvalidInput(field="quote", reason="the simulated market quotes both sides")
    sizes = event.bid_size or 0, event.ask_size or 0
    return QuoteLine(number, contract, event_ns, event.bid, sizes[0], event.ask, sizes[1])


async def _main() -> None:
    arguments = sandbox_arguments("Serve a local stand-in for Acme.", None)
    clock = SandboxClock(SystemClock(), arguments.offset_ns)
    # Not on the command line, where every user could read it.
    sandbox = AcmeSandbox(arguments.seed, clock, os.getenv("HELIOSTAT_SANDBOX_PASSWORD"))
    wire = await asyncio.start_server(sandbox.serve, LOOPBACK, arguments.port)
    async with wire:
        control = SandboxServer(sandbox.control(), arguments.control_port)
        announce = {"sandbox": "acme", "wire_port": wire.sockets[0].getsockname()[1]}
        await control.serve_until_signal(sys.stdout, announce)


if __name__ == "__main__":
    asyncio.run(_main())
