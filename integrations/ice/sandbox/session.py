"""Own one FIX session of the sandbox: logon, requests, and what is sent when."""

import asyncio
import secrets
from dataclasses import dataclass, field

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.market import Instrument, Quote, Settlement, SettlementStage, Trade
from integrations.ice import codec
from integrations.ice.fields import PRODUCT_OF, parse_number, parse_text
from integrations.ice.fix import FixFramer, frame_problem, pairs_of
from integrations.ice.sandbox import messages
from integrations.ice.sandbox.messages import DataRequest, FieldList
from integrations.ice.sandbox.outbox import Outbox
from integrations.sandbox_exchange import Exchange, SettlementRound
from integrations.sandbox_kit import FaultSwitch
from quant.calendars import last_trade_date

_READ_BYTES = 65_536
_MAX_CATCH_UP_TICKS = 20
_LOGON_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRules:
    """Set how the gateway behaves; `password` None accepts every one.

    `replays` sends missed messages again, else they are filled by a sequence reset.
    `counts_entries` numbers the entries of each contract in tag 83.
    """

    password: str | None = field(default=None, repr=False)
    company_id: str = "ICEMD"
    replays: bool = False
    counts_entries: bool = True


class GatewayClosed(Exception):
    """Raised inside a session that has ended."""


class GatewaySession:
    """Serve one accepted connection until either side ends it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        exchange: Exchange,
        faults: FaultSwitch,
        clock: Clock,
        rules: GatewayRules,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._exchange = exchange
        self._faults = faults
        self._clock = clock
        self._rules = rules
        self._outbox = Outbox(writer, faults, clock, rules.company_id)
        self._expected = 1
        self._heartbeat_ns = 0
        self._requests: dict[Instrument, str] = {}
        self._told: dict[Instrument, Quote] = {}
        self._reports: dict[Instrument, int] = {}
        self._announced: dict[str, SettlementRound] = {}
        self._settled: dict[str, tuple[SettlementRound, dict[Instrument, Settlement]]] = {}
        self._responses = 0

    async def run(self) -> None:
        """Answer requests and send what is subscribed."""
        reader = asyncio.create_task(self._read())
        try:
            await self._write(reader)
        except (GatewayClosed, OSError):
            return
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self) -> None:
        framer = FixFramer()
        while data := await self._reader.read(_READ_BYTES):
            for frame in framer.feed(data):
                # What is garbled is ignored; the number that is then missing tells the rest.
                if frame_problem(frame) is None:
                    await self._receive(frame)

    async def _receive(self, frame: bytes) -> None:
        try:
            pairs = pairs_of(frame)
            values = dict(pairs)
            kind, number = values["35"], parse_number(values["34"])
        except (KeyError, ValueError):
            return
        if not self._heartbeat_ns:
            await self._log_on(kind, number, values)
            return
        if number < self._expected and values.get("43") != "Y":
            await self._log_out(f"MsgSeqNum too low, expected {self._expected}")
        if number > self._expected:
            await self._outbox.send(codec.RESEND_REQUEST, [(7, str(self._expected)), (16, "0")])
            return
        self._expected = max(self._expected, number + 1)
        try:
            await self._answer(kind, number, values, pairs)
        except (KeyError, ValueError) as error:
            text = f"a required field is missing or has another form: {error}"
            refusal: FieldList = [(45, str(number)), (372, kind), (373, "1")]
            await self._outbox.send(codec.REJECT, [*refusal, (58, text)])

    async def _log_on(self, kind: str, number: int, values: dict[str, str]) -> None:
        self._outbox.target = values.get("49", self._outbox.target)
        given = values.get("96") or values.get("554") or ""
        expected = self._rules.password
        is_known = expected is None or secrets.compare_digest(given.encode(), expected.encode())
        if self._faults.take("unauthorized") or not is_known or kind != codec.LOGON or number != 1:
            await self._log_out("invalid credentials")
        seconds = parse_number(values.get("108", "10"))
        self._expected = 2
        self._heartbeat_ns = max(seconds, 1) * NANOSECONDS_PER_SECOND
        await self._outbox.send(codec.LOGON, [(98, "0"), (108, str(seconds)), (141, "Y")])

    async def _log_out(self, text: str) -> None:
        await self._outbox.send(codec.LOGOUT, [(58, text)])
        self._writer.close()
        raise GatewayClosed

    async def _answer(
        self, kind: str, number: int, values: dict[str, str], pairs: list[list[str]]
    ) -> None:
        if kind == codec.TEST_REQUEST:
            if not self._faults.take("stall_heartbeat"):
                await self._outbox.send(codec.HEARTBEAT, [(112, values["112"])])
        elif kind == codec.RESEND_REQUEST:
            first, last = parse_number(values["7"]), parse_number(values["16"])
            replays = self._rules.replays or self._faults.take("replay")
            await self._outbox.resend(first, last, replays=replays)
        elif kind == codec.SEQUENCE_RESET:
            self._expected = max(self._expected, parse_number(values["36"]))
        elif kind == codec.LOGOUT:
            await self._log_out("goodbye")
        elif kind in {codec.DATA_REQUEST, codec.DEFINITION_REQUEST}:
            await self._serve(kind, number, values, pairs)
        elif kind not in {codec.HEARTBEAT, codec.REJECT}:
            await self._refuse(number, kind, "3", "unsupported message type")

    async def _serve(
        self, kind: str, number: int, values: dict[str, str], pairs: list[list[str]]
    ) -> None:
        if self._faults.take("server_error"):
            await self._refuse(number, kind, "4", "application not available")
        elif kind == codec.DEFINITION_REQUEST:
            await self._define(values)
        else:
            kinds = [value for tag, value in pairs if tag == "269"]
            await self._subscribe(messages.read_data_request(values, kinds))

    async def _refuse(self, number: int, kind: str, reason: str, text: str) -> None:
        fields = [(45, str(number)), (372, kind), (380, reason), (58, text)]
        await self._outbox.send(codec.BUSINESS_REJECT, fields)

    async def _define(self, values: dict[str, str]) -> None:
        request_id, symbol = parse_text(values["320"]), values["55"]
        code = PRODUCT_OF.get(symbol)
        if code is None or code not in self._exchange.products:
            refusal = messages.definition_refusal(request_id, symbol)
            await self._outbox.send(codec.DEFINITION, refusal)
            return
        listed = self._exchange.listed(code, self._clock.now_ns())
        for contract in listed:
            self._responses += 1
            response_id, last = f"d{self._responses}", last_trade_date(contract)
            fields = messages.definition(request_id, response_id, contract, len(listed), last)
            await self._outbox.send(codec.DEFINITION, fields)

    async def _subscribe(self, request: DataRequest) -> None:
        now_ns = self._clock.now_ns()
        contract, refusal = request.instrument, request.refusal
        if self._faults.take("too_many_requests"):
            refusal = messages.INSUFFICIENT_BANDWIDTH
        if contract is None or contract not in self._listed(contract.product, now_ns):
            refusal = refusal or messages.UNKNOWN_SYMBOL
        if refusal is not None or contract is None:
            text = "unknown symbol" if refusal == messages.UNKNOWN_SYMBOL else "request refused"
            fields = messages.data_refusal(request.request_id, refusal or "0", text)
            await self._outbox.send(codec.DATA_REJECT, fields)
            return
        if request.is_stop:
            self._requests.pop(contract, None)
            return
        if all(other.product != contract.product for other in self._requests):
            is_open = self._exchange.is_open(contract.product, now_ns)
            status = messages.security_status(contract, is_open=is_open)
            await self._outbox.send(codec.SECURITY_STATUS, status)
        await self._send_image(request, contract, now_ns)

    def _listed(self, code: str, now_ns: int) -> tuple[Instrument, ...]:
        if code not in self._exchange.products:
            return ()
        return self._exchange.listed(code, now_ns)

    async def _send_image(self, request: DataRequest, contract: Instrument, now_ns: int) -> None:
        is_open = self._exchange.is_open(contract.product, now_ns)
        quote = self._exchange.quote(contract, now_ns) if is_open else None
        announced = self._exchange.settlement_round(contract.product, now_ns)
        self._announced.setdefault(contract.product, announced)
        settlement = self._settlement(contract, announced, now_ns)
        report = self._reports.setdefault(contract, 0) if self._rules.counts_entries else None
        if request.has_updates:
            self._requests[contract] = request.request_id
            if quote is not None:
                self._told[contract] = quote
        fields = messages.image(request.request_id, contract, quote, settlement, report)
        await self._outbox.send("W", fields)

    def _settlement(
        self, contract: Instrument, announced: SettlementRound, now_ns: int
    ) -> Settlement | None:
        code = contract.product
        kept = self._settled.get(code)
        if kept is None or kept[0] != announced:
            settled = self._exchange.settlements(code, announced, now_ns)
            kept = self._settled[code] = (announced, {one.instrument: one for one in settled})
        return kept[1].get(contract)

    async def _write(self, reader: "asyncio.Task[None]") -> None:
        tick_ns = round(self._exchange.config.tick_s * NANOSECONDS_PER_SECOND)
        began_ns = self._clock.now_ns()
        done_tick = began_ns // tick_ns
        while not reader.done():
            await asyncio.wait([reader], timeout=self._exchange.config.tick_s)
            now_ns = self._clock.now_ns()
            if self._faults.take("drop_connections"):
                self._writer.transport.abort()
                return
            self._outbox.is_silent = self._faults.take("silence")
            first = max(done_tick + 1, now_ns // tick_ns - _MAX_CATCH_UP_TICKS)
            done_tick = now_ns // tick_ns
            if not self._heartbeat_ns:
                if now_ns > began_ns + _LOGON_PATIENCE_S * NANOSECONDS_PER_SECOND:
                    return
                continue
            for tick in range(first, done_tick + 1):
                await self._send_updates(tick)
            await self._send_settlements(now_ns)
            if now_ns >= self._outbox.sent_ns + self._heartbeat_ns:
                await self._send_heartbeat(now_ns)

    async def _send_heartbeat(self, now_ns: int) -> None:
        if self._faults.take("stall_heartbeat"):
            self._outbox.sent_ns = now_ns
        else:
            await self._outbox.send(codec.HEARTBEAT, [])

    async def _send_updates(self, tick: int) -> None:
        for code in sorted({contract.product for contract in self._requests}):
            for changed in self._exchange.updates(code, tick):
                contract = changed.instrument
                if contract not in self._requests or self._faults.freezes(contract):
                    continue
                await self._send_change(changed)

    async def _send_change(self, changed: Quote | Trade) -> None:
        if isinstance(changed, Trade):
            await self._send_update(changed.instrument, [messages.trade_entry(changed)])
            return
        before = self._told.get(changed.instrument)
        self._told[changed.instrument] = changed
        await self._send_update(changed.instrument, messages.quote_entries(changed, before))

    async def _send_update(self, contract: Instrument, entries: list[FieldList]) -> None:
        reports: list[int] = []
        if self._rules.counts_entries:
            counted = self._reports.get(contract, 0)
            reports = [counted + 1 + index for index in range(len(entries))]
            self._reports[contract] = counted + len(entries)
        fields = messages.update(self._requests[contract], entries, reports)
        await self._outbox.send("X", fields)

    async def _send_settlements(self, now_ns: int) -> None:
        for code in sorted({contract.product for contract in self._requests}):
            announced = self._exchange.settlement_round(code, now_ns)
            before = self._announced.get(code)
            if before == announced:
                continue
            self._announced[code] = announced
            for settlement in self._exchange.settlements(code, announced, now_ns):
                if settlement.instrument in self._requests and _is_news(settlement, before):
                    entry = messages.settlement_entry(settlement)
                    await self._send_update(settlement.instrument, [entry])


def _is_news(settlement: Settlement, before: SettlementRound | None) -> bool:
    """Tell whether a session that heard the round `before` is told: not what is still right."""
    is_same_day = before is not None and before.day == settlement.trade_date
    was_final = before is not None and before.stage is not SettlementStage.PRELIMINARY
    return not (is_same_day and was_final) or settlement.stage is SettlementStage.CORRECTED
