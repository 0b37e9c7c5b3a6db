"""Own holidays as rules: which weekdays NYMEX, ICE and UK banks are closed, or power off peak."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6
ONE_DAY = timedelta(days=1)


class Calendar(StrEnum):
    """Name a holiday calendar.

    `NYMEX_LISTING` is NYMEX as it was planned when long-dated contracts were listed: last trade
    dates of CL and NG up to 2012 were fixed by it and kept when the plan changed. `NERC` are the
    days on which power in North America has no peak hours.
    """

    NYMEX = "nymex"
    NYMEX_LISTING = "nymex-listing"
    ICE = "ice"
    UK = "uk"
    NERC = "nerc"


IRREGULAR_CLOSURES: dict[Calendar, dict[date, str]] = {
    Calendar.NYMEX: {
        date(2001, 9, 11): "attacks on New York",
        date(2001, 9, 12): "attacks on New York",
        date(2001, 9, 13): "attacks on New York",
        date(2004, 6, 11): "funeral of President Reagan",
    },
    Calendar.NYMEX_LISTING: {date(2007, 12, 24): "bridge day planned, then traded"},
    Calendar.ICE: {},
    Calendar.NERC: {},
    Calendar.UK: {
        date(1999, 12, 31): "millennium",
        date(2002, 6, 3): "golden jubilee",
        date(2011, 4, 29): "royal wedding",
        date(2012, 6, 5): "diamond jubilee",
        date(2022, 6, 3): "platinum jubilee",
        date(2022, 9, 19): "state funeral of Queen Elizabeth II",
        date(2023, 5, 8): "coronation of King Charles III",
    },
}
"""Hold the closures that follow no rule, with what happened."""

_UK_MOVED = {
    (1995, "early_may"): date(1995, 5, 8),
    (2002, "spring"): date(2002, 6, 4),
    (2012, "spring"): date(2012, 6, 4),
    (2020, "early_may"): date(2020, 5, 8),
    (2022, "spring"): date(2022, 6, 2),
}


def easter_sunday(year: int) -> date:
    """Return the Gregorian Easter Sunday (the anonymous algorithm of Meeus, 1991)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leap_years, year_rest = divmod(of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th such weekday of a month (Monday = 0), from the end if `n` is negative."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - ONE_DAY
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-n - 1))


def _sunday_to_monday(day: date) -> date:
    return day + ONE_DAY if day.weekday() == SUNDAY else day


def _nearest_weekday(day: date) -> date:
    return day - ONE_DAY if day.weekday() == SATURDAY else _sunday_to_monday(day)


def _nymex(year: int) -> Iterator[date]:
    # Since 2010 a New Year's Day on a Saturday is not moved: the Friday before has a settlement.
    yield _sunday_to_monday(date(year, 1, 1))
    if year >= 1998:
        yield nth_weekday(year, 1, MONDAY, 3)
    yield nth_weekday(year, 2, MONDAY, 3)
    yield easter_sunday(year) - 2 * ONE_DAY
    yield nth_weekday(year, 5, MONDAY, -1)
    if year >= 2022:
        yield _nearest_weekday(date(year, 6, 19))
    yield _nearest_weekday(date(year, 7, 4))
    yield nth_weekday(year, 9, MONDAY, 1)
    yield nth_weekday(year, 11, THURSDAY, 4)
    yield _nearest_weekday(date(year, 12, 25))
    if year <= 2006:
        yield from _bridge_fridays(year)


def _bridge_fridays(year: int) -> Iterator[date]:
    yield nth_weekday(year, 11, THURSDAY, 4) + ONE_DAY
    if date(year + 1, 1, 1).weekday() == SATURDAY:
        yield date(year, 12, 31)


def _nymex_listing(year: int) -> Iterator[date]:
    yield from _nymex(year)
    if year <= 2012:
        yield from _bridge_fridays(year)


def _ice(year: int) -> Iterator[date]:
    # A holiday on a Saturday is not moved: the Friday before is a short day with a settlement.
    yield _sunday_to_monday(date(year, 1, 1))
    yield easter_sunday(year) - 2 * ONE_DAY
    yield _sunday_to_monday(date(year, 12, 25))


def _uk(year: int) -> Iterator[date]:
    new_year = date(year, 1, 1)
    yield new_year + timedelta(days={SATURDAY: 2, SUNDAY: 1}.get(new_year.weekday(), 0))
    yield easter_sunday(year) - 2 * ONE_DAY
    yield easter_sunday(year) + ONE_DAY
    yield _UK_MOVED.get((year, "early_may"), nth_weekday(year, 5, MONDAY, 1))
    yield _UK_MOVED.get((year, "spring"), nth_weekday(year, 5, MONDAY, -1))
    yield nth_weekday(year, 8, MONDAY, -1)
    christmas, boxing = date(year, 12, 25), date(year, 12, 26)
    yield christmas + timedelta(days=2 if christmas.weekday() >= SATURDAY else 0)
    yield boxing + timedelta(days=2 if boxing.weekday() >= SATURDAY else 0)


def _nerc(year: int) -> Iterator[date]:
    # One on a Saturday is not moved.
    yield _sunday_to_monday(date(year, 1, 1))
    yield nth_weekday(year, 5, MONDAY, -1)
    yield _sunday_to_monday(date(year, 7, 4))
    yield nth_weekday(year, 9, MONDAY, 1)
    yield nth_weekday(year, 11, THURSDAY, 4)
    yield _sunday_to_monday(date(year, 12, 25))


_RULES = {
    Calendar.NYMEX: _nymex,
    Calendar.NYMEX_LISTING: _nymex_listing,
    Calendar.ICE: _ice,
    Calendar.UK: _uk,
    Calendar.NERC: _nerc,
}


@cache
def holidays(calendar: Calendar, year: int) -> frozenset[date]:
    """Return the weekdays of one year on which the calendar is closed."""
    irregular = (day for day in IRREGULAR_CLOSURES[calendar] if day.year == year)
    return frozenset(
        day for day in (*_RULES[calendar](year), *irregular) if day.weekday() < SATURDAY
    )


def is_short_day(day: date) -> bool:
    """Tell whether exchanges close early: the eves of Christmas and New Year, and Thanksgiving.

    Thanksgiving and the Friday after it shorten London's sessions as well.
    """
    thanksgiving = nth_weekday(day.year, 11, THURSDAY, 4)
    return (day.month, day.day) in {(12, 24), (12, 31)} or day in {
        thanksgiving,
        thanksgiving + ONE_DAY,
    }
