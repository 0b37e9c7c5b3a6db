from datetime import date, datetime
from time import perf_counter

import pytest

from core.clock import ns_from_utc
from core.market import Quote, SettlementStage, Trade
from core.products import product
from integrations.cme.sandbox.closes import sandbox_market, wti_closes
from integrations.cme.sandbox.exchange import Exchange, ExchangeConfig
from integrations.cme.sandbox_history import HISTORY_CONTRACTS, history
from quant.calendars import NEW_YORK, business_days, listed_contracts
from quant.holidays import Calendar


def ns(text: str) -> int:
    return ns_from_utc(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


def exchange(seed: int = 7) -> Exchange:
    return Exchange(sandbox_market(seed), ExchangeConfig())


def test_closes_are_the_published_ones() -> None:
    closes = wti_closes()
    assert closes.shape == (8321,)
    assert (closes[0], closes[-1]) == (25.56, 46.92)


def test_updates_are_a_pure_function_of_seed_and_tick() -> None:
    tick = ns("2026-11-20 10:00") // 100_000_000
    assert exchange().updates("CL", tick) == exchange().updates("CL", tick)
    assert any(
        exchange().updates("CL", tick + n) != exchange(8).updates("CL", tick + n) for n in range(5)
    )


def test_updates_come_at_the_configured_rate_and_mostly_from_near_months() -> None:
    start = ns("2026-11-20 10:00") // 100_000_000
    sandbox = exchange()
    updates = [update for n in range(600) for update in sandbox.updates("CL", start + n)]
    assert len(updates) / 60 == pytest.approx(50, rel=0.1)
    trades = [update for update in updates if isinstance(update, Trade)]
    assert len(trades) / len(updates) == pytest.approx(0.12, abs=0.03)
    assert len({trade.entry_id for trade in trades}) == len(trades)
    front = listed_contracts("CL", date(2026, 11, 20), 1)[0]
    of_front = sum(update.instrument == front for update in updates)
    assert of_front / 60 > 5
    assert len({update.instrument for update in updates}) > 30
    moments = [update.event_ns for update in updates]
    assert moments == sorted(moments)


def test_nothing_trades_outside_a_session() -> None:
    sandbox = exchange()
    for moment in ("2026-11-20 17:30", "2026-11-21 12:00", "2026-11-26 12:00"):
        assert not any(sandbox.updates("CL", ns(moment) // 100_000_000 + n) for n in range(50))


def test_a_contract_leaves_the_list_after_its_last_day() -> None:
    # CLZ6 trades last on 2026-11-20, a Friday.
    sandbox = exchange()
    assert sandbox.listed("CL", ns("2026-11-20 16:00"))[0].symbol == "CLZ26"
    assert sandbox.listed("CL", ns("2026-11-22 19:00"))[0].symbol == "CLF27"


@pytest.mark.parametrize(
    ("moment", "day", "stage"),
    [
        ("2026-11-20 14:29", date(2026, 11, 19), SettlementStage.FINAL),
        ("2026-11-20 14:30", date(2026, 11, 20), SettlementStage.PRELIMINARY),
        ("2026-11-20 19:00", date(2026, 11, 20), SettlementStage.FINAL),
        ("2026-11-22 20:00", date(2026, 11, 20), SettlementStage.FINAL),
    ],
)
def test_settlements_are_preliminary_then_final(
    moment: str, day: date, stage: SettlementStage
) -> None:
    announced = exchange().settlement_round("CL", ns(moment))
    assert (announced.day, announced.stage) == (day, stage)


def test_quotes_name_both_sides() -> None:
    contract = listed_contracts("CL", date(2026, 11, 20), 1)[0]
    quote = exchange().quote(contract, ns("2026-11-20 10:00"))
    assert isinstance(quote, Quote)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask


def test_three_years_of_history_are_complete_sorted_and_quick() -> None:
    sandbox_market(7)
    started = perf_counter()
    columns = history(date(2023, 11, 20), date(2026, 11, 19), ["CL"], seed=7)
    assert perf_counter() - started < 1.0
    days = business_days(date(2023, 11, 20), date(2026, 11, 19), Calendar.NYMEX)
    assert columns.rows == len(days) * HISTORY_CONTRACTS
    keys = list(zip(columns.epoch_days.tolist(), columns.contract_months.tolist(), strict=True))
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("code", ["CL", "NG", "HO", "RB", "BZ"])
def test_history_equals_what_the_exchange_announces(code: str) -> None:
    sandbox = exchange()
    columns = history(date(2026, 11, 2), date(2026, 11, 19), [code], seed=7, contracts=36)
    announced = sandbox.settlement_round(code, ns("2026-11-20 10:00"))
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
