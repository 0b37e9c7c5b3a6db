"""Hold prices by contract against those by position, and refusals against each rule."""

from datetime import date

import numpy as np
import pytest

from core.errors import InvalidInput, UnknownProduct
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, last_trade_date
from quant.continuous import SettlementHistory, from_contract_months
from quant.contract_history import ContractHistory, by_contract_month
from quant.holidays import Calendar
from quant.symbology import contract_at

DATES = (date(2020, 4, 21), date(2020, 4, 22))
MONTHS = (ContractMonth(2020, 5), ContractMonth(2020, 6))


def test_positions_and_contract_months_hold_the_same_prices() -> None:
    days = business_days(date(2019, 11, 1), date(2020, 6, 30), Calendar.NYMEX)
    prices = np.random.default_rng(3).normal(size=(len(days), 5))
    history = SettlementHistory(product="CL", dates=days, settlements=prices)
    found = by_contract_month(history)
    for row in range(0, len(days), 7):
        for position in range(1, 6):
            contract = contract_at("CL", position, days[row])
            column = found.contracts.index(contract)
            assert found.settlements[row, column] == prices[row, position - 1]
    back = from_contract_months("CL", days, found.contract_months, found.settlements, 5)
    np.testing.assert_array_equal(back.settlements, prices)


def test_contracts_carry_their_last_trade_dates() -> None:
    history = ContractHistory(
        product="CL", dates=DATES, contract_months=MONTHS, settlements=np.zeros((2, 2))
    )
    assert history.contracts == (Instrument("CL", MONTHS[0]), Instrument("CL", MONTHS[1]))
    assert history.last_trade_dates == tuple(last_trade_date(one) for one in history.contracts)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("dates", {"dates": DATES[::-1]}),
        ("dates", {"dates": (), "settlements": np.zeros((0, 2))}),
        ("contract_months", {"contract_months": MONTHS[::-1]}),
        ("contract_months", {"contract_months": (MONTHS[0], MONTHS[0])}),
        ("settlements", {"settlements": np.zeros((2, 3))}),
        ("settlements", {"settlements": np.full((2, 2), np.inf)}),
        ("volume", {"volume": np.full((2, 2), -1.0)}),
        ("open_interest", {"open_interest": np.zeros((1, 2))}),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(field: str, changed: dict[str, object]) -> None:
    values: dict[str, object] = {
        "product": "CL",
        "dates": DATES,
        "contract_months": MONTHS,
        "settlements": np.zeros((2, 2)),
    }
    with pytest.raises(InvalidInput) as refused:
        ContractHistory(**(values | changed))  # type: ignore[arg-type]
    assert refused.value.context["field"] == field


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(UnknownProduct):
        ContractHistory(
            product="XX", dates=DATES, contract_months=MONTHS, settlements=np.zeros((2, 2))
        )
