from datetime import date, datetime
from time import perf_counter

import pytest

from core.clock import ns_from_utc
from core.products import FED_PRODUCTS, product
from integrations.sandbox_exchange import Exchange, ExchangeConfig
from integrations.sandbox_history import HISTORY_CONTRACTS, history
from integrations.sandbox_market import sandbox_market, wti_closes
from quant.calendars import NEW_YORK, business_days
from quant.holidays import Calendar


def test_closes_are_the_published_ones() -> None:
    closes = wti_closes()
    assert closes.shape == (8321,)
    assert (closes[0], closes[-1]) == (25.56, 46.92)


def test_three_years_of_history_are_complete_sorted_and_quick() -> None:
    sandbox_market(7)
    started = perf_counter()
    columns = history(date(2023, 11, 20), date(2026, 11, 19), ["CL"], seed=7)
    assert perf_counter() - started < 1.0
    days = business_days(date(2023, 11, 20), date(2026, 11, 19), Calendar.NYMEX)
    assert columns.rows == len(days) * HISTORY_CONTRACTS
    keys = list(zip(columns.epoch_days.tolist(), columns.contract_months.tolist(), strict=True))
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("code", FED_PRODUCTS)
def test_history_equals_what_the_exchange_announces(code: str) -> None:
    # Many are wrong at first: the history holds what was said last.
    config = ExchangeConfig(corrected_share=0.3)
    sandbox = Exchange(sandbox_market(7), FED_PRODUCTS, config)
    columns = history(date(2026, 11, 2), date(2026, 11, 19), [code], seed=7, contracts=36)
    morning = ns_from_utc(datetime(2026, 11, 20, 10, tzinfo=NEW_YORK))
    announced = sandbox.settlement_round(code, morning)
    settlements = sandbox.settlements(code, announced, 0)
    assert columns.prices[-36:] == [str(settlement.price) for settlement in settlements]
    assert columns.contract_months[-36:].tolist() == [
        int(str(settlement.instrument.contract_month)) for settlement in settlements
    ]
    assert all(settlement.price % product(code).tick == 0 for settlement in settlements)


def test_history_of_products_is_ordered_by_product() -> None:
    columns = history(date(2026, 11, 18), date(2026, 11, 19), ["NG", "CL"], seed=7, contracts=2)
    assert columns.products == ("CL", "NG")
    assert columns.product_index.tolist() == [0] * 4 + [1] * 4
    assert history(date(2026, 11, 21), date(2026, 11, 22), ["CL"], seed=7).rows == 0
