"""Own the arithmetic of bars: what trades of any number and order add to the bars they touch."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from core.clock import utc_from_ns
from core.market import Trade
from quant.calendars import trade_date_of

_NANOS_PER_MINUTE = 60_000_000_000
_NANOS_PER_DAY = 86_400_000_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class BarResolution(StrEnum):
    """Name the length of a bar; a day is a trade date."""

    MINUTE = "1m"
    DAY = "1d"


class BarPart(msgspec.Struct, kw_only=True):
    """Hold what some trades add to one bar. Key: instrument, source, resolution, start.

    `open` and `close` are the prices of the first and the last trade by event time and entry id.
    The start of a day is midnight UTC of the trade date.
    """

    instrument: str
    source: str
    resolution: BarResolution
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    trades: int
    open_ns: int
    open_entry_id: str
    close_ns: int
    close_entry_id: str

    def add(self, trade: Trade) -> None:
        """Count one more trade in."""
        key = (trade.event_ns, trade.entry_id)
        if key < (self.open_ns, self.open_entry_id):
            self.open = trade.price
            self.open_ns, self.open_entry_id = key
        if key > (self.close_ns, self.close_entry_id):
            self.close = trade.price
            self.close_ns, self.close_entry_id = key
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.volume += trade.size
        self.trades += 1


def bar_parts(trades: Iterable[Trade]) -> list[BarPart]:
    """Return what trades of distinct keys add to their bars of a minute and a day, by key.

    Raises:
        UnknownProduct: a product is not in the registry, so that its sessions are not known.
    """
    minutes: dict[tuple[object, ...], tuple[BarPart, BarPart]] = {}
    days: dict[tuple[object, ...], BarPart] = {}
    for trade in trades:
        key = (trade.instrument, trade.source, trade.event_ns // _NANOS_PER_MINUTE)
        found = minutes.get(key)
        if found is None:
            minutes[key] = _begin(trade, days)
        else:
            for part in found:
                part.add(trade)
    return sorted([*(minute for minute, _ in minutes.values()), *days.values()], key=_key)


def _begin(trade: Trade, days: dict[tuple[object, ...], BarPart]) -> tuple[BarPart, BarPart]:
    """Return the bar of the trade's minute, and that of its day, which may have begun before."""
    minute_ns = trade.event_ns - trade.event_ns % _NANOS_PER_MINUTE
    minute = _part(trade, BarResolution.MINUTE, minute_ns)
    trade_date = trade_date_of(trade.instrument.product, trade.event_ns)
    key = (trade.instrument, trade.source, trade_date)
    day = days.get(key)
    if day is None:
        day_ns = (trade_date.toordinal() - _EPOCH_DAY) * _NANOS_PER_DAY
        day = days[key] = _part(trade, BarResolution.DAY, day_ns)
    else:
        day.add(trade)
    return minute, day


def _part(trade: Trade, resolution: BarResolution, start_ns: int) -> BarPart:
    return BarPart(
        instrument=str(trade.instrument),
        source=trade.source,
        resolution=resolution,
        start=utc_from_ns(start_ns),
        open=trade.price,
        high=trade.price,
        low=trade.price,
        close=trade.price,
        volume=trade.size,
        trades=1,
        open_ns=trade.event_ns,
        open_entry_id=trade.entry_id,
        close_ns=trade.event_ns,
        close_entry_id=trade.entry_id,
    )


def _key(part: BarPart) -> tuple[object, ...]:
    return (part.instrument, part.source, part.resolution, part.start)
