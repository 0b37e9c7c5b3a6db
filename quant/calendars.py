"""Own exchange time: business days, last trade dates, listed contracts, sessions.

The rules were checked against published dates from 2003 on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.clock import NANOSECONDS_PER_SECOND, ns_from_utc
from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from core.products import product
from quant.holidays import MONDAY, ONE_DAY, SATURDAY, Calendar, holidays, nth_weekday

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

_NANOSECONDS_PER_MINUTE = 60 * NANOSECONDS_PER_SECOND
_NOON = time(12, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingHours:
    """Hold the clock of one product, all in `zone`.

    A session belongs to the business day on which it closes; `opens` later than `closes` means
    that it opened the evening before. `settles` is when the daily settlement is struck.
    """

    calendar: Calendar
    zone: ZoneInfo
    opens: time
    closes: time
    settles: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Hold one session of a product: the day it belongs to, and from when to when it is open."""

    trade_date: date
    opened_ns: int
    closes_ns: int


def _hours(
    calendar: Calendar, zone: ZoneInfo, opens: str, closes: str, settles: str
) -> TradingHours:
    return TradingHours(
        calendar=calendar,
        zone=zone,
        opens=time.fromisoformat(opens),
        closes=time.fromisoformat(closes),
        settles=time.fromisoformat(settles),
    )


_NYMEX_HOURS = _hours(Calendar.NYMEX, NEW_YORK, "18:00", "17:00", "14:30")
TRADING_HOURS: dict[str, TradingHours] = {
    **dict.fromkeys(("CL", "NG", "HO", "RB", "BZ", "PJM"), _NYMEX_HOURS),
    "B": _hours(Calendar.ICE, LONDON, "01:00", "23:00", "19:30"),
    "G": _hours(Calendar.ICE, LONDON, "01:00", "23:00", "16:30"),
    "NBP": _hours(Calendar.ICE, LONDON, "07:00", "17:00", "16:15"),
    "TTF": _hours(Calendar.ICE, AMSTERDAM, "08:00", "18:00", "17:15"),
    "DEB": _hours(Calendar.ICE, AMSTERDAM, "08:00", "18:00", "17:15"),
    "EUA": _hours(Calendar.ICE, LONDON, "07:00", "17:00", "17:00"),
}


def trading_hours(code: str) -> TradingHours:
    """Return the trading hours of a product.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    return TRADING_HOURS[product(code).code]


def calendar_of(code: str) -> Calendar:
    """Return the calendar whose business days a product settles on."""
    return trading_hours(code).calendar


@lru_cache(maxsize=65_536)
def is_business_day(day: date, calendar: Calendar) -> bool:
    """Tell whether the calendar is open on a day."""
    return day.weekday() < SATURDAY and day not in holidays(calendar, day.year)


def previous_business_day(day: date, calendar: Calendar) -> date:
    """Return the last business day before `day`."""
    return add_business_days(day, -1, calendar)


def next_business_day(day: date, calendar: Calendar) -> date:
    """Return the first business day after `day`."""
    return add_business_days(day, 1, calendar)


@lru_cache(maxsize=65_536)
def add_business_days(day: date, count: int, calendar: Calendar) -> date:
    """Move `count` business days, back if negative; 0 returns `day` itself, open or not."""
    step = ONE_DAY if count > 0 else -ONE_DAY
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, calendar):
            day += step
    return day


def last_business_day_from(day: date, calendar: Calendar) -> date:
    """Return `day` if it is open, else the last business day before it."""
    return day if is_business_day(day, calendar) else previous_business_day(day, calendar)


def business_days(first: date, last: date, calendar: Calendar) -> tuple[date, ...]:
    """Return the business days from `first` to `last`, both included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if is_business_day(day, calendar))


def _business_day_from_end(month: ContractMonth, n: int, calendar: Calendar) -> date:
    return add_business_days(month.plus(1).first_day, -n, calendar)


def _crude(month: ContractMonth) -> date:
    pivot = month.plus(-1).first_day.replace(day=25)
    days = 3 if is_business_day(pivot, Calendar.NYMEX_LISTING) else 4
    return add_business_days(pivot, -days, Calendar.NYMEX_LISTING)


def _natural_gas(month: ContractMonth) -> date:
    return _business_day_from_end(month.plus(-1), 3, Calendar.NYMEX_LISTING)


def _nymex_refined(month: ContractMonth) -> date:
    return _business_day_from_end(month.plus(-1), 1, Calendar.NYMEX)


_LAST_BRENT_OF_OLD_RULE = ContractMonth(2016, 2)


def _brent(month: ContractMonth) -> date:
    if month <= _LAST_BRENT_OF_OLD_RULE:
        pivot = last_business_day_from(month.first_day - timedelta(days=15), Calendar.UK)
        return previous_business_day(pivot, Calendar.UK)
    day = _business_day_from_end(month.plus(-2), 1, Calendar.UK)
    # Trading never ends on the last business day before Christmas or New Year.
    return previous_business_day(day, Calendar.UK) if day.month == 12 else day


def _gasoil(month: ContractMonth) -> date:
    return add_business_days(month.first_day.replace(day=14), -2, Calendar.UK)


def _uk_gas(month: ContractMonth) -> date:
    return add_business_days(month.first_day, -2, Calendar.UK)


def _peak_power(month: ContractMonth) -> date:
    return _business_day_from_end(month, 1, Calendar.NYMEX)


def _base_power(month: ContractMonth) -> date:
    return _business_day_from_end(month, 2, Calendar.ICE)


def _carbon(month: ContractMonth) -> date:
    # The days up to delivery, Tuesday to Friday, must be open too.
    monday = nth_weekday(month.year, month.month, MONDAY, -1)
    while not all(is_business_day(monday + n * ONE_DAY, Calendar.UK) for n in range(5)):
        monday -= 7 * ONE_DAY
    return monday


_LAST_TRADE: dict[str, Callable[[ContractMonth], date]] = {
    "CL": _crude,
    "NG": _natural_gas,
    "HO": _nymex_refined,
    "RB": _nymex_refined,
    "BZ": _brent,
    "B": _brent,
    "G": _gasoil,
    "NBP": _uk_gas,
    "TTF": _uk_gas,
    "PJM": _peak_power,
    "DEB": _base_power,
    "EUA": _carbon,
}


@lru_cache(maxsize=65_536)
def last_trade_date(instrument: Instrument) -> date:
    """Return the last day on which a contract trades, by the rule of its product.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    return _LAST_TRADE[product(instrument.product).code](instrument.contract_month)


@lru_cache(maxsize=65_536)
def front_month(code: str, on: date) -> ContractMonth:
    """Return the nearest delivery month whose last trade date is `on` or later.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    month = ContractMonth(on.year, on.month)
    while last_trade_date(Instrument(code, month)) < on:
        month = month.plus(1)
    return month


@lru_cache(maxsize=16_384)
def _chain(code: str, front: ContractMonth, count: int) -> tuple[Instrument, ...]:
    return tuple(Instrument(code, front.plus(n)) for n in range(count))


def listed_contracts(code: str, on: date, count: int) -> tuple[Instrument, ...]:
    """Return the nearest `count` contracts still trading on a day; the first is position 1.

    Raises:
        UnknownProduct: the code is not in the registry.
        InvalidInput: `count` is below 1.
    """
    if count < 1:
        raise InvalidInput(field="count", reason=f"expected at least 1, was {count}")
    return _chain(code, front_month(code, on), count)


def settlement_time(code: str, day: date) -> datetime:
    """Return the moment a business day's settlement is struck, in the exchange's time zone."""
    hours = trading_hours(code)
    return datetime.combine(day, hours.settles, hours.zone)


def open_session(code: str, now_ns: int) -> Session | None:
    """Return the session of a product that is open at `now_ns`; None while it is closed.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    # Sessions open and close on whole minutes, so one answer holds for all of a minute.
    return _open_session(code, now_ns // _NANOSECONDS_PER_MINUTE)


@lru_cache(maxsize=4_096)
def _open_session(code: str, minute: int) -> Session | None:
    hours = trading_hours(code)
    local = datetime.fromtimestamp(minute * 60, tz=hours.zone)
    day, clock = local.date(), local.time()
    opened_on = day
    if hours.opens < hours.closes:
        is_open = hours.opens <= clock < hours.closes
    elif clock >= hours.opens:
        day, is_open = day + ONE_DAY, True
    else:
        opened_on, is_open = day - ONE_DAY, clock < hours.closes
    if not is_open or not is_business_day(day, hours.calendar):
        return None
    return Session(
        trade_date=day,
        opened_ns=ns_from_utc(datetime.combine(opened_on, hours.opens, hours.zone)),
        closes_ns=ns_from_utc(datetime.combine(day, hours.closes, hours.zone)),
    )


def trading_ends(instrument: Instrument) -> datetime:
    """Return when a contract stops trading on its last trade date.

    Gasoil stops at noon in London. All others trade until their last settlement is struck at
    least, so that this may be early but never late.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    hours = trading_hours(instrument.product)
    clock = _NOON if instrument.product == "G" else hours.settles
    return datetime.combine(last_trade_date(instrument), clock, hours.zone)


def session_trade_date(code: str, now_ns: int) -> date | None:
    """Return the business day whose session is open at `now_ns`; None while it is closed."""
    session = open_session(code, now_ns)
    return None if session is None else session.trade_date


def trade_date_of(code: str, event_ns: int) -> date:
    """Return the business day that a trade at `event_ns` counts to.

    It is that of the open session; while none is open, as on a holiday, that of the next.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    return _trade_date_of_minute(code, event_ns // _NANOSECONDS_PER_MINUTE)


@lru_cache(maxsize=65_536)
def _trade_date_of_minute(code: str, minute: int) -> date:
    hours = trading_hours(code)
    local = datetime.fromtimestamp(minute * 60, tz=hours.zone)
    day = local.date() if local.time() < hours.closes else local.date() + ONE_DAY
    while not is_business_day(day, hours.calendar):
        day += ONE_DAY
    return day


def is_session_open(code: str, now_ns: int) -> bool:
    """Tell whether a product trades at `now_ns`; holidays count as closed all day."""
    return session_trade_date(code, now_ns) is not None


def last_settled_day(code: str, now_ns: int) -> date:
    """Return the latest business day whose settlement has been struck at `now_ns`."""
    hours = trading_hours(code)
    local = datetime.fromtimestamp(now_ns // NANOSECONDS_PER_SECOND, tz=hours.zone)
    day = local.date() if local.time() >= hours.settles else local.date() - ONE_DAY
    return last_business_day_from(day, hours.calendar)
