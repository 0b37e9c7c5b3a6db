"""Own one WebSocket session of the sandbox: login, subscriptions, sequence, what is sent when."""

import asyncio
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import BadFrame
from core.market import Instrument, Quote, Settlement, SettlementStage, Trade
from integrations.cme.codec import MARKET_DATA_TYPES
from integrations.cme.sandbox.messages import (
    ClientRequest,
    decode_request,
    encode_heartbeat,
    encode_login_status,
    encode_settlements,
    encode_subscription_error,
    encode_subscription_status,
    encode_top_of_book,
    encode_trades,
)
from integrations.sandbox_exchange import Exchange, SettlementRound
from integrations.sandbox_frames import DRIP_INTERVAL_S, FrameSpoiler, skipped_numbers
from integrations.sandbox_kit import FaultSwitch

_GOING_AWAY = 1001
_GARBAGE = b"\x1f\x8b is not JSON \xff"
_MAX_CATCH_UP_TICKS = 20

Encoder = Callable[[int, int], bytes]
"""Encode a message, given its sequence number and the time it is sent."""


class StreamSession:
    """Serve one accepted connection until either side ends it."""

    def __init__(
        self, websocket: WebSocket, exchange: Exchange, faults: FaultSwitch, clock: Clock
    ) -> None:
        self._websocket = websocket
        self._exchange = exchange
        self._faults = faults
        self._clock = clock
        self._sending = asyncio.Lock()
        self._sequence = 0
        self._spoiler = FrameSpoiler(faults, _GARBAGE)
        self._periods: dict[str, frozenset[str]] = {}
        self._types: frozenset[str] = frozenset()
        self._announced: dict[str, SettlementRound] = {}

    async def run(self) -> None:
        """Greet, then answer requests and send what is subscribed."""
        reader = asyncio.create_task(self._read())
        try:
            await self._send(lambda n, now_ns: encode_login_status(n, now_ns, "authenticated"))
            await self._write(reader)
        except WebSocketDisconnect:
            return
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("text") or message.get("bytes") or b""
            await self._answer(content.encode() if isinstance(content, str) else content)

    async def _answer(self, content: bytes) -> None:
        try:
            request = decode_request(content)
        except BadFrame as error:
            await self._refuse("0", error.detail)
            return
        refusal = self._refusal(request)
        if refusal is not None:
            await self._refuse(request.request_id, refusal)
            return
        await self._accept(request)

    async def _refuse(self, request_id: str, text: str) -> None:
        await self._send(lambda n, now_ns: encode_subscription_error(n, now_ns, request_id, text))

    def _refusal(self, request: ClientRequest) -> str | None:
        if request.header.message_type not in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            return f"unknown message type {request.header.message_type}"
        unknown = set(request.payload.subscription_message_types) - set(MARKET_DATA_TYPES)
        if unknown:
            return f"unknown subscription message types {sorted(unknown)}"
        for entry in request.payload.subscriptions:
            if entry.product_code not in self._exchange.products:
                return f"not entitled to product {entry.product_code}"
            if entry.product_type not in {"FUT", "OOF"}:
                return f"unknown product type {entry.product_type}"
        return None

    async def _accept(self, request: ClientRequest) -> None:
        is_subscribe = request.header.message_type == "SUBSCRIBE"
        status = "SUBSCRIBED" if is_subscribe else "UNSUBSCRIBED"
        await self._send(lambda n, now_ns: encode_subscription_status(n, now_ns, request, status))
        for entry in request.payload.subscriptions:
            if entry.product_type != "FUT":
                continue
            if is_subscribe:
                self._types |= frozenset(request.payload.subscription_message_types)
                self._periods[entry.product_code] = frozenset(entry.period_codes)
                self._announced.pop(entry.product_code, None)
                await self._send_image(entry.product_code)
            else:
                self._periods.pop(entry.product_code, None)

    async def _send_image(self, product: str) -> None:
        """Send the last settlements and the present top of every book."""
        now_ns = self._clock.now_ns()
        await self._send_settlements(product, now_ns)
        if "TOB" not in self._types or not self._exchange.is_open(product, now_ns):
            return
        for contract in self._exchange.listed(product, now_ns):
            if self._wants(contract):
                await self._send_quote(self._exchange.quote(contract, now_ns))

    async def _send_settlements(self, product: str, now_ns: int) -> None:
        announced = self._exchange.settlement_round(product, now_ns)
        before = self._announced.get(product)
        if "STAT" not in self._types or before == announced:
            return
        self._announced[product] = announced
        # Who has heard a day's final settlements is told only which of them were wrong.
        is_amendment = before is not None and before.day == announced.day
        is_correction = is_amendment and announced.stage is SettlementStage.CORRECTED
        for settlement in self._exchange.settlements(product, announced, now_ns):
            if is_correction and settlement.stage is not SettlementStage.CORRECTED:
                continue
            if self._wants(settlement.instrument):
                await self._send_settlement(settlement)

    async def _send_settlement(self, settlement: Settlement) -> None:
        await self._send(lambda n, now_ns: encode_settlements(n, now_ns, [settlement]))

    async def _send_trade(self, trade: Trade) -> None:
        if self._faults.freezes(trade.instrument):
            return
        await self._send(lambda n, now_ns: encode_trades(n, now_ns, [trade]))

    async def _send_quote(self, quote: Quote) -> None:
        if self._faults.freezes(quote.instrument):
            return
        await self._send(lambda n, now_ns: encode_top_of_book(n, now_ns, [quote]))

    def _wants(self, contract: Instrument) -> bool:
        periods = self._periods.get(contract.product)
        return periods is not None and (not periods or str(contract.contract_month) in periods)

    async def _write(self, reader: "asyncio.Task[None]") -> None:
        config = self._exchange.config
        tick_ns = round(config.tick_s * NANOSECONDS_PER_SECOND)
        heartbeat_ns = round(config.heartbeat_s * NANOSECONDS_PER_SECOND)
        done_tick = self._clock.now_ns() // tick_ns
        next_heartbeat_ns = self._clock.now_ns() + heartbeat_ns
        while not reader.done():
            await asyncio.wait([reader], timeout=config.tick_s)
            now_ns = self._clock.now_ns()
            if self._faults.take("drop_connections"):
                await self._websocket.close(_GOING_AWAY)
                return
            if self._faults.take("silence"):
                done_tick = now_ns // tick_ns
                continue
            first = max(done_tick + 1, now_ns // tick_ns - _MAX_CATCH_UP_TICKS)
            done_tick = now_ns // tick_ns
            for tick in range(first, done_tick + 1):
                await self._send_updates(tick)
            for product in tuple(self._periods):
                await self._send_settlements(product, now_ns)
            if now_ns >= next_heartbeat_ns:
                next_heartbeat_ns = now_ns + heartbeat_ns
                if not self._faults.take("stall_heartbeat"):
                    await self._send(encode_heartbeat)

    async def _send_updates(self, tick: int) -> None:
        for product in tuple(self._periods):
            for update in self._exchange.updates(product, tick):
                if not self._wants(update.instrument):
                    continue
                if isinstance(update, Quote):
                    if "TOB" in self._types:
                        await self._send_quote(update)
                elif "TRD" in self._types:
                    await self._send_trade(update)

    async def _send(self, encode: Encoder) -> None:
        # Reader and writer both send: the number must be taken in the order of sending.
        async with self._sending:
            self._sequence += skipped_numbers(self._faults)
            frame = encode(self._sequence, self._clock.now_ns())
            self._sequence += 1
            if self._faults.take("slow_drip"):
                await asyncio.sleep(DRIP_INTERVAL_S)
            for spoilt in self._spoiler.spoil(frame):
                await self._websocket.send_text(spoilt.decode(errors="replace"))
