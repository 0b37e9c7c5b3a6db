"""Check that the legs of a spark spread are of one delivery month on every date."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, calendar_of, last_trade_date
from quant.contract_history import ContractHistory
from quant.delivery_legs import legs_by_delivery

MONTHS = tuple(ContractMonth(2025, 9).plus(n) for n in range(18))


def history(code: str, first: date, last: date) -> ContractHistory:
    """Settle every contract at its month's number and the day's, so that a price tells both."""
    days = business_days(first, last, calendar_of(code))
    prices = np.array(
        [[100.0 * (month.year * 12 + month.month) + day.day for month in MONTHS] for day in days]
    )
    return ContractHistory(product=code, dates=days, contract_months=MONTHS, settlements=prices)


def told(price: float) -> tuple[int, int]:
    month, day = divmod(round(price), 100)
    return month, day


@given(
    power=st.sampled_from(["PJM", "DEB"]),
    gas=st.sampled_from(["NG", "TTF", "NBP"]),
    position=st.integers(1, 6),
    shift=st.integers(0, 90),
)
def test_all_legs_are_of_the_nearest_month_that_all_trade(
    power: str, gas: str, position: int, shift: int
) -> None:
    first = date.fromordinal(date(2025, 9, 1).toordinal() + shift)
    last = date.fromordinal(first.toordinal() + 40)
    histories = [history(code, first, last) for code in (power, gas)]
    carbon = history("EUA", first, last)
    found = legs_by_delivery(histories, position, yearly=carbon)
    assert set(found.dates) == {day for one in (*histories, carbon) for day in one.dates}
    for place, day in enumerate(found.dates):
        month = found.legs[0].months[place]
        assert found.legs[1].months[place] == month
        nearest = month.plus(1 - position)
        ends = [last_trade_date(Instrument(code, nearest)) for code in (power, gas)]
        before = [last_trade_date(Instrument(code, nearest.plus(-1))) for code in (power, gas)]
        assert min(ends) >= day > min(before)
        december = found.legs[2].months[place]
        assert (december.year, december.month) == (month.year, 12)
        for leg in found.legs:
            if np.isfinite(leg.prices[place]):
                held = leg.months[place]
                assert told(leg.prices[place]) == (held.year * 12 + held.month, day.day)


def test_a_day_on_which_one_did_not_settle_has_no_price_of_it() -> None:
    first, last = date(2025, 11, 24), date(2025, 11, 28)
    found = legs_by_delivery([history("PJM", first, last), history("TTF", first, last)], 1)
    thanksgiving = found.dates.index(date(2025, 11, 27))
    assert np.isnan(found.legs[0].prices[thanksgiving])
    assert np.isfinite(found.legs[1].prices[thanksgiving])


def test_no_position_and_no_history_are_refused() -> None:
    power = history("PJM", date(2025, 11, 3), date(2025, 11, 7))
    with pytest.raises(InvalidInput, match="positions"):
        legs_by_delivery([power], 0)
    with pytest.raises(InvalidInput):
        legs_by_delivery([], 1)
