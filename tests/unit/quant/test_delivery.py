"""Hold notice and delivery dates against the published ones, contract by contract."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from core.errors import UnknownProduct
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS
from quant.delivery import delivery_period, first_notice_date, is_cash_settled

SharedData = Callable[[str], Path]

CONTRACTS = {
    "CL": ("cmewti", 385),
    "NG": ("cmeng", 299),
    "HO": ("cmeulsd", 288),
    "RB": ("cmerbob", 253),
    "G": ("icegasoil", 311),
}

GOOD_FRIDAY = "counts Good Friday 2010 as a business day"
NEW_YEAR = "counts the Monday on which New Year is observed as a business day"
CLOSED = "falls on a Sunday or on Thanksgiving"
FILE_ONLY = "another number of days than every contract beside it; no notice explains it"

# Contracts whose date in the file does not follow the rule that all others follow, and why.
NOTICE_MISSES = {
    "CL-200512": FILE_ONLY,
    "CL-200705": CLOSED,
    "CL-200708": FILE_ONLY,
    "CL-200804": FILE_ONLY,
    "NG-200312": "a day after a last trade date that is an exception itself",
    "NG-200806": FILE_ONLY,
    "NG-200812": FILE_ONLY,
    "NG-201012": "counts the Friday after Thanksgiving as closed, as it was until 2006",
    "NG-201101": FILE_ONLY,
    "NG-201512": FILE_ONLY,
    "HO-200505": FILE_ONLY,
    "HO-201004": GOOD_FRIDAY,
    "HO-201110": FILE_ONLY,
    "HO-201201": NEW_YEAR,
    "HO-201204": FILE_ONLY,
    "HO-201211": CLOSED,
    "HO-201701": NEW_YEAR,
    "RB-201004": GOOD_FRIDAY,
    "RB-201110": FILE_ONLY,
    "RB-201201": NEW_YEAR,
    "RB-201204": FILE_ONLY,
    "RB-201306": FILE_ONLY,
    "RB-201701": NEW_YEAR,
    "G-200305": FILE_ONLY,
}
FIRST_DELIVERY_MISSES = {
    "HO-200505": FILE_ONLY,
    "HO-200607": "a business day later than RB of the same month",
    "HO-201004": GOOD_FRIDAY,
    "HO-201701": NEW_YEAR,
    "RB-201004": GOOD_FRIDAY,
    "RB-201701": NEW_YEAR,
}
LAST_DELIVERY_MISSES = {
    "HO-200311": CLOSED,
    "HO-200412": FILE_ONLY,
    "HO-200505": FILE_ONLY,
    **dict.fromkeys(
        (
            f"{code}-{month}"
            for code in ("HO", "RB")
            for month in (200803, 200806, 200811, 200908, 200911)
        ),
        FILE_ONLY,
    ),
    "RB-201306": "ends on the last business day, not before it",
}


def published(path: Path, code: str) -> list[tuple[Instrument, dict[str, str]]]:
    commodity, _ = CONTRACTS[code]
    with path.open(newline="") as file:
        return [
            (Instrument(code, ContractMonth(int(row["year"]), int(row["month"]))), row)
            for row in csv.DictReader(file)
            if row["cmdty"] == commodity
        ]


def of_product(misses: dict[str, str], code: str) -> set[str]:
    return {name for name in misses if name.startswith(f"{code}-")}


@pytest.mark.parametrize("code", CONTRACTS)
def test_notice_dates_equal_the_published_ones(code: str, shared_data: SharedData) -> None:
    contracts = published(shared_data("contract_expiries.csv"), code)
    assert len(contracts) == CONTRACTS[code][1]
    wrong = {
        str(contract)
        for contract, row in contracts
        if first_notice_date(contract) != date.fromisoformat(row["first_notice"])
    }
    assert wrong == of_product(NOTICE_MISSES, code)


@pytest.mark.parametrize("code", CONTRACTS)
def test_delivery_periods_equal_the_published_ones(code: str, shared_data: SharedData) -> None:
    # The rule of HO and RB is also worded in NYMEX's specification: deliveries begin the day
    # after the fifth business day and end before the last business day of the month.
    periods = [
        (str(contract), delivery_period(contract), row)
        for contract, row in published(shared_data("contract_expiries.csv"), code)
    ]
    wrong_first = {
        name
        for name, period, row in periods
        if period is None or period.first != date.fromisoformat(row["first_delivery"])
    }
    wrong_last = {
        name
        for name, period, row in periods
        if period is None or period.last != date.fromisoformat(row["last_delivery"])
    }
    assert wrong_first == of_product(FIRST_DELIVERY_MISSES, code)
    assert wrong_last == of_product(LAST_DELIVERY_MISSES, code)


def test_brents_settle_in_cash_and_power_in_cash_of_its_month() -> None:
    # What the file prints for the Brents repeats the last trade date, so nothing is held to it.
    for code in PRODUCTS:
        contract = Instrument(code, ContractMonth(2027, 3))
        assert is_cash_settled(code) == (code in {"B", "BZ", "PJM", "DEB"})
        assert (delivery_period(contract) is None) == (code in {"B", "BZ"})
    assert first_notice_date(Instrument("B", ContractMonth(2027, 3))) is None


def test_carbon_delivers_on_the_three_days_after_trading() -> None:
    period = delivery_period(Instrument("EUA", ContractMonth(2026, 12)))
    assert period is not None
    assert (period.first, period.last) == (date(2026, 12, 15), date(2026, 12, 17))


@pytest.mark.parametrize("code", ["NBP", "TTF", "PJM", "DEB"])
def test_gas_and_power_hubs_deliver_through_the_month_without_notice(code: str) -> None:
    contract = Instrument(code, ContractMonth(2028, 2))
    period = delivery_period(contract)
    assert period is not None
    assert (period.first, period.last) == (date(2028, 2, 1), date(2028, 2, 29))
    assert period.days == 29
    assert first_notice_date(contract) is None


def test_an_unknown_product_is_refused() -> None:
    unknown = Instrument("XX", ContractMonth(2027, 3))
    for question in (first_notice_date, delivery_period):
        with pytest.raises(UnknownProduct):
            question(unknown)
