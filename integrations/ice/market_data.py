"""Own the market data messages W and X: fields to entries, all of a message or nothing.

Pure. Every reader raises ValueError or KeyError where a field is missing or has another form.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from core.clock import NANOSECONDS_PER_SECOND
from core.market import Settlement, SettlementStage, Side, Trade
from integrations.ice.fields import (
    Contract,
    parse_contract,
    parse_day,
    parse_number,
    parse_price,
    parse_size,
    parse_text,
)
from integrations.ice.fix import Pairs, fields_of, parse_ns

IMAGE, UPDATE = "W", "X"
BID, OFFER, TRADE, SETTLEMENT = "0", "1", "2", "6"
NEW, CHANGE, DELETE = "0", "1", "2"

_ACTIONS = frozenset((NEW, CHANGE, DELETE))
_SIDES = frozenset((BID, OFFER))
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

Values = dict[str, str]


class Message(msgspec.Struct, gc=False):
    """Hold one message: where it came from, its header, its fields.

    `pairs` are all fields in order where a tag comes more than once.
    """

    source: str
    session: int
    received_ns: int
    kind: str
    number: int
    sent_ns: int
    values: Values
    pairs: Pairs | None

    @property
    def is_possible_duplicate(self) -> bool:
        return self.values.get("43") == "Y"


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


def read_message(frame: bytes, source: str, session: int, received_ns: int) -> Message:
    """Read a chunk that is a message."""
    values, pairs = fields_of(frame)
    number, sent_ns = parse_number(values["34"]), parse_ns(values["52"])
    return Message(source, session, received_ns, values["35"], number, sent_ns, values, pairs)


def read_market_data(message: Message) -> MarketData:
    """Read an image or an update."""
    data = MarketData([], [])
    if message.kind == IMAGE:
        _read_image(message, data)
        return data
    contract = None
    for index, values in enumerate(_groups(message, "279")[1]):
        # An entry that names no instrument is of the same one as the entry before it.
        if index == 0 or "55" in values or "200" in values:
            contract = _contract(values)
        if contract is None:
            data.skipped.append(_not_ours(values))
            continue
        action = values["279"]
        if action not in _ACTIONS:
            reason = f"expected an update action, was {action!r}"
            raise ValueError(reason)
        report = values.get("83")
        number = None if report is None else parse_number(report)
        _read_entry(message, values, contract, number, action, index, data)
    return data


def _read_image(message: Message, data: MarketData) -> None:
    header, groups = _groups(message, "269")
    contract = _contract(header)
    if contract is None:
        data.skipped.append(_not_ours(header))
        return
    data.image_of = contract
    if "83" in header:
        data.report = parse_number(header["83"])
    for values in groups:
        _read_entry(message, values, contract, None, NEW, _OF_IMAGE, data)


def _groups(message: Message, first_tag: str) -> tuple[Values, Sequence[Values]]:
    """Return the fields ahead of the entries, and those of each; one dictionary if it is one."""
    values, pairs = message.values, message.pairs
    if pairs is None and values["268"] == "1" and first_tag in values:
        return values, (values,)
    count = parse_number(values["268"])
    starts = [index for index, pair in enumerate(pairs or ()) if pair[0] == first_tag]
    if len(starts) != count or (pairs is None and first_tag in values):
        reason = f"expected {count} entries, were {len(starts)}"
        raise ValueError(reason)
    if pairs is None or not starts:
        return values, ()
    parts = [pairs[: starts[0]]]
    for start, end in zip(starts, [*starts[1:], len(pairs)], strict=True):
        parts.append(pairs[start:end])
    groups = [dict(part) for part in parts]
    if any(len(group) != len(part) for group, part in zip(groups, parts, strict=True)):
        reason = "a field of an entry comes twice"
        raise ValueError(reason)
    return groups[0], groups[1:]


def _read_entry(
    message: Message,
    values: Values,
    contract: Contract,
    report: int | None,
    action: str,
    index: int,
    data: MarketData,
) -> None:
    kind = values["269"]
    event_ns = _event_ns(values, message) if "273" in values else message.sent_ns
    if kind in _SIDES:
        if values.get("290", "1") != "1":
            data.skipped.append("deeper level")
        elif action == DELETE:
            data.entries.append(Entry(contract, report, event_ns, None, kind == BID))
        else:
            price, size = parse_price(values["270"]), parse_size(values["271"])
            data.entries.append(Entry(contract, report, event_ns, None, kind == BID, price, size))
        return
    event: Trade | Settlement | str
    if kind == TRADE:
        event = _read_trade(message, values, contract, event_ns, action, index)
    elif kind == SETTLEMENT:
        event = _read_settlement(message, values, contract, event_ns, action)
    else:
        event = f"entry type {parse_text(kind)}"
    if isinstance(event, str):
        data.skipped.append(event)
    else:
        data.entries.append(Entry(contract, report, event_ns, event))


def _contract(values: Values) -> Contract | None:
    return parse_contract(values["55"], values.get("200", ""), values.get("167", "FUT"))


def _not_ours(values: Values) -> str:
    words = (values.get("167", "FUT"), values.get("55", ""), values.get("200", ""))
    return parse_text(" ".join(word for word in words if word))


def _event_ns(values: Values, message: Message) -> int:
    clock, day = values["273"], values.get("272")
    if day is not None:
        return parse_ns(f"{day}-{clock}")
    event_ns = parse_ns(f"{message.values['52'][:8]}-{clock}")
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
    entry_id = values.get("278")
    if entry_id is None:
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
        price=parse_price(values["270"]),
        size=parse_size(values["271"]),
        aggressor=_AGGRESSORS.get(values.get("5797", "")),
    )


def _read_settlement(
    message: Message, values: Values, contract: Contract, event_ns: int, action: str
) -> Settlement | str:
    stage = _STAGES.get(values.get("286", ""))
    if action == DELETE:
        return "settlement deleted"
    if "272" not in values:
        return "settlement without a date"
    if stage is None:
        return "settlement of another kind"
    return Settlement(
        instrument=contract.instrument,
        source=message.source,
        trade_date=parse_day(values["272"]),
        price=parse_price(values["270"]),
        stage=stage,
        event_ns=event_ns,
        received_ns=message.received_ns,
    )
