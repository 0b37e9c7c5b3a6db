"""Hold what still trades of a book, on the days on which its contracts end."""

from datetime import date

import pytest

from core.books import FuturePosition, OptionPosition, SpreadPosition
from core.errors import InvalidInput, UnknownInstrument
from quant.risk.trading_positions import still_trading, with_expiries
from tests.risk_books import future, option, spread

# CL-202005 last traded on 21 April 2020, CL-202006 on 19 May.
LAST_DAY = date(2020, 4, 21)


def test_the_last_trade_date_is_included() -> None:
    held = [future("CL-202005", 1), future("CL-202006", 2)]
    assert still_trading(held, LAST_DAY).numbers == (0, 1)
    after = still_trading(held, date(2020, 4, 22))
    assert (after.numbers, after.positions) == ((1,), (held[1],))
    (expired,) = after.expired
    assert (expired.position, str(expired.contract), expired.last_traded, expired.is_option) == (
        0,
        "CL-202005",
        LAST_DAY,
        False,
    )


def test_an_option_ends_with_its_expiry() -> None:
    held = [option("CL-202006", "put", 20, 1, expiry=date(2020, 4, 16))]
    assert still_trading(held, date(2020, 4, 16)).numbers == (0,)
    after = still_trading(held, date(2020, 4, 17))
    assert after.positions == ()
    assert [(one.is_option, one.last_traded) for one in after.expired] == [
        (True, date(2020, 4, 16))
    ]


def test_of_a_spread_the_living_legs_stay() -> None:
    held = [spread(3, CL_202005=-1, CL_202006=1), spread(1, CL_202004=1, CL_202005=-1)]
    found = still_trading(held, date(2020, 4, 22))
    (left,) = found.positions
    assert isinstance(left, SpreadPosition)
    assert [(str(contract), held) for contract, held in left.legs_held] == [("CL-202006", 3.0)]
    assert [(one.position, str(one.contract)) for one in found.expired] == [
        (0, "CL-202005"),
        (1, "CL-202004"),
        (1, "CL-202005"),
    ]


def test_what_was_appended_can_be_told_apart() -> None:
    held = [future("CL-202005", 1), future("CL-202006", 1), future("CL-202007", 1)]
    found = still_trading(held, date(2020, 4, 22))
    assert found.before(2).numbers == (1,)
    assert found.before(1).numbers == ()
    assert [one.position for one in found.before(1).expired] == [0]
    assert [str(one) for one in found.contracts] == ["CL-202006", "CL-202007"]


def test_strictly_the_expired_are_refused_by_name() -> None:
    held = [future("CL-202005", 1), future("CL-202006", 1)]
    with pytest.raises(UnknownInstrument, match="CL-202005: 1 expired before 2020-04-22"):
        still_trading(held, date(2020, 4, 22), strict=True)


def test_an_option_expires_with_its_future_unless_it_says_when() -> None:
    unset = option("CL-202006", "put", 20, 1).model_copy(update={"expiry": None})
    held = (unset, option("CL-202006", "put", 20, 1, expiry=LAST_DAY), future("CL-202005", 1))
    filled = with_expiries(held)
    assert [one.expiry for one in filled if isinstance(one, OptionPosition)] == [
        date(2020, 5, 19),
        LAST_DAY,
    ]
    assert filled[2] == held[2]
    late = option("CL-202006", "put", 20, 1, expiry=date(2020, 5, 20))
    with pytest.raises(InvalidInput, match=r"positions\.0\.option\.expiry: expected at most"):
        with_expiries([late])


def test_a_product_that_nobody_knows_is_named_with_its_place() -> None:
    unknown = FuturePosition(kind="future", instrument="XX-202006", contracts=1)
    with pytest.raises(UnknownInstrument, match=r"positions\.1\.future\.instrument"):
        with_expiries([future("CL-202006", 1), unknown])
