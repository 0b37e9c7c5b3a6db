"""Hold the explanation of profits through April 2020, when a contract ended between two days."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from core.books import Position
from core.errors import InvalidInput, UnknownInstrument
from core.market import ContractMonth
from core.risk import TradedPosition
from quant.contract_history import ContractHistory
from quant.risk.book_explain import CAUSES, BookExplanation, explain_book
from quant.risk.book_market import MarketRules
from tests.risk_books import future, option, spread

DAYS = tuple(date(2020, 4, day) for day in (17, 20, 21, 22, 23))
MONTHS = (ContractMonth(2020, 5), ContractMonth(2020, 6), ContractMonth(2020, 7))
# settlements of May, June and July; May last traded on the 21st
PRICES = np.array(
    [
        [18.27, 25.03, 29.42],
        [-37.63, 20.43, 26.28],
        [10.01, 11.57, 18.69],
        [np.nan, 13.78, 20.69],
        [np.nan, 16.50, 21.34],
    ]
)
HISTORY = {
    "CL": ContractHistory(product="CL", dates=DAYS, contract_months=MONTHS, settlements=PRICES)
}
FRIDAY, MONDAY, TUESDAY, _, THURSDAY = DAYS


def explained(
    positions: list[Position], *deals: TradedPosition, until: date = THURSDAY, **rules: Any
) -> BookExplanation:
    return explain_book(positions, deals, HISTORY, FRIDAY, until, MarketRules(**rules))


def rows(found: BookExplanation) -> list[dict[str, float]]:
    return [dict(zip(CAUSES, row, strict=True)) for row in found.causes.tolist()]


def test_a_future_earns_until_its_last_day() -> None:
    found = explained([future("CL-202005", 2), future("CL-202006", -1)])
    assert found.ended == {0: TUESDAY}
    np.testing.assert_allclose(found.totals, [2000.0 * (10.01 - 18.27), -1000.0 * (16.50 - 25.03)])
    assert [row["delta"] for row in rows(found)] == pytest.approx(found.totals.tolist())


def test_legs_of_a_spread_end_on_their_own_days() -> None:
    found = explained([spread(3, CL_202005=-1, CL_202006=1)])
    expected = 3000.0 * ((16.50 - 25.03) - (10.01 - 18.27))
    assert found.totals.tolist() == pytest.approx([expected])
    assert found.ended == {0: TUESDAY}


def test_an_option_is_explained_to_what_it_paid() -> None:
    put = option("CL-202006", "put", 20, 4, volatility=1.0, expiry=TUESDAY)
    found = explained([put])
    (row,) = rows(found)
    # it paid 20 − 11.57; what it was worth on Friday is the rest
    before = 4000.0 * (20.0 - 11.57) - found.totals[0]
    assert 0.0 < before < 4000.0
    assert row["delta"] > 0.0 < row["gamma"]
    assert row["theta"] == pytest.approx(-before)
    assert row["vega"] == 0.0
    assert sum(row.values()) == pytest.approx(found.totals[0])


def test_deals_are_valued_at_the_end_or_where_they_traded_last() -> None:
    bought = TradedPosition(position=future("CL-202006", 5), price=14.0)
    sold = TradedPosition(position=future("CL-202005", -5), price=-20.0)
    found = explained([future("CL-202007", 1)], bought, sold)
    assert found.totals[1:].tolist() == pytest.approx(
        [5000.0 * (16.50 - 14.0), -5000.0 * (10.01 + 20.0)]
    )
    assert [row["deals"] for row in rows(found)] == pytest.approx([0.0, *found.totals[1:]])


def test_an_option_is_worth_the_same_held_or_dealt_in() -> None:
    held = option("CL-202006", "put", 20, 1, volatility=1.0, expiry=date(2020, 5, 14))
    unset = held.model_copy(update={"volatility": None})
    deals = [TradedPosition(position=one, price=0.0) for one in (held, unset)]
    found = explained([held], *deals)
    assert found.totals[1] == found.totals[2] > 0.0


def test_what_had_expired_before_is_told_and_earns_nothing() -> None:
    found = explained([future("CL-202004", 9), future("CL-202006", 1)])
    assert found.numbers == (1,)
    (expired,) = found.since.trading.expired
    assert expired.position == 0
    with pytest.raises(UnknownInstrument, match="CL-202004"):
        explained([future("CL-202004", 9), future("CL-202006", 1)], strict=True)


def test_stale_prices_of_either_day_are_told() -> None:
    prices = PRICES.copy()
    prices[-1, 1] = np.nan
    history = ContractHistory(product="CL", dates=DAYS, contract_months=MONTHS, settlements=prices)
    found = explain_book([future("CL-202006", 1)], (), {"CL": history}, FRIDAY, THURSDAY)
    (stale,) = found.stale
    assert (str(stale.contract), stale.settled_on) == ("CL-202006", date(2020, 4, 22))
    bought = TradedPosition(position=future("CL-202006", 5), price=14.0)
    dealt = explain_book([future("CL-202007", 1)], [bought], {"CL": history}, FRIDAY, THURSDAY)
    assert dealt.stale == (stale,)


def test_what_cannot_be_explained() -> None:
    with pytest.raises(InvalidInput, match="since: expected at most 2020-04-16"):
        explained([future("CL-202006", 1)], until=date(2020, 4, 16))
    late = TradedPosition(position=future("CL-202004", 1), price=20.0)
    with pytest.raises(InvalidInput, match="CL-202004 traded last on 2020-03-20"):
        explained([future("CL-202006", 1)], late)
    legs = TradedPosition(position=spread(1, CL_202006=1, CL_202007=-1), price=0.0)
    with pytest.raises(InvalidInput, match="give each leg as a future"):
        explained([future("CL-202006", 1)], legs)
