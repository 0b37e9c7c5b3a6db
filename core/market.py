"""Own the market's value types: contracts, quotes, trades, settlements, gaps, curves."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

import msgspec

from core.clock import utc_from_ns
from core.errors import InvalidInput
from core.products import MONTH_CODES

SANDBOX_SOURCE = "sandbox"
# Energy futures began in 1978, and the longest curves reach some fifteen years ahead.
_LISTED_YEARS = range(1978, 2151)
_SOURCE = re.compile(r"[a-z][a-z0-9]{1,15}|import:[a-z0-9][a-z0-9_-]{0,31}")


def validate_source(source: str) -> str:
    """Return `source` if it is written as a venue's code, `sandbox` or `import:<name>`.

    Raises:
        InvalidInput: it is none of these.
    """
    if not _SOURCE.fullmatch(source):
        raise InvalidInput(
            field="source",
            reason=f"expected a venue such as cme, sandbox or import:<name> "
            f"(lower-case letters and digits; - and _ in the name), was {source!r}",
        )
    return source


class ContractMonth(msgspec.Struct, frozen=True, order=True, gc=False):
    """Name a delivery month."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1900 <= self.year <= 2199 and 1 <= self.month <= 12):
            raise InvalidInput(field="contract", reason=f"no month {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYYMM`.

        Raises:
            InvalidInput: the text is not six digits naming a month.
        """
        if not re.fullmatch(r"[0-9]{6}", text):
            raise InvalidInput(field="contract", reason=f"expected YYYYMM, was {text!r}")
        return cls(int(text[:4]), int(text[4:]))

    @classmethod
    def parse_listed(cls, text: str) -> Self:
        """Read `YYYYMM` as a venue sends it: of a contract that may trade.

        Raises:
            InvalidInput: the text is not six digits naming a month, or no such contract is or was
                listed, so that the calendar could not count from it.
        """
        month = cls.parse(text)
        if month.year not in _LISTED_YEARS:
            raise InvalidInput(field="contract", reason=f"nobody lists {text}")
        return month

    def __str__(self) -> str:
        return f"{self.year:04d}{self.month:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def plus(self, months: int) -> "ContractMonth":
        """Return the month `months` later (or earlier, if negative)."""
        index = self.year * 12 + self.month - 1 + months
        return ContractMonth(index // 12, index % 12 + 1)


class Instrument(msgspec.Struct, frozen=True, order=True, gc=False):
    """Name one futures contract: a product and its delivery month.

    A struct, since events are looked up by it: a frozen dataclass takes five times as long to hash.
    """

    product: str
    contract_month: ContractMonth

    def __str__(self) -> str:
        return f"{self.product}-{self.contract_month}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `CL-202612`.

        Raises:
            InvalidInput: the text has another form.
        """
        code, separator, month = text.partition("-")
        if not separator:
            raise InvalidInput(field="instrument", reason=f"expected CL-202612, was {text!r}")
        return cls(code, ContractMonth.parse(month))

    @property
    def symbol(self) -> str:
        """Return the short display symbol, such as `CLZ26`."""
        month_code = MONTH_CODES[self.contract_month.month - 1]
        return f"{self.product}{month_code}{self.contract_month.year % 100:02d}"


class Quote(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True, tag=True):
    """Hold the top of one book. Key: instrument, session, sequence, frame_index.

    A struct, since one is built for nearly every message: a frozen dataclass takes 2 µs longer.
    """

    instrument: Instrument
    source: str
    session: int
    sequence: int
    frame_index: int
    event_ns: int
    received_ns: int
    bid: Decimal | None
    bid_size: int | None
    ask: Decimal | None
    ask_size: int | None


class Side(StrEnum):
    """Name the aggressor of a trade."""

    BUY = "buy"
    SELL = "sell"


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True, tag=True):
    """Hold one trade. Key: instrument, event_ns, entry_id."""

    instrument: Instrument
    source: str
    entry_id: str
    event_ns: int
    received_ns: int
    price: Decimal
    size: int
    aggressor: Side | None


class SettlementStage(StrEnum):
    """Tell how far a settlement price has come; a corrected one replaces a final one."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"


class Settlement(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True, tag=True):
    """Hold one settlement price of a contract month, as a venue announced it."""

    instrument: Instrument
    source: str
    trade_date: date
    price: Decimal
    stage: SettlementStage
    event_ns: int
    received_ns: int


_DAYS_AHEAD = 7


def is_to_come(trade_date: date, event_ns: int) -> bool:
    """Tell whether a trade date is more than a week after the moment it was announced.

    No session is so long; one such settlement would end every curve that it became part of.
    """
    return trade_date.toordinal() > utc_from_ns(event_ns).toordinal() + _DAYS_AHEAD


class GapReason(StrEnum):
    """Say why a stream may have lost something."""

    SEQUENCE = "sequence"
    SILENCE = "silence"
    DISCONNECTED = "disconnected"
    STARTED = "started"


class Gap(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Mark on the stream that messages of a venue may be missing before `received_ns`.

    `instruments` names those concerned; empty means every one of the session.
    """

    venue: str
    source: str
    session: int
    expected_sequence: int | None
    received_sequence: int | None
    received_ns: int
    reason: GapReason
    instruments: tuple[Instrument, ...] = ()


class Healed(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Mark on the stream that these instruments have fresh values again after a gap."""

    venue: str
    source: str
    session: int
    received_ns: int
    instruments: tuple[Instrument, ...]


class Staleness(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Mark that an instrument fell silent while its market is open, or that it speaks again.

    `silent_since_ns` is when it was last heard, or when its market opened if that was later.
    """

    instrument: Instrument
    venue: str
    source: str
    is_stale: bool
    silent_since_ns: int
    limit_s: float
    received_ns: int


PriceEvent = Quote | Trade | Settlement
MarketEvent = PriceEvent | Gap | Healed | Staleness


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Hold one contract on a forward curve.

    `price` is the best price known: the mid of a two-sided quote, else the last trade, else the
    settlement; `basis` names which. `position` counts from 1, the front month. `is_suspect`: no
    fresh quote since a gap; `is_stale`: silent for too long while its market is open.
    """

    position: int
    contract_month: ContractMonth
    last_trade_date: date
    price: Decimal
    basis: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    settlement: Decimal | None = None
    event_ns: int | None = None
    is_suspect: bool = False
    is_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Hold the forward curve of one product.

    `version` rises with each change of a live curve and is 0 for a historical one; `gap` tells
    that a contract of it had no fresh quote since its stream was interrupted.
    """

    product: str
    source: str
    as_of: date
    as_of_ns: int
    version: int
    live: bool
    gap: bool
    points: tuple[CurvePoint, ...]
