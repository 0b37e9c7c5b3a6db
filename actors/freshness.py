"""Own how long an instrument may be silent before its price is called stale.

Pure: every time is a parameter. Silence counts only while the market is open.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from actors.messages import SymbolStatus
from core.clock import NANOSECONDS_PER_SECOND, ns_from_utc
from core.market import Instrument, Staleness
from quant.calendars import (
    Session,
    front_month,
    last_settled_day,
    open_session,
    session_trade_date,
    trading_ends,
    trading_hours,
)
from quant.holidays import is_short_day

_NOON = time(12, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessLimit:
    """Allow a silence, in seconds of open market, up to a curve position; None: all beyond."""

    last_position: int | None
    limit_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """Declare the limits by curve position, nearest first; the last one has no last position."""

    rows: tuple[FreshnessLimit, ...]

    def limit_s(self, position: int) -> float:
        """Return the limit of a curve position; 1 is the front month."""
        return next(
            row.limit_s
            for row in self.rows
            if row.last_position is None or position <= row.last_position
        )


DEFAULT_LIMITS = FreshnessLimits(
    (
        FreshnessLimit(
            last_position=3,
            limit_s=15.0,
            reason="where hedges are done: the top of the book moves several times a second",
        ),
        FreshnessLimit(
            last_position=12,
            limit_s=60.0,
            reason="makers follow the front within seconds, less eagerly at night",
        ),
        FreshnessLimit(
            last_position=None,
            limit_s=600.0,
            reason="few makers, who move when the whole curve has moved",
        ),
    )
)


@dataclass(slots=True)
class _Symbol:
    """Hold what is known of one instrument. `stale_since_ns` is None while it is fresh."""

    expected_ns: int
    ends_ns: int
    limit_ns: int
    last_received_ns: int | None = None
    last_event_ns: int | None = None
    stale_since_ns: int | None = None

    @property
    def heard_ns(self) -> int:
        return self.expected_ns if self.last_received_ns is None else self.last_received_ns


class _Product:
    """Hold one product's instruments, the session they are in, and when to look at them next."""

    def __init__(self, code: str, venue_ahead_ns: int) -> None:
        self.code = code
        self.symbols: dict[Instrument, _Symbol] = {}
        self.session: Session | None = None
        self.judged_until_ns = 0
        self.due_ns = 0
        self._venue_ahead_ns = venue_ahead_ns

    def has_opened(self, now_ns: int) -> bool:
        """Find the session at `now_ns` and tell whether it is another one than before."""
        session = self.session
        if session is not None and session.opened_ns <= now_ns < session.closes_ns:
            return False
        ahead_ns = self._venue_ahead_ns
        found = open_session(self.code, now_ns + ahead_ns)
        if found is None:
            self.session = None
            return False
        self.session = replace(
            found, opened_ns=found.opened_ns - ahead_ns, closes_ns=found.closes_ns - ahead_ns
        )
        self.judged_until_ns = _judged_until_ns(self.code, found) - ahead_ns
        self.due_ns = 0
        return True


class FreshnessTracker:
    """Tell which instruments of a venue fell silent, and which speak again.

    An instrument is tracked from its first value on, or from when it is expected, until its
    trading ends. Quotes and trades are signs of life; settlements are not, as they come whatever
    the book does. Once stale, it stays so until it is heard. All times are ours; `venue_ahead_ns`
    is how far the venue's clock, which its market hours follow, is ahead of it: a sandbox's may
    be days behind.
    """

    def __init__(
        self, limits: FreshnessLimits, venue: str, source: str, venue_ahead_ns: int = 0
    ) -> None:
        self._limits = limits
        self._venue_ahead_ns = venue_ahead_ns
        self._venue = venue
        self._source = source
        self._products: dict[str, _Product] = {}
        self._symbols: dict[Instrument, _Symbol] = {}
        self._revived: list[Instrument] = []
        self._checked_ns = 0

    def expect(self, instruments: Iterable[Instrument], now_ns: int) -> None:
        """Track instruments whether they are ever heard or not.

        Raises:
            UnknownProduct: a product is not in the registry.
        """
        for instrument in instruments:
            if instrument not in self._symbols:
                self._track(instrument, now_ns)

    def observe(
        self, instrument: Instrument, received_ns: int, event_ns: int | None = None
    ) -> None:
        """Take in that an instrument was quoted or traded.

        Raises:
            UnknownProduct: its product is not in the registry.
        """
        symbol = self._symbols.get(instrument)
        if symbol is None:
            symbol = self._track(instrument, received_ns)
        # Two sessions overlap while one takes over, so an older value may come later.
        if symbol.last_received_ns is None or received_ns >= symbol.last_received_ns:
            symbol.last_received_ns = received_ns
            symbol.last_event_ns = event_ns
        if symbol.stale_since_ns is not None:
            self._revived.append(instrument)

    def is_tracked(self, instrument: Instrument) -> bool:
        """Tell whether an instrument was heard or is expected, and still trades."""
        return instrument in self._symbols

    def check(self, now_ns: int) -> list[Staleness]:
        """Return what changed since the last call: who fell silent, and who speaks again."""
        if now_ns < self._checked_ns:
            self._step_back(now_ns)
        self._checked_ns = now_ns
        changes = self._check_revived(now_ns)
        for product in self._products.values():
            if product.has_opened(now_ns):
                self._set_limits(product)
            if product.session is not None and product.due_ns <= now_ns < product.judged_until_ns:
                changes += self._check_product(product, product.session, now_ns)
        return changes

    def statuses(
        self, now_ns: int, suspects: Collection[Instrument] = ()
    ) -> tuple[SymbolStatus, ...]:
        """Return how fresh each instrument is, in order; `suspects` had no value since a gap."""
        venue_ns = now_ns + self._venue_ahead_ns
        is_open = {code: open_session(code, venue_ns) is not None for code in self._products}
        return tuple(
            SymbolStatus(
                instrument=instrument,
                last_event_ns=symbol.last_event_ns,
                last_received_ns=symbol.last_received_ns,
                is_market_open=is_open[instrument.product],
                limit_s=symbol.limit_ns / NANOSECONDS_PER_SECOND,
                is_stale=symbol.stale_since_ns is not None,
                is_suspect=instrument in suspects,
            )
            for instrument, symbol in sorted(self._symbols.items())
        )

    def _track(self, instrument: Instrument, now_ns: int) -> _Symbol:
        code, venue_ns = instrument.product, now_ns + self._venue_ahead_ns
        day = session_trade_date(code, venue_ns) or last_settled_day(code, venue_ns)
        symbol = _Symbol(
            expected_ns=now_ns,
            ends_ns=ns_from_utc(trading_ends(instrument)) - self._venue_ahead_ns,
            limit_ns=self._limit_ns(instrument, day),
        )
        product = self._products.setdefault(code, _Product(code, self._venue_ahead_ns))
        product.symbols[instrument] = self._symbols[instrument] = symbol
        product.due_ns = 0
        return symbol

    def _step_back(self, now_ns: int) -> None:
        """Begin to count anew: what was heard by a clock that is put back is not in the future."""
        for product in self._products.values():
            product.session, product.due_ns = None, 0
        for symbol in self._symbols.values():
            symbol.expected_ns = min(symbol.expected_ns, now_ns)
            if symbol.last_received_ns is not None:
                symbol.last_received_ns = min(symbol.last_received_ns, now_ns)

    def _check_revived(self, now_ns: int) -> list[Staleness]:
        revived, self._revived = self._revived, []
        changes = []
        for instrument in revived:
            symbol = self._symbols.get(instrument)
            if symbol is None or symbol.stale_since_ns is None:
                continue
            changes.append(self._staleness(instrument, symbol, now_ns, is_stale=False))
            symbol.stale_since_ns = None
            self._products[instrument.product].due_ns = 0
        return changes

    def _check_product(self, product: _Product, session: Session, now_ns: int) -> list[Staleness]:
        changes = []
        due_ns = product.judged_until_ns
        for instrument, symbol in list(product.symbols.items()):
            if now_ns >= symbol.ends_ns:
                del product.symbols[instrument], self._symbols[instrument]
                continue
            due_ns = min(due_ns, symbol.ends_ns)
            if symbol.stale_since_ns is not None:
                continue
            since_ns = max(symbol.heard_ns, session.opened_ns)
            if now_ns - since_ns < symbol.limit_ns:
                due_ns = min(due_ns, since_ns + symbol.limit_ns)
                continue
            symbol.stale_since_ns = since_ns
            changes.append(self._staleness(instrument, symbol, now_ns, is_stale=True))
        product.due_ns = due_ns
        return changes

    def _set_limits(self, product: _Product) -> None:
        if product.session is not None:
            for instrument, symbol in product.symbols.items():
                symbol.limit_ns = self._limit_ns(instrument, product.session.trade_date)

    def _limit_ns(self, instrument: Instrument, day: date) -> int:
        front, month = front_month(instrument.product, day), instrument.contract_month
        position = 1 + 12 * (month.year - front.year) + month.month - front.month
        return int(self._limits.limit_s(position) * NANOSECONDS_PER_SECOND)

    def _staleness(
        self, instrument: Instrument, symbol: _Symbol, now_ns: int, *, is_stale: bool
    ) -> Staleness:
        return Staleness(
            instrument=instrument,
            venue=self._venue,
            source=self._source,
            is_stale=is_stale,
            silent_since_ns=symbol.stale_since_ns or 0,
            limit_s=symbol.limit_ns / NANOSECONDS_PER_SECOND,
            received_ns=now_ns,
        )


def _judged_until_ns(code: str, session: Session) -> int:
    """Return until when silence counts: on a day that may end early, until noon only."""
    if not is_short_day(session.trade_date):
        return session.closes_ns
    noon = datetime.combine(session.trade_date, _NOON, trading_hours(code).zone)
    return min(session.closes_ns, ns_from_utc(noon))
