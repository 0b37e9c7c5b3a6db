"""Hold contract sizes against hours and days counted by hand."""

from decimal import Decimal

import pytest

from core.errors import UnknownProduct
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS
from quant.contract_sizes import contract_size, contract_value


def of(text: str) -> Instrument:
    return Instrument.parse(text)


@pytest.mark.parametrize(
    ("contract", "therms"),
    [
        ("NBP-202702", 28_000),
        ("NBP-202802", 29_000),
        ("NBP-202704", 30_000),
        ("NBP-202701", 31_000),
        ("NBP-202712", 31_000),
        ("NBP-210002", 28_000),  # a century year is no leap year
    ],
)
def test_british_gas_is_a_thousand_therms_a_day(contract: str, therms: int) -> None:
    assert contract_size(of(contract)) == therms


@pytest.mark.parametrize(
    ("contract", "hours"),
    [
        ("TTF-202702", 672),  # 28 x 24
        ("TTF-202802", 696),  # 29 x 24
        ("TTF-202704", 720),  # 30 x 24
        ("TTF-202701", 744),  # 31 x 24
        ("TTF-202703", 743),  # clocks go forward on 28 March
        ("TTF-202710", 745),  # clocks go back on 31 October
        ("TTF-202712", 744),
        ("DEB-202703", 743),
        ("PJM-202401", 352),  # 23 weekdays, of which New Year's Day is none
        ("PJM-202402", 336),  # 21 weekdays; Presidents' Day counts
        ("PJM-202107", 336),  # 22 weekdays; Independence Day, a Sunday, is observed on the 5th
        ("PJM-202607", 368),  # 23 weekdays; Independence Day, a Saturday, is not moved
        ("PJM-202411", 320),  # 21 weekdays less Thanksgiving
    ],
)
def test_dutch_gas_is_one_megawatt_in_every_hour(contract: str, hours: int) -> None:
    assert contract_size(of(contract)) == hours


def test_twelve_months_of_dutch_gas_are_a_year_of_hours() -> None:
    months = [Instrument("TTF", ContractMonth(2027, month)) for month in range(1, 13)]
    assert sum(contract_size(month) for month in months) == 365 * 24


def test_other_sizes_come_from_the_registry() -> None:
    for code, row in PRODUCTS.items():
        if row.contract_size is not None:
            assert contract_size(of(f"{code}-202703")) == row.contract_size


@pytest.mark.parametrize(
    ("contract", "price", "value"),
    [
        ("B-202702", "71.41", "71410"),
        ("G-202702", "652.25", "65225"),
        ("NBP-202701", "82.50", "25575"),  # 31,000 therms at 82.50 pence
        ("TTF-202703", "30.125", "22382.875"),  # 743 MWh
        ("CL-202005", "-37.63", "-37630"),
    ],
)
def test_a_contract_is_worth_price_times_size_in_major_units(
    contract: str, price: str, value: str
) -> None:
    assert contract_value(of(contract), Decimal(price)) == Decimal(value)


def test_one_tick_is_worth_what_the_exchange_states() -> None:
    stated = {"CL": "10", "HO": "4.20", "B": "10", "G": "25"}
    for code, value in stated.items():
        tick = PRODUCTS[code].tick
        assert contract_value(of(f"{code}-202702"), tick) == Decimal(value)


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(UnknownProduct):
        contract_size(of("XX-202701"))
