"""Own the gateway's half of the wire: core values to fields, requests to values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.market import Instrument, Quote, Settlement, SettlementStage, Side, Trade
from core.products import product
from integrations.ice.fields import SYMBOL_OF, long_symbol, parse_contract, parse_text
from integrations.ice.fix import format_ns
from quant.contract_sizes import contract_size

FieldList = list[tuple[int, str]]

ENTRY_TYPES = frozenset(("0", "1", "2", "4", "5", "6", "7", "8", "B", "C"))
UNKNOWN_SYMBOL, INSUFFICIENT_BANDWIDTH = "0", "2"
BAD_SUBSCRIPTION, BAD_DEPTH, BAD_UPDATE, BAD_ENTRY = "4", "5", "6", "8"
_AGGRESSORS = {Side.BUY: "1", Side.SELL: "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """Hold V for one contract; `refusal` is the reason of Y if it cannot be served."""

    request_id: str
    instrument: Instrument | None
    is_stop: bool
    has_updates: bool
    refusal: str | None


def read_data_request(values: dict[str, str], kinds: Sequence[str]) -> DataRequest:
    """Read V, of which `kinds` are the entry types.

    Raises:
        KeyError, ValueError: a field is missing, or has another form.
    """
    contract = parse_contract(values["55"], values["200"], values["167"])
    subscription = values["263"]
    refusal = None
    if contract is None:
        refusal = UNKNOWN_SYMBOL
    elif subscription not in {"0", "1", "2"}:
        refusal = BAD_SUBSCRIPTION
    elif values["264"] != "1":
        refusal = BAD_DEPTH
    elif subscription == "1" and values.get("265") != "1":
        refusal = BAD_UPDATE
    elif not kinds or not ENTRY_TYPES.issuperset(kinds):
        refusal = BAD_ENTRY
    return DataRequest(
        request_id=parse_text(values["262"]),
        instrument=None if contract is None else contract.instrument,
        is_stop=subscription == "2",
        has_updates=subscription == "1",
        refusal=refusal,
    )


def _names(instrument: Instrument) -> FieldList:
    return [
        (55, SYMBOL_OF[instrument.product]),
        (48, long_symbol(instrument)),
        (22, "8"),
        (207, "ICE"),
        (167, "FUT"),
        (200, str(instrument.contract_month)),
    ]


def _moment(event_ns: int) -> FieldList:
    day, _, clock = format_ns(event_ns).partition("-")
    return [(272, day), (273, clock)]


def _settled(settlement: Settlement) -> FieldList:
    flag = "3" if settlement.stage is SettlementStage.PRELIMINARY else "0"
    clock = format_ns(settlement.event_ns).partition("-")[2]
    day = f"{settlement.trade_date:%Y%m%d}"
    return [(270, str(settlement.price)), (272, day), (273, clock), (286, flag)]


def image(
    request_id: str,
    instrument: Instrument,
    quote: Quote | None,
    settlement: Settlement | None,
    report: int | None,
) -> FieldList:
    """Return the fields of W; no quote means an empty book."""
    entries: list[FieldList] = []
    if quote is not None:
        for kind, price, size in _sides(quote):
            values = [(270, price), (271, size), *_moment(quote.event_ns), (290, "1")]
            entries.append([(269, kind), *values])
    if settlement is not None:
        entries.append([(269, "6"), *_settled(settlement)])
    counted = [] if report is None else [(83, str(report))]
    fields = [(262, request_id), *_names(instrument), *counted, (268, str(len(entries)))]
    return fields + [pair for entry in entries for pair in entry]


def _sides(quote: Quote) -> list[tuple[str, str, str]]:
    sides = (("0", quote.bid, quote.bid_size), ("1", quote.ask, quote.ask_size))
    return [(kind, str(price), str(size)) for kind, price, size in sides if price is not None]


def quote_entries(quote: Quote, before: Quote | None) -> list[FieldList]:
    """Return the entries of X for what changed in a book: one side, or both."""
    changed = _sides(quote)
    if before is not None:
        told = _sides(before)
        changed = [side for side in changed if side not in told] or changed
    return [
        [
            (279, "0" if before is None else "1"),
            (269, kind),
            *_names(quote.instrument),
            (270, price),
            (271, size),
            *_moment(quote.event_ns),
            (290, "1"),
        ]
        for kind, price, size in changed
    ]


def trade_entry(trade: Trade) -> FieldList:
    """Return the entry of X for a trade."""
    fields: FieldList = [
        (279, "0"),
        (269, "2"),
        (278, trade.entry_id),
        *_names(trade.instrument),
        (270, str(trade.price)),
        (271, str(trade.size)),
        *_moment(trade.event_ns),
    ]
    if trade.aggressor is not None:
        fields.append((5797, _AGGRESSORS[trade.aggressor]))
    return fields


def settlement_entry(settlement: Settlement) -> FieldList:
    """Return the entry of X for a settlement."""
    return [(279, "0"), (269, "6"), *_names(settlement.instrument), *_settled(settlement)]


def update(request_id: str, entries: Sequence[FieldList], reports: Sequence[int]) -> FieldList:
    """Return the fields of X; `reports` numbers the entries, or is empty."""
    fields: FieldList = [(262, request_id), (268, str(len(entries)))]
    for index, entry in enumerate(entries):
        fields += entry
        if reports:
            fields.append((83, str(reports[index])))
    return fields


def definition(
    request_id: str, response_id: str, instrument: Instrument, total: int, last_trade: date
) -> FieldList:
    """Return the fields of d for one of `total` contracts."""
    row = product(instrument.product)
    return [
        (320, request_id),
        (322, response_id),
        (323, "4"),
        (393, str(total)),
        *_names(instrument),
        (541, f"{last_trade:%Y%m%d}"),
        (461, "FCXXSX"),
        (15, "GBX" if row.minor_per_major == 100 else row.currency),
        (231, str(contract_size(instrument))),
        (969, str(row.tick)),
        (107, f"{row.name} {instrument.contract_month}"),
    ]


def definition_refusal(request_id: str, symbol: str) -> FieldList:
    """Return the fields of d that refuses a request."""
    return [(320, request_id), (322, request_id), (323, "5"), (58, f"unknown symbol {symbol}")]


def data_refusal(request_id: str, reason: str, text: str) -> FieldList:
    """Return the fields of Y."""
    return [(262, request_id), (281, reason), (58, text)]


def security_status(instrument: Instrument, *, is_open: bool) -> FieldList:
    """Return the fields of f: 17 is ready to trade, 18 not available for trading."""
    return [*_names(instrument), (326, "17" if is_open else "18")]
