"""Own the market data messages W and X: fields to entries, all of a message or nothing.

Pure. Every reader raises ValueError where a field is missing or has another form.
"""

from decimal import Decimal

import msgspec

from core.clock import NANOSECONDS_PER_SECOND
from core.market import Settlement, SettlementStage, Side, Trade, is_to_come
from integrations.ice.fields import (
    Contract,
    parse_contract,
    parse_day,
    parse_number,
    parse_price,
    parse_size,
    parse_text,
)
from integrations.ice.fix import parse_ns
from integrations.ice.layouts import IMAGE, Parts, Values

BID, OFFER, TRADE, SETTLEMENT = "0", "1", "2", "6"
NEW, CHANGE, DELETE = "0", "1", "2"

_ACTIONS = frozenset((NEW, CHANGE, DELETE))
_SIDES = frozenset((BID, OFFER))
_TOP = frozenset(("", "1"))
_FUTURE = "FUT"
_NO_SYMBOL = "an entry names no symbol"
_OF_IMAGE = -1
_AGGRESSORS = {"1": Side.BUY, "2": Side.SELL}
_STAGES = {
    "": SettlementStage.PRELIMINARY,
    "0": SettlementStage.FINAL,
    "3": SettlementStage.PRELIMINARY,
    "4": SettlementStage.FINAL,
}
_HALF_DAY_NS = 12 * 3600 * NANOSECONDS_PER_SECOND
_DAY_NS = 2 * _HALF_DAY_NS


class Message(msgspec.Struct, gc=False):
    """Hold one message: where it came from, its number and time, its fields."""

    source: str
    session: int
    received_ns: int
    number: int
    sent_ns: int
    header: Values
    entries: tuple[Values, ...]

    @property
    def is_possible_duplicate(self) -> bool:
        return self.header.duplicate == "Y"


class Entry(msgspec.Struct, gc=False):
    """Hold one entry of an image or an update: a trade, a settlement, or one side of a book.

    `report` is the number of the entry among its instrument's own, where the gateway counts.
    A side has no `event`; its price and size are None where it is empty.
    """

    contract: Contract
    report: int | None
    event_ns: int
    event: Trade | Settlement | None
    is_bid: bool = False
    price: Decimal | None = None
    size: int | None = None


class MarketData(msgspec.Struct, gc=False):
    """Hold what an image or update says; `image_of` is whose image it is, if it is ours."""

    entries: list[Entry]
    skipped: list[str]
    image_of: Contract | None = None
    report: int | None = None


def read_message(parts: Parts, source: str, session: int, received_ns: int) -> Message:
    """Read what every message has."""
    header, entries = parts
    number, sent_ns = parse_number(header.number), parse_ns(header.sent)
    return Message(source, session, received_ns, number, sent_ns, header, entries)


def read_market_data(message: Message) -> MarketData:
    """Read an image or an update."""
    data = MarketData([], [])
    header, entries = message.header, message.entries
    if parse_number(header.entry_count) != len(entries):
        reason = f"expected {header.entry_count} entries, were {len(entries)}"
        raise ValueError(reason)
    if header.kind == IMAGE:
        _read_image(message, data)
        return data
    contract = None
    for index, values in enumerate(entries):
        # An entry that names no instrument is of the same one as the entry before it.
        if index == 0 or values.symbol or values.maturity:
            contract = _contract(values)
        if contract is None:
            data.skipped.append(_not_ours(values))
            continue
        if values.action not in _ACTIONS:
            reason = f"expected an update action, was {values.action!r}"
            raise ValueError(reason)
        report = parse_number(values.report) if values.report else None
        _read_entry(message, values, contract, report, values.action, index, data)
    return data


def _read_image(message: Message, data: MarketData) -> None:
    header = message.header
    contract = _contract(header)
    if contract is None:
        data.skipped.append(_not_ours(header))
        return
    data.image_of = contract
    if header.report:
        data.report = parse_number(header.report)
    for values in message.entries:
        _read_entry(message, values, contract, None, NEW, _OF_IMAGE, data)


def _read_entry(
    message: Message,
    values: Values,
    contract: Contract,
    report: int | None,
    action: str,
    index: int,
    data: MarketData,
) -> None:
    kind = values.entry_type
    event_ns = _event_ns(values, message) if values.clock else message.sent_ns
    if kind in _SIDES:
        if values.level not in _TOP:
            data.skipped.append("deeper level")
        elif action == DELETE:
            data.entries.append(Entry(contract, report, event_ns, None, kind == BID))
        else:
            price, size = parse_price(values.price), parse_size(values.size)
            data.entries.append(Entry(contract, report, event_ns, None, kind == BID, price, size))
        return
    event: Trade | Settlement | str
    if kind == TRADE:
        event = _read_trade(message, values, contract, event_ns, action, index)
    elif kind == SETTLEMENT:
        event = _read_settlement(message, values, contract, event_ns, action)
    elif kind:
        event = f"entry type {parse_text(kind)}"
    else:
        reason = "an entry has no type"
        raise ValueError(reason)
    if isinstance(event, str):
        data.skipped.append(event)
    else:
        data.entries.append(Entry(contract, report, event_ns, event))


def _contract(values: Values) -> Contract | None:
    if not values.symbol:
        raise ValueError(_NO_SYMBOL)
    return parse_contract(values.symbol, values.maturity, values.security_type or _FUTURE)


def _not_ours(values: Values) -> str:
    words = (values.security_type or _FUTURE, values.symbol, values.maturity)
    return parse_text(" ".join(word for word in words if word))


def _event_ns(values: Values, message: Message) -> int:
    if values.day:
        return parse_ns(f"{values.day}-{values.clock}")
    event_ns = parse_ns(f"{message.header.sent[:8]}-{values.clock}")
    # Without a date, shortly before midnight belongs to the day before the message.
    return event_ns - _DAY_NS if event_ns > message.sent_ns + _HALF_DAY_NS else event_ns


def _read_trade(
    message: Message,
    values: Values,
    contract: Contract,
    event_ns: int,
    action: str,
    index: int,
) -> Trade | str:
    if action != NEW:
        return "trade changed or cancelled"
    entry_id = values.entry_id
    if not entry_id:
        # An image tells the last trade again and again, which only the trade's own id shows.
        if index == _OF_IMAGE:
            return "trade of an image without an id"
        entry_id = f"{message.session}.{message.number}.{index}"
    return Trade(
        instrument=contract.instrument,
        source=message.source,
        entry_id=parse_text(entry_id),
        event_ns=event_ns,
        received_ns=message.received_ns,
        price=parse_price(values.price),
        size=parse_size(values.size),
        aggressor=_AGGRESSORS.get(values.aggressor),
    )


def _read_settlement(
    message: Message, values: Values, contract: Contract, event_ns: int, action: str
) -> Settlement | str:
    stage = _STAGES.get(values.flag)
    if action == DELETE:
        return "settlement deleted"
    if not values.day:
        return "settlement without a date"
    if stage is None:
        return "settlement of another kind"
    trade_date = parse_day(values.day)
    if is_to_come(trade_date, event_ns):
        return "settlement of a day to come"
    return Settlement(
        instrument=contract.instrument,
        source=message.source,
        trade_date=trade_date,
        price=parse_price(values.price),
        stage=stage,
        event_ns=event_ns,
        received_ns=message.received_ns,
    )
