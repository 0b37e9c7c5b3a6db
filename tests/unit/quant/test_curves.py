"""Check how a curve is made: the newest of each contract, the best price, the right position."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)
from quant.calendars import last_trade_date, listed_contracts
from quant.curves import ContractState, best_price, live_points, merge, settled_points

CONTRACT = Instrument("CL", ContractMonth(2024, 3))


def quote(event_ns: int, bid: str | None, ask: str | None, sequence: int = 1) -> Quote:
    return Quote(
        instrument=CONTRACT,
        source="sandbox",
        session=1,
        sequence=sequence,
        frame_index=0,
        event_ns=event_ns,
        received_ns=event_ns,
        bid=None if bid is None else Decimal(bid),
        bid_size=None if bid is None else 1,
        ask=None if ask is None else Decimal(ask),
        ask_size=None if ask is None else 1,
    )


def trade(event_ns: int, price: str) -> Trade:
    return Trade(
        instrument=CONTRACT,
        source="sandbox",
        entry_id="1",
        event_ns=event_ns,
        received_ns=event_ns,
        price=Decimal(price),
        size=1,
        aggressor=None,
    )


def settlement(day: int, price: str, event_ns: int = 0) -> Settlement:
    return Settlement(
        instrument=CONTRACT,
        source="sandbox",
        trade_date=date(2024, 2, day),
        price=Decimal(price),
        stage=SettlementStage.FINAL,
        event_ns=event_ns,
        received_ns=event_ns,
    )


def preliminary(final: Settlement) -> Settlement:
    return msgspec.structs.replace(final, stage=SettlementStage.PRELIMINARY)


GAP = Gap(
    venue="cme",
    source="sandbox",
    session=1,
    expected_sequence=2,
    received_sequence=4,
    received_ns=10**19,
    reason=GapReason.SEQUENCE,
)


def merged(*events: MarketEvent) -> ContractState:
    state = ContractState()
    for event in events:
        state = merge(state, event)
    return state


class TestMerge:
    def test_takes_the_newest_of_each_kind(self) -> None:
        state = merged(quote(1, "70", "72"), trade(2, "71"), settlement(5, "69"))
        assert state == ContractState(
            bid=Decimal(70),
            ask=Decimal(72),
            last=Decimal(71),
            settlement=Decimal(69),
            settlement_date=date(2024, 2, 5),
            settlement_stage=SettlementStage.FINAL,
            quote_order=(1, 1, 0),
            quote_ns=1,
            trade_ns=2,
        )
        assert state.event_ns == 2

    @pytest.mark.parametrize("older", [quote(4, "1", "2"), trade(4, "1")])
    def test_an_older_event_changes_nothing(self, older: MarketEvent) -> None:
        state = merged(quote(5, "70", "72"), trade(5, "71"))
        assert merge(state, older) == state

    def test_a_quote_older_than_the_last_trade_still_counts(self) -> None:
        state = merged(quote(1, "70", "72"), trade(5, "71"), quote(4, "69", "70"))
        assert (state.bid, state.ask) == (Decimal(69), Decimal(70))

    def test_an_event_of_the_same_time_counts(self) -> None:
        assert merged(quote(5, "70", "72"), quote(5, "70", "71")).ask == Decimal(71)

    def test_a_quote_takes_back_the_sides_it_does_not_name(self) -> None:
        state = merged(quote(1, "70", "72"), quote(2, None, "71"))
        assert (state.bid, state.ask) == (None, Decimal(71))

    def test_a_gap_changes_nothing(self) -> None:
        state = merged(quote(5, "70", "72"))
        assert merge(state, GAP) == state

    def test_settlements_are_ordered_by_trade_date(self) -> None:
        newest = merged(settlement(6, "70", event_ns=1), settlement(5, "60", event_ns=9))
        assert (newest.settlement, newest.settlement_date) == (Decimal(70), date(2024, 2, 6))

    def test_a_settlement_may_come_after_newer_quotes(self) -> None:
        state = merged(quote(9, "70", "72"), settlement(5, "69", event_ns=3))
        assert state.settlement == Decimal(69)
        assert state.event_ns == 9

    def test_a_final_settlement_replaces_the_preliminary_one(self) -> None:
        early = preliminary(settlement(5, "69"))
        assert merged(early, settlement(5, "68")).settlement == Decimal(68)
        assert merged(settlement(5, "68"), early).settlement == Decimal(68)

    def test_a_settlement_that_comes_late_replaces_no_newer_one(self) -> None:
        late, newer = settlement(5, "69", event_ns=1), settlement(5, "68", event_ns=2)
        assert merged(newer, late).settlement == Decimal(68)
        assert merged(late, newer).settlement == Decimal(68)

    @given(st.lists(st.integers(1, 50), min_size=1, unique=True))
    def test_order_of_arrival_leaves_no_trace(self, times: list[int]) -> None:
        events = [quote(time, str(time), str(time + 1)) for time in times]
        assert merged(*events) == merged(*sorted(events, key=lambda event: event.event_ns))

    def test_a_repeated_batch_changes_nothing(self) -> None:
        batch = (quote(1, "70", "72"), trade(2, "71"), quote(3, "71", "72"), settlement(5, "69"))
        assert merged(*batch, *batch) == merged(*batch)


class TestBestPrice:
    KNOWN = ContractState(
        bid=Decimal("-0.01"), ask=Decimal("0.02"), last=Decimal(1), settlement=Decimal(2)
    )

    def test_the_mid_comes_first(self) -> None:
        assert best_price(self.KNOWN) == (Decimal("0.005"), "mid")

    @pytest.mark.parametrize("side", ["bid", "ask"])
    def test_one_side_alone_is_no_price(self, side: str) -> None:
        assert best_price(replace(self.KNOWN, **{side: None})) == (Decimal(1), "last")

    def test_then_the_settlement(self) -> None:
        assert best_price(replace(self.KNOWN, bid=None, last=None)) == (Decimal(2), "settlement")
        assert best_price(ContractState()) is None

    def test_zero_is_a_price(self) -> None:
        zero = ContractState(bid=Decimal(0), ask=Decimal(0), last=Decimal(1))
        assert best_price(zero) == (Decimal(0), "mid")
        assert best_price(ContractState(last=Decimal(0))) == (Decimal(0), "last")


def states_of(*months: ContractMonth) -> dict[ContractMonth, ContractState]:
    return {month: ContractState(last=Decimal(month.month)) for month in months}


class TestLivePoints:
    def test_positions_count_listed_contracts(self) -> None:
        months = [ContractMonth(2024, 3).plus(n) for n in range(4)]
        points = live_points("CL", states_of(*months), date(2024, 2, 20))
        assert [(point.position, point.contract_month) for point in points] == [
            (n, month) for n, month in enumerate(months, start=1)
        ]
        assert points[0].last_trade_date == date(2024, 2, 20)

    def test_a_contract_leaves_after_its_last_day(self) -> None:
        months = [ContractMonth(2024, 3), ContractMonth(2024, 4)]
        points = live_points("CL", states_of(*months), date(2024, 2, 21))
        assert [(point.position, point.contract_month) for point in points] == [(1, months[1])]

    def test_a_contract_without_price_keeps_its_position(self) -> None:
        months = [ContractMonth(2024, 3).plus(n) for n in range(3)]
        states = {**states_of(*months), months[1]: ContractState()}
        points = live_points("CL", states, date(2024, 2, 1))
        assert [point.position for point in points] == [1, 3]
        del states[months[1]]
        assert live_points("CL", states, date(2024, 2, 1)) == points

    def test_carries_what_is_known(self) -> None:
        state = merged(quote(7, "70", "72"), settlement(5, "69"))
        (point,) = live_points("CL", {CONTRACT.contract_month: state}, date(2024, 2, 5))
        assert (point.price, point.basis, point.event_ns) == (Decimal(71), "mid", 7)
        assert (point.bid, point.ask, point.last) == (Decimal(70), Decimal(72), None)
        assert point.settlement == Decimal(69)

    def test_nothing_known_is_an_empty_curve(self) -> None:
        assert live_points("CL", {}, date(2024, 2, 5)) == ()
        expired = states_of(ContractMonth(2020, 5))
        assert live_points("CL", expired, date(2024, 2, 5)) == ()

    @pytest.mark.parametrize("product", ["CL", "NG", "HO", "B", "G", "TTF"])
    def test_the_farthest_contract_is_there_on_every_day(self, product: str) -> None:
        for day in (date(2024, month, day) for month in (1, 6, 12) for day in (1, 13, 20, 28)):
            listed = listed_contracts(product, day, 30)
            points = live_points(product, states_of(*(i.contract_month for i in listed)), day)
            assert [point.contract_month for point in points] == [i.contract_month for i in listed]


class TestSettledPoints:
    DAY = date(2020, 4, 21)

    def test_positions_become_months(self) -> None:
        rows = [(0, 2, Decimal("11.57")), (0, 1, Decimal("10.01"))]
        points = settled_points("CL", self.DAY, rows)
        assert [(p.position, str(p.contract_month), p.price) for p in points] == [
            (1, "202005", Decimal("10.01")),
            (2, "202006", Decimal("11.57")),
        ]
        assert [point.last_trade_date for point in points] == [self.DAY, date(2020, 5, 19)]
        assert all((p.basis, p.settlement) == ("settlement", p.price) for p in points)

    def test_months_become_positions(self) -> None:
        rows = [(202007, 0, Decimal(18)), (202005, 0, Decimal("-37.63")), (202004, 0, Decimal(9))]
        points = settled_points("CL", self.DAY, rows)
        assert [(p.position, str(p.contract_month), p.price) for p in points] == [
            (1, "202005", Decimal("-37.63")),
            (3, "202007", Decimal(18)),
        ]

    @pytest.mark.parametrize("product", ["CL", "NG", "HO", "RB", "B", "BZ", "G", "NBP", "TTF"])
    def test_both_ways_agree_over_the_whole_chain(self, product: str) -> None:
        listed = listed_contracts(product, self.DAY, 156)
        by_position = [(0, n, Decimal(n)) for n in range(1, 157)]
        by_month = [(int(str(i.contract_month)), 0, Decimal(n)) for n, i in enumerate(listed, 1)]
        points = settled_points(product, self.DAY, by_position)
        assert points == settled_points(product, self.DAY, by_month)
        assert [point.last_trade_date for point in points] == [last_trade_date(i) for i in listed]

    def test_no_rows_make_no_curve(self) -> None:
        assert settled_points("CL", self.DAY, []) == ()


def test_of_quotes_of_one_moment_the_one_sent_last_counts() -> None:
    newest = merged(quote(5, "71.2", None, sequence=3))
    assert merge(newest, quote(5, "71.1", None, sequence=2)).bid == Decimal("71.2")
    assert merge(newest, quote(5, "71.3", None, sequence=4)).bid == Decimal("71.3")
