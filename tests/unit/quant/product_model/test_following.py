"""Check that a model knows what settled, whatever the order, and however it got there."""

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.market import ContractMonth, Settlement, SettlementStage
from quant.calendars import add_business_days, calendar_of
from quant.continuous import from_contract_months
from quant.forecast.state import replay
from quant.product_model.following import KEPT_DAYS, Following
from quant.product_model.settled import Observed, SettledDay, settled_days
from quant.product_model.state import ModelState, ProductFit, advance
from quant.schwartz_smith.chain import build_chain
from quant.schwartz_smith.curve_model import changes_ahead
from tests.settled_products import CONTRACTS, LAST_DAY, announced, estimated, settled_history

NEXT_DAY = add_business_days(LAST_DAY, 1, calendar_of("CL"))


def following() -> Following:
    found = estimated()
    return Following.of(found.fit, found.days)


def same(one: ModelState, other: ModelState) -> bool:
    return msgspec.json.encode(one.to_json()) == msgspec.json.encode(other.to_json())


def of_next_day(
    shift: float = 0.5, stage: SettlementStage = SettlementStage.FINAL, later_s: int = 0
) -> tuple[Settlement, ...]:
    model = following()
    prices = [
        (month, f"{model.state.settled[month].price + shift:.2f}")
        for month in model.fit.months(NEXT_DAY)[: CONTRACTS - 1]
    ]
    return announced(NEXT_DAY, prices, stage=stage, later_s=later_s)


def test_days_one_by_one_are_as_the_whole_history_at_once() -> None:
    found = estimated()
    history = settled_history()
    positions = found.fit.positions
    by_position = from_contract_months(
        "CL", history.dates, history.contract_months, history.settlements, positions + 2
    )
    changes = by_position.held_changes(positions)
    at_once = replay(found.fit.density, history.dates[1:], changes)
    state = following().state
    assert state.last_day == LAST_DAY
    np.testing.assert_array_equal(state.density.changes, at_once.changes)
    np.testing.assert_array_equal(state.density.variance.next_day(), at_once.variance.next_day())
    assert found.fit.curve is not None
    assert found.fit.begin.curve is not None
    assert state.curve is not None
    whole = build_chain(
        from_contract_months(
            "CL", history.dates, history.contract_months, history.settlements, positions
        )
    )
    cut = len(history.dates) - KEPT_DAYS
    later = whole.between(cut, len(history.dates))
    _, last = changes_ahead(found.fit.curve, found.fit.begin.curve, later, [1])
    assert last == state.curve


@settings(max_examples=20)
@given(order=st.permutations(range(2 * (CONTRACTS - 1))))
def test_the_order_in_which_a_day_settles_does_not_matter(order: list[int]) -> None:
    preliminary = of_next_day(0.3, SettlementStage.PRELIMINARY)
    everything = (*preliminary, *of_next_day(0.5, later_s=60))
    at_once = following().follow(settled_days(everything))
    one_by_one = following()
    for place in order:
        one_by_one = one_by_one.follow(settled_days([everything[place]]))
    assert one_by_one.today == at_once.today
    assert same(one_by_one.state, at_once.state)
    assert at_once.today is not None
    assert at_once.today.is_final(at_once.fit.months(NEXT_DAY)[: CONTRACTS - 1])


@settings(max_examples=20)
@given(
    back=st.integers(min_value=0, max_value=KEPT_DAYS - 1),
    place=st.integers(min_value=0, max_value=3),
    cents=st.integers(min_value=-300, max_value=300),
)
def test_a_correction_is_as_if_it_had_been_in_time(back: int, place: int, cents: int) -> None:
    model = following()
    day = model.days[-1 - back]
    month = model.fit.months(day.trade_date)[place]
    price = f"{day.settlements[month].price + cents / 100:.2f}"
    correction = settled_days(announced(day.trade_date, [(month, price)], later_s=3600))
    corrected = model.follow(correction)
    days = [
        one.with_observed(correction[0].settlements) if one is day else one for one in model.days
    ]
    assert same(corrected.state, Following.of(model.fit, days).state)
    assert (corrected is model) == (cents == 0)


@settings(max_examples=15)
@given(
    stop=st.integers(min_value=0, max_value=14),
    shifts=st.lists(
        st.floats(min_value=-3.0, max_value=3.0).map(lambda x: round(x, 2)),
        min_size=15,
        max_size=15,
    ),
)
def test_a_checkpoint_and_what_follows_is_as_if_never_interrupted(
    stop: int, shifts: list[float]
) -> None:
    model, interrupted = following(), following()
    day = LAST_DAY
    for number, shift in enumerate(shifts):
        day = add_business_days(day, 1, calendar_of("CL"))
        prices = [
            (month, f"{60 + shift + n / 10:.2f}")
            for n, month in enumerate(model.fit.months(day)[: 1 + number % CONTRACTS])
        ]
        days = settled_days(announced(day, prices))
        model, interrupted = model.follow(days), interrupted.follow(days)
        if number == stop:
            assert interrupted.today is not None
            written = msgspec.json.encode(
                [
                    interrupted.fit.to_json(),
                    interrupted.checkpoint(),
                    interrupted.today.to_json(),
                ]
            )
            fit, checkpoint, today = msgspec.json.decode(written)
            interrupted = Following.restored(
                ProductFit.from_json(fit), checkpoint, SettledDay.from_json(today)
            )
            assert same(interrupted.state, model.state)
    assert same(interrupted.state, model.state)
    assert len(model.days) == KEPT_DAYS


def test_what_is_known_changes_nothing() -> None:
    model = following()
    day = model.days[-1]
    assert model.follow([day]) is model
    assert model.follow([]) is model
    again = model.follow(settled_days(of_next_day()))
    assert again is not model
    assert again.follow(settled_days(of_next_day())) is again
    assert not again.shares_checkpoint(model)
    corrected = again.follow(settled_days(of_next_day(0.7, later_s=60)))
    assert corrected.shares_checkpoint(again)


def test_a_day_that_is_part_of_the_state_or_no_business_day_changes_nothing() -> None:
    model = following()
    month = model.fit.months(LAST_DAY)[2]
    early = settled_days(announced(model.before.last_day, [(month, "1.00")]))
    assert model.is_late(early[0])
    assert model.follow(early) is model
    saturday = LAST_DAY + timedelta(days=1)
    assert model.follow(settled_days(announced(saturday, [(month, "1.00")]))) is model


def test_another_estimate_takes_over_with_the_days_that_were_followed() -> None:
    found = estimated()
    model = following().follow(settled_days(of_next_day()))
    under = model.under(found.fit, found.days)
    assert under.as_of == NEXT_DAY
    assert same(under.state, model.state)


def test_a_contract_that_does_not_settle_is_missing_in_both_models() -> None:
    model = following()
    months = model.fit.months(NEXT_DAY)
    price = model.state.settled[months[0]].price
    one = model.follow(settled_days(announced(NEXT_DAY, [(months[0], f"{price + 1:.2f}")])))
    assert one.state.settled[months[1]].on == LAST_DAY
    assert one.state.density.filled > model.state.density.filled
    assert one.state.curve is not None
    assert one.state.curve.filter.cells == model.state.curve.filter.cells + 1  # type: ignore[union-attr]
    far = ContractMonth(2040, 1)
    assert model.follow(settled_days(announced(NEXT_DAY, [(far, "50.00")]))).state is model.state


def test_a_day_before_the_last_one_is_refused_by_the_state() -> None:
    model = following()
    with pytest.raises(InvalidInput, match="expected after"):
        advance(model.fit, model.state, model.days[0])


@pytest.mark.parametrize(
    ("held", "heard", "then"),
    [
        (("preliminary", 1.0, 5), ("preliminary", 2.0, 6), ("preliminary", 2.0)),
        (("preliminary", 1.0, 5), ("preliminary", 2.0, 4), ("preliminary", 1.0)),
        (("preliminary", 1.0, 5), ("final", 1.0, 6), ("final", 1.0)),
        (("final", 1.0, 5), ("preliminary", 2.0, 6), ("final", 1.0)),
        (("final", 1.0, 5), ("final", 2.0, 6), ("corrected", 2.0)),
        (("final", 1.0, None), ("final", 2.0, 6), ("corrected", 2.0)),
        (("corrected", 1.0, 7), ("final", 2.0, 6), ("corrected", 1.0)),
    ],
)
def test_later_words_replace_earlier_ones_as_in_the_database(
    held: tuple[str, float, int], heard: tuple[str, float, int], then: tuple[str, float]
) -> None:
    def observed(values: tuple[str, float, int]) -> Observed:
        stage, price, announced_ns = values
        return Observed(price=price, stage=SettlementStage(stage), announced_ns=announced_ns)

    found = observed(held).then(observed(heard))
    assert (found.stage.value, found.price) == then


def test_a_days_json_holds_it() -> None:
    day = settled_days(of_next_day())[0]
    assert SettledDay.from_json(msgspec.json.decode(msgspec.json.encode(day.to_json()))) == day
    assert day.trade_date == NEXT_DAY > date(2026, 11, 13)
