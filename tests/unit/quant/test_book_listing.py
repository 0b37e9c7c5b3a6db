"""Check which positions may be held on a day: of contracts that trade, options that live."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.books import BookDraft, FuturePosition, OptionPosition, Position
from core.errors import InvalidInput, UnknownInstrument
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS
from quant.book_listing import LISTED_YEARS, listed
from quant.calendars import front_month, last_trade_date

TODAY = date(2026, 1, 5)
# The last trade date of CL February 2026 as the exchange lists it: three business days before the
# 25th of January, a Sunday, so counted from Friday the 23rd.
CL_FEBRUARY = date(2026, 1, 20)
OPTION: dict[str, Any] = {
    "kind": "option",
    "instrument": "CL-202602",
    "right": "call",
    "strike": "75",
    "contracts": 1,
}


def positions(*values: dict[str, Any]) -> tuple[Position, ...]:
    return BookDraft.checked({"positions": list(values)}).positions


def future(instrument: str) -> dict[str, Any]:
    return {"kind": "future", "instrument": instrument, "contracts": 1}


def test_an_option_without_expiry_expires_with_its_future() -> None:
    (option,) = listed(positions(OPTION), TODAY)
    assert isinstance(option, OptionPosition)
    assert option.expires == CL_FEBRUARY == last_trade_date(Instrument.parse("CL-202602"))


@pytest.mark.parametrize("expiry", [TODAY, CL_FEBRUARY])
def test_an_option_may_expire_from_today_to_the_end_of_its_future(expiry: date) -> None:
    asked = positions({**OPTION, "expiry": expiry.isoformat()})
    assert listed(asked, TODAY) == asked


@pytest.mark.parametrize("days", [-1, 16])
def test_an_option_out_of_its_time_is_refused(days: int) -> None:
    expiry = TODAY + timedelta(days=days)
    with pytest.raises(InvalidInput, match="2026-01-05 to 2026-01-20, when CL-202602") as caught:
        listed(positions(future("NG-202603"), {**OPTION, "expiry": expiry.isoformat()}), TODAY)
    assert caught.value.context["field"] == "positions.1.option.expiry"


def test_a_contract_trades_through_its_last_trade_date() -> None:
    asked = positions(future("CL-202602"))
    assert listed(asked, CL_FEBRUARY) == asked
    with pytest.raises(UnknownInstrument) as caught:
        listed(asked, CL_FEBRUARY + timedelta(days=1))
    assert caught.value.context == {
        "instrument": "CL-202602",
        "reason": "positions.0.future.instrument: it last traded on 2026-01-20",
    }


def test_a_contract_beyond_the_curve_is_refused() -> None:
    assert listed(positions(future("CL-204101")), TODAY)
    with pytest.raises(UnknownInstrument, match="not listed yet; curves end with 204101"):
        listed(positions(future("CL-204102")), TODAY)


def test_a_leg_is_named_as_its_caller_knows_it() -> None:
    legs = [{"instrument": code, "ratio": 1} for code in ("CL-202603", "HO-202512")]
    spread = {"kind": "spread", "legs": legs, "contracts": 1}
    with pytest.raises(UnknownInstrument, match=r"^HO-202512: row 7, legs: it last traded"):
        listed(positions(spread), TODAY, lambda index, _, field: f"row {index + 7}, {field}")


def test_an_unknown_product_is_refused_by_name() -> None:
    unknown = FuturePosition.checked(future("XX-202612"))
    with pytest.raises(UnknownInstrument, match=r"XX-202612: positions\.0"):
        listed([unknown], TODAY)


@given(
    code=st.sampled_from(sorted(PRODUCTS)),
    today=st.dates(date(2020, 1, 1), date(2060, 12, 31)),
    ahead=st.integers(-24, 12 * LISTED_YEARS + 24),
)
def test_listed_are_those_from_the_front_to_the_end_of_the_curve(
    code: str, today: date, ahead: int
) -> None:
    month = ContractMonth(today.year, today.month).plus(ahead)
    asked = positions(future(str(Instrument(code, month))))
    if month >= front_month(code, today) and ahead <= 12 * LISTED_YEARS:
        assert listed(asked, today) == asked
    else:
        with pytest.raises(UnknownInstrument):
            listed(asked, today)
