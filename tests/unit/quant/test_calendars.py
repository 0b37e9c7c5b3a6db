import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from core.clock import ns_from_utc
from core.errors import InvalidInput, UnknownProduct
from core.market import ContractMonth, Instrument
from quant import calendars
from quant.calendars import (
    NEW_YORK,
    add_business_days,
    is_business_day,
    is_session_open,
    last_settled_day,
    last_trade_date,
    listed_contracts,
    open_session,
    session_trade_date,
    settlement_time,
    trading_ends,
)
from quant.holidays import Calendar, easter_sunday, holidays, is_short_day, nth_weekday

SharedData = Callable[[str], Path]

COMMODITIES = {
    "cmewti": "CL",
    "cmeng": "NG",
    "cmeulsd": "HO",
    "cmerbob": "RB",
    "cmebrent": "BZ",
    "icebrent": "B",
    "icegasoil": "G",
}

RULE_MISSES = {
    # Counts the Friday after Thanksgiving 2003 as open, which HO of the same month does not.
    ("NG", date(2003, 11, 25)),
}

HALF_DAYS_LISTED_AS_ICE_HOLIDAYS = {
    date(2010, 12, 24),
    date(2010, 12, 31),
    date(2021, 12, 24),
    date(2021, 12, 31),
}

MISSING_FROM_THE_HOLIDAY_FILE = {
    date(2015, 4, 3),  # Good Friday
    date(2022, 6, 20),  # the first Juneteenth
    date(2023, 6, 19),
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def ns(text: str) -> int:
    return ns_from_utc(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


@pytest.mark.parametrize("commodity", COMMODITIES)
def test_last_trade_dates_equal_the_published_ones(commodity: str, shared_data: SharedData) -> None:
    code = COMMODITIES[commodity]
    published = {
        date.fromisoformat(row["last_trade"])
        for row in rows(shared_data("contract_expiries.csv"))
        if row["cmdty"] == commodity
    }
    months = (ContractMonth(2003, 1).plus(n) for n in range(12 * 35))
    by_rule = {last_trade_date(Instrument(code, month)) for month in months}

    assert {(code, day) for day in published - by_rule} == {
        miss for miss in RULE_MISSES if miss[0] == code
    }
    # A rule date between two published neighbours of adjacent months would be an extra expiry.
    ordered = sorted(published - {day for _, day in RULE_MISSES})
    extra = [
        day
        for first, second in pairwise(ordered)
        if (second - first).days < 50
        for day in by_rule
        if first < day < second and (code, first) not in RULE_MISSES
    ]
    assert [day for day in extra if day.year > 2003] == []


@pytest.mark.parametrize(
    ("commodity", "contracts"),
    [("cmewti", 385), ("cmeng", 299), ("cmeulsd", 288), ("cmerbob", 253), ("icegasoil", 311)],
)
def test_last_trade_dates_belong_to_the_published_month(
    commodity: str, contracts: int, shared_data: SharedData
) -> None:
    code = COMMODITIES[commodity]
    published = [
        row for row in rows(shared_data("contract_expiries.csv")) if row["cmdty"] == commodity
    ]
    wrong = [
        row["last_trade"]
        for row in published
        if last_trade_date(Instrument(code, ContractMonth(int(row["year"]), int(row["month"]))))
        != date.fromisoformat(row["last_trade"])
    ]
    assert len(published) == contracts
    assert wrong == [day.isoformat() for product, day in RULE_MISSES if product == code]


@pytest.mark.parametrize(
    ("commodity", "lines", "first", "last"),
    [
        ("icebrent", 399, ContractMonth(2003, 2), ContractMonth(2031, 3)),
        ("cmebrent", 97, ContractMonth(2024, 3), ContractMonth(2032, 3)),
    ],
)
def test_each_brent_contract_ends_on_its_published_day(
    commodity: str, lines: int, first: ContractMonth, last: ContractMonth, shared_data: SharedData
) -> None:
    # The months printed for Brent follow the last trade date, not delivery, and 61 contracts are
    # printed twice. But one contract ends a month, so the dates in order are the contracts in
    # order from a known one: February 2003 ended on 2003-01-16, March 2024 on 2024-01-31.
    published = [
        date.fromisoformat(row["last_trade"])
        for row in rows(shared_data("contract_expiries.csv"))
        if row["cmdty"] == commodity
    ]
    months = [first]
    while months[-1] < last:
        months.append(months[-1].plus(1))
    by_rule = [last_trade_date(Instrument(COMMODITIES[commodity], month)) for month in months]
    assert len(published) == lines
    assert by_rule == sorted(set(published))
    assert len(by_rule) == {"icebrent": 338, "cmebrent": 97}[commodity]


@pytest.mark.parametrize("calendar", [Calendar.NYMEX, Calendar.ICE])
def test_holidays_equal_the_published_ones(calendar: Calendar, shared_data: SharedData) -> None:
    published = {
        date.fromisoformat(row["date"])
        for row in rows(shared_data("exchange_holidays.csv"))
        if row["exchange"] == calendar.value
    }
    assert len(published) == {Calendar.NYMEX: 146, Calendar.ICE: 49}[calendar]
    first, last = min(published), max(published)
    by_rule = {
        day
        for year in range(first.year, last.year + 1)
        for day in holidays(calendar, year)
        if first <= day <= last
    }
    assert published - by_rule == (
        HALF_DAYS_LISTED_AS_ICE_HOLIDAYS if calendar is Calendar.ICE else set()
    )
    assert by_rule - published == (
        MISSING_FROM_THE_HOLIDAY_FILE if calendar is Calendar.NYMEX else set()
    )


def test_easter_of_known_years() -> None:
    assert [easter_sunday(year) for year in (1818, 1943, 2000, 2024, 2038)] == [
        date(1818, 3, 22),
        date(1943, 4, 25),
        date(2000, 4, 23),
        date(2024, 3, 31),
        date(2038, 4, 25),
    ]


def test_nth_weekday_counts_from_both_ends() -> None:
    assert nth_weekday(2026, 11, 3, 4) == date(2026, 11, 26)
    assert nth_weekday(2026, 5, 0, -1) == date(2026, 5, 25)
    assert nth_weekday(2026, 12, 3, -1) == date(2026, 12, 31)


def test_crude_contract_of_the_negative_price() -> None:
    may = Instrument.parse("CL-202005")
    assert last_trade_date(may) == date(2020, 4, 21)
    assert listed_contracts("CL", date(2020, 4, 21), 2)[0] == may
    assert listed_contracts("CL", date(2020, 4, 22), 1)[0] == Instrument.parse("CL-202006")


def test_gas_ends_two_british_business_days_before_the_month() -> None:
    # 2027-12-31 is a Friday; 30 and 31 December are the two business days before January.
    assert last_trade_date(Instrument.parse("NBP-202801")) == date(2027, 12, 30)
    assert last_trade_date(Instrument.parse("TTF-202805")) == date(2028, 4, 27)


def test_listed_contracts_are_consecutive_and_alive() -> None:
    day = date(2024, 1, 1)
    for offset in range(400):
        on = day + timedelta(days=offset)
        for code in calendars.TRADING_HOURS:
            chain = listed_contracts(code, on, 3)
            assert last_trade_date(chain[0]) >= on
            before = Instrument(code, chain[0].contract_month.plus(-1))
            assert last_trade_date(before) < on
            assert chain[2].contract_month == chain[0].contract_month.plus(2)


def test_unknown_product_and_count_are_refused() -> None:
    with pytest.raises(UnknownProduct):
        listed_contracts("XX", date(2024, 1, 2), 1)
    with pytest.raises(InvalidInput):
        listed_contracts("CL", date(2024, 1, 2), 0)


def test_settlement_time_follows_daylight_saving() -> None:
    assert settlement_time("CL", date(2026, 7, 1)).astimezone(UTC).hour == 18
    assert settlement_time("CL", date(2026, 12, 1)).astimezone(UTC).hour == 19
    assert settlement_time("B", date(2026, 12, 1)).astimezone(UTC).hour == 19


@pytest.mark.parametrize(
    ("moment", "trade_date"),
    [
        ("2026-11-22 17:59:59", None),  # Sunday
        ("2026-11-22 18:00:00", date(2026, 11, 23)),
        ("2026-11-23 16:59:59", date(2026, 11, 23)),
        ("2026-11-23 17:00:00", None),
        ("2026-11-23 18:00:00", date(2026, 11, 24)),
        ("2026-11-27 16:59:59", date(2026, 11, 27)),  # Friday
        ("2026-11-27 18:00:00", None),
        ("2026-11-28 12:00:00", None),  # Saturday
        ("2026-11-26 12:00:00", None),  # Thanksgiving
    ],
)
def test_session_of_nymex(moment: str, trade_date: date | None) -> None:
    assert session_trade_date("CL", ns(moment)) == trade_date
    assert is_session_open("CL", ns(moment)) is (trade_date is not None)


def test_session_of_ice_is_one_day_in_london() -> None:
    assert not is_session_open("B", ns_from_utc(datetime(2026, 11, 23, 0, 59, tzinfo=UTC)))
    assert is_session_open("B", ns_from_utc(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)))
    assert not is_session_open("B", ns_from_utc(datetime(2026, 11, 23, 23, 0, tzinfo=UTC)))


def test_last_settled_day_waits_for_the_settlement() -> None:
    assert last_settled_day("CL", ns("2026-11-23 14:29:59")) == date(2026, 11, 20)
    assert last_settled_day("CL", ns("2026-11-23 14:30:00")) == date(2026, 11, 23)
    assert last_settled_day("CL", ns("2026-11-26 20:00:00")) == date(2026, 11, 25)


def test_business_days_move_both_ways() -> None:
    friday = date(2026, 11, 27)
    assert add_business_days(friday, 1, Calendar.NYMEX) == date(2026, 11, 30)
    assert add_business_days(friday, -1, Calendar.NYMEX) == date(2026, 11, 25)
    assert not is_business_day(date(2026, 11, 26), Calendar.NYMEX)
    assert is_business_day(date(2026, 11, 26), Calendar.ICE)


@pytest.mark.parametrize(
    ("code", "moment", "opened", "closes"),
    [
        ("CL", "2026-11-23 09:00:00", "2026-11-22 18:00:00", "2026-11-23 17:00:00"),
        ("CL", "2026-11-23 18:00:00", "2026-11-23 18:00:00", "2026-11-24 17:00:00"),
        ("CL", "2026-03-09 09:00:00", "2026-03-08 18:00:00", "2026-03-09 17:00:00"),
        ("B", "2026-11-23 09:00:00", "2026-11-22 20:00:00", "2026-11-23 18:00:00"),
        ("TTF", "2026-11-23 09:00:00", "2026-11-23 02:00:00", "2026-11-23 12:00:00"),
        ("CL", "2026-11-23 17:30:00", None, None),
    ],
)
def test_open_session_knows_when_it_opened(
    code: str, moment: str, opened: str | None, closes: str | None
) -> None:
    session = open_session(code, ns(moment))
    found = None if session is None else (session.opened_ns, session.closes_ns)
    assert found == (None if opened is None or closes is None else (ns(opened), ns(closes)))


def test_trading_of_a_contract_ends_on_its_last_day() -> None:
    ends = {
        str(instrument): trading_ends(instrument).isoformat()
        for instrument in (
            Instrument("CL", ContractMonth(2026, 12)),
            Instrument("G", ContractMonth(2026, 12)),
        )
    }
    assert ends == {
        "CL-202612": "2026-11-20T14:30:00-05:00",
        "G-202612": "2026-12-10T12:00:00+00:00",
    }


def test_short_days_are_those_before_feasts_and_thanksgiving() -> None:
    year = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    short = [day for day in year if is_short_day(day)]
    assert short == [
        date(2026, 11, 26),
        date(2026, 11, 27),
        date(2026, 12, 24),
        date(2026, 12, 31),
    ]


@pytest.mark.parametrize(
    ("contract", "last"),
    [
        # the last Monday that no UK bank holiday follows within the week
        ("EUA-202112", "2021-12-20"),
        ("EUA-202212", "2022-12-19"),
        ("EUA-202312", "2023-12-18"),
        ("EUA-202412", "2024-12-16"),
        ("EUA-202512", "2025-12-15"),
        ("EUA-202603", "2026-03-23"),  # Good Friday is on 3 April
        # the last business day of the month of delivery, and for German power the one before
        ("PJM-202403", "2024-03-28"),  # Good Friday is on the 29th
        ("PJM-202602", "2026-02-27"),
        ("PJM-202705", "2027-05-28"),  # Memorial Day is on the 31st
        ("DEB-202602", "2026-02-26"),
        ("DEB-202405", "2024-05-30"),
    ],
)
def test_power_and_carbon_end_by_their_rules(contract: str, last: str) -> None:
    assert last_trade_date(Instrument.parse(contract)) == date.fromisoformat(last)
