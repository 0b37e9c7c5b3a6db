"""Check names of contracts and sources: what is printed is read back, the rest is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument, validate_source
from core.products import PRODUCTS

months = st.builds(ContractMonth, st.integers(1900, 2199), st.integers(1, 12))


@given(months)
def test_months_are_read_back(month: ContractMonth) -> None:
    assert ContractMonth.parse(str(month)) == month
    assert month.first_day == date(month.year, month.month, 1)


@given(st.sampled_from(sorted(PRODUCTS)), months)
def test_instruments_are_read_back(code: str, month: ContractMonth) -> None:
    instrument = Instrument(code, month)
    assert Instrument.parse(str(instrument)) == instrument


@given(months, months)
def test_months_order_like_their_text(one: ContractMonth, other: ContractMonth) -> None:
    assert (one < other) == (str(one) < str(other))


@given(months, st.integers(-600, 600))
def test_plus_counts_months(month: ContractMonth, count: int) -> None:
    walked = (month.year * 12 + month.month - 1) + count
    if not 1900 * 12 <= walked < 2200 * 12:
        with pytest.raises(InvalidInput):
            month.plus(count)
        return
    moved = month.plus(count)
    assert (moved.year - month.year) * 12 + moved.month - month.month == count
    assert moved.plus(-count) == month


def test_plus_crosses_the_year() -> None:
    assert str(ContractMonth(2023, 12).plus(1)) == "202401"
    assert str(ContractMonth(2024, 1).plus(-1)) == "202312"
    assert str(ContractMonth(2024, 1).plus(0)) == "202401"


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (ContractMonth.parse, Instrument.parse):
        try:
            value = parse(text)
        except InvalidInput:
            continue
        assert str(value) == text


@pytest.mark.parametrize(
    "text",
    ["", "2024", "202400", "202413", "20241", "2024012", "2024-1", " 202401", "189912", "٢٠٢٤٠١"],
)
def test_bad_months_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ContractMonth.parse(text)
    assert caught.value.context["field"] == "contract"


@pytest.mark.parametrize("text", ["CL", "CL202612", "CL-", "CL-2026", "CL-202612-"])
def test_bad_instruments_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Instrument.parse(text)


def test_symbols_use_the_month_codes() -> None:
    symbols = [Instrument("CL", ContractMonth(2026, month)).symbol for month in range(1, 13)]
    assert symbols == [f"CL{code}26" for code in "FGHJKMNQUVXZ"]
    assert Instrument("NG", ContractMonth(2009, 3)).symbol == "NGH09"


NAMED = ["import:rtl", "import:a", "import:0_x-y", f"import:{'a' * 32}"]
UNNAMED = ["import:", "import:A", "import:-a", "import:a b", "import:ä", f"import:{'a' * 33}"]
UNKNOWN = ["", "CME", "x", "1ce", "cme_2", "cme,ice", "sandbox\n", "import:a\n", "y" * 17]


@pytest.mark.parametrize("source", ["cme", "ice", "sandbox", "openweather", *NAMED])
def test_sources_are_accepted(source: str) -> None:
    assert validate_source(source) == source


@pytest.mark.parametrize("source", [*UNKNOWN, *UNNAMED])
def test_other_sources_are_refused(source: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_source(source)
    assert caught.value.context["field"] == "source"
    assert repr(source) in caught.value.detail
