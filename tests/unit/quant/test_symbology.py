"""Hold symbols against cases read off the exchanges' lists, and against their own way back."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, UnknownInstrument, UnknownProduct
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS
from quant.calendars import last_trade_date, listed_contracts
from quant.symbology import (
    ContinuousSymbol,
    RollRule,
    contract_at,
    contract_named,
    position_of,
    short_symbol,
)

CODES = st.sampled_from(sorted(PRODUCTS))
DAYS = st.dates(date(2003, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("symbol", "on", "contract"),
    [
        ("CLZ26", date(2026, 1, 5), "CL-202612"),
        ("CLZ6", date(2026, 1, 5), "CL-202612"),
        ("CLZ6", date(2026, 11, 20), "CL-202612"),  # its last trade date
        ("CLZ6", date(2026, 11, 23), "CL-203612"),  # the decade moves on
        ("CLZ6", date(2016, 1, 5), "CL-201612"),
        ("CLF7", date(2026, 12, 1), "CL-202701"),
        ("CLK20", date(2020, 4, 20), "CL-202005"),
        ("CLK2020", date(2020, 4, 21), "CL-202005"),
        ("HOG95", date(1995, 1, 3), "HO-199502"),
        ("HOF00", date(1999, 12, 30), "HO-200001"),
        ("BZ26", date(2026, 1, 5), "B-202612"),  # Brent of ICE, December
        ("BZZ26", date(2026, 1, 5), "BZ-202612"),  # Brent of NYMEX, December
        ("GG7", date(2026, 11, 23), "G-202702"),
        ("TTFH9", date(2026, 11, 23), "TTF-202903"),
    ],
)
def test_symbols_name_a_contract_by_their_date(symbol: str, on: date, contract: str) -> None:
    assert str(contract_named(symbol, on)) == contract


@given(CODES, DAYS, st.integers(1, 180))
def test_every_listed_contract_is_found_by_its_symbols(code: str, on: date, position: int) -> None:
    contract = contract_at(code, position, on)
    assert position_of(contract, on) == position
    assert contract_named(contract.symbol, on) == contract
    short = short_symbol(contract, on)
    assert contract_named(short, on) == contract
    years_ahead = contract.contract_month.year - on.year
    assert (len(short) < len(contract.symbol)) or years_ahead >= 10


@given(CODES, DAYS, st.integers(0, 9), st.sampled_from("FGHJKMNQUVXZ"))
def test_one_digit_names_the_nearest_year_that_trades(
    code: str, on: date, digit: int, letter: str
) -> None:
    found = contract_named(f"{code}{letter}{digit}", on)
    month = "FGHJKMNQUVXZ".index(letter) + 1
    trading = [
        contract
        for year in range(on.year - 1, on.year + 12)
        if year % 10 == digit
        and last_trade_date(contract := Instrument(code, ContractMonth(year, month))) >= on
    ]
    assert found == trading[0]


@given(CODES, DAYS)
def test_positions_are_those_of_the_listed_contracts(code: str, on: date) -> None:
    chain = listed_contracts(code, on, 24)
    assert [contract_at(code, n + 1, on) for n in range(24)] == list(chain)
    assert [position_of(contract, on) for contract in chain] == list(range(1, 25))


def test_a_contract_is_position_one_until_its_last_day() -> None:
    may = Instrument.parse("CL-202005")
    assert position_of(may, date(2020, 4, 21)) == 1
    with pytest.raises(UnknownInstrument, match="stopped trading on 2020-04-21"):
        position_of(may, date(2020, 4, 22))


@pytest.mark.parametrize("symbol", ["CLZ99", "CLZ2080", "CLK20", "CLK2020"])
def test_contracts_that_nobody_lists_on_the_date_are_refused(symbol: str) -> None:
    with pytest.raises(UnknownInstrument):
        contract_named(symbol, date(2026, 1, 5))


@pytest.mark.parametrize(
    "symbol", ["", "CL", "CLZ", "CLA6", "clz6", "CLZ126", "CL-202612", "CLZ 6"]
)
def test_text_that_is_no_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(InvalidInput):
        contract_named(symbol, date(2026, 1, 5))


def test_unknown_products_and_positions_are_refused() -> None:
    with pytest.raises(UnknownProduct):
        contract_named("XXZ6", date(2026, 1, 5))
    with pytest.raises(UnknownProduct):
        ContinuousSymbol.parse("XX.c.0")
    for position in (0, -1, 181):
        with pytest.raises(InvalidInput):
            contract_at("CL", position, date(2026, 1, 5))


@pytest.mark.parametrize("text", ["CL.c.0", "NG.n.1", "TTF.v.11", "B.c.35"])
def test_continuous_symbols_are_written_as_they_are_read(text: str) -> None:
    assert str(ContinuousSymbol.parse(text)) == text


def test_continuous_symbols_say_rule_and_rank() -> None:
    symbol = ContinuousSymbol.parse("CL.n.2")
    assert (symbol.product, symbol.rule, symbol.rank) == ("CL", RollRule.OPEN_INTEREST, 2)


@pytest.mark.parametrize("text", ["CL", "CL.c", "CL.x.0", "CL.c.-1", "CL.c.01", "CL.C.0", "c.0"])
def test_text_that_is_no_continuous_symbol_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        ContinuousSymbol.parse(text)


def test_a_symbol_of_today_is_another_contract_ten_years_later() -> None:
    on = date(2026, 1, 5)
    later = on + timedelta(days=3653)
    assert contract_named("NGV7", on) == Instrument.parse("NG-202710")
    assert contract_named("NGV7", later) == Instrument.parse("NG-203710")
