from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import ns_from_utc
from core.market import Quote, SettlementStage, Trade
from core.products import FED_PRODUCTS, product
from integrations.sandbox_exchange import Exchange, ExchangeConfig, SettlementRound, final_time
from integrations.sandbox_market import sandbox_market
from quant.calendars import LONDON, NEW_YORK, listed_contracts, settlement_time


def ns(text: str, zone: ZoneInfo = NEW_YORK) -> int:
    return ns_from_utc(datetime.fromisoformat(text).replace(tzinfo=zone))


def exchange(seed: int = 7, **changed: float) -> Exchange:
    config = ExchangeConfig(**{"corrected_share": 0.0, **changed})
    return Exchange(sandbox_market(seed), FED_PRODUCTS, config)


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
    assert len(updates) / 60 == pytest.approx(sandbox.config.updates_per_s, rel=0.1)
    trades = [update for update in updates if isinstance(update, Trade)]
    assert len(trades) / len(updates) == pytest.approx(0.12, abs=0.03)
    assert len({trade.entry_id for trade in trades}) == len(trades)
    front = listed_contracts("CL", date(2026, 11, 20), 1)[0]
    of_front = sum(update.instrument == front for update in updates)
    assert of_front / len(updates) > 0.1
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


@pytest.mark.parametrize(
    ("code", "zone", "struck", "final"),
    [
        ("NG", NEW_YORK, "2026-11-20 14:30", "2026-11-20 19:00"),
        ("B", LONDON, "2026-11-20 19:30", "2026-11-20 20:30"),
        ("NBP", LONDON, "2026-11-20 16:15", "2026-11-20 17:15"),
        ("TTF", ZoneInfo("Europe/Amsterdam"), "2026-11-20 17:15", "2026-11-20 18:15"),
    ],
)
def test_each_product_settles_at_its_own_local_time(
    code: str, zone: ZoneInfo, struck: str, final: str
) -> None:
    day, sandbox = date(2026, 11, 20), exchange()
    for moment, stage in (
        (struck, SettlementStage.PRELIMINARY),
        (final, SettlementStage.FINAL),
    ):
        at_ns = ns(moment, zone)
        announced = sandbox.settlement_round(code, at_ns)
        assert (announced.day, announced.stage) == (day, stage)
        assert sandbox.settlement_round(code, at_ns - 1) != announced
        assert {row.event_ns for row in sandbox.settlements(code, announced, at_ns)} == {at_ns}


def test_wrong_settlements_are_put_right_after_they_are_final() -> None:
    sandbox, right = exchange(corrected_share=0.3), exchange()
    day = date(2026, 11, 20)
    final_ns = ns_from_utc(final_time("CL", day))
    first = sandbox.settlement_round("CL", final_ns + 299 * 10**9)
    last = sandbox.settlement_round("CL", final_ns + 1800 * 10**9)
    assert first == SettlementRound(day=day, stage=SettlementStage.FINAL)
    assert last == SettlementRound(day=day, stage=SettlementStage.CORRECTED)
    before = sandbox.settlements("CL", first, final_ns)
    after = sandbox.settlements("CL", last, final_ns)
    truth = right.settlements("CL", first, final_ns)
    assert [row.price for row in after] == [row.price for row in truth]
    assert {row.stage for row in before} == {SettlementStage.FINAL}
    assert {row.stage for row in after} == {SettlementStage.FINAL, SettlementStage.CORRECTED}
    tick = product("CL").tick
    for wrong, put_right in zip(before, after, strict=True):
        is_corrected = put_right.stage is SettlementStage.CORRECTED
        assert (0 < wrong.price - put_right.price <= 5 * tick) == is_corrected
        assert is_corrected or wrong == put_right
        if is_corrected:
            assert 300 <= (put_right.event_ns - final_ns) / 10**9 <= 1800


def test_corrections_are_rare_and_seeded() -> None:
    share = ExchangeConfig().corrected_share
    sandbox, again = exchange(corrected_share=share), exchange(corrected_share=share)
    start, corrected = date(2026, 1, 5), 0
    days = [start + timedelta(days=n) for n in range(364)]
    for day in days:
        late_ns = ns_from_utc(settlement_time("NG", day)) + 6 * 3600 * 10**9
        announced = sandbox.settlement_round("NG", late_ns)
        assert announced == again.settlement_round("NG", late_ns)
        if announced.day == day:
            rows = sandbox.settlements("NG", announced, late_ns)
            corrected += sum(row.stage is SettlementStage.CORRECTED for row in rows)
    assert 0.3 < corrected / (250 * 36 * share) < 3.0


def test_gas_of_europe_rests_while_new_york_trades() -> None:
    sandbox = exchange()
    evening = ns("2026-11-20 15:00") // 100_000_000
    assert not any(sandbox.updates("TTF", evening + n) for n in range(50))
    assert any(sandbox.updates("CL", evening + n) for n in range(50))
