"""Hold historical simulation against a loop over days and positions."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from core.errors import HistoryTooShort, InvalidInput
from core.market import Instrument
from quant.risk.aggregation import Revaluation, aggregate
from quant.risk.exposures import Exposures, exposures
from quant.risk.historical import historical_pnl, historical_risk
from quant.risk.market import Market, OptionKey, OptionModel, OptionQuote
from tests.risk_books import AS_OF, book, factor_days, future, market, mixed, option, spread


def slow_pnl(exposed: Exposures, change: np.ndarray) -> list[float]:
    """Value each position of one scenario by QuantLib, one by one."""
    gained = [0.0] * len(exposed.labels)
    for leg, position in enumerate(exposed.leg_positions):
        gained[position] += exposed.leg_dollars[leg] * change[exposed.leg_factors[leg]]
    for o, position in enumerate(exposed.option_positions):
        kind = ql.Option.Call if exposed.options.signs[o] > 0 else ql.Option.Put
        formula = ql.blackFormula if exposed.options.lognormal[o] else ql.bachelierBlackFormula
        terms = float(exposed.options.strikes[o]), float(exposed.options.deviations[o])
        now = float(exposed.prices[exposed.option_factors[o]])
        then = now + float(change[exposed.option_factors[o]])
        values = [formula(kind, terms[0], price, terms[1]) for price in (now, then)]
        gained[position] += exposed.option_dollars[o] * (values[1] - values[0])
    return gained


def test_it_agrees_with_a_loop_over_days_and_positions() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 400)
    (found,) = historical_risk(aggregate([exposed]), changes, 0.975)
    by_position = np.array([slow_pnl(exposed, change) for change in changes])
    ordered = by_position[np.argsort(by_position.sum(axis=1))]
    # 400 days at 97.5 %: the tenth worst; a whole number of days, so shortfall is their plain mean
    assert found.value_at_risk == pytest.approx(-ordered[9].sum(), rel=1e-10)
    assert found.expected_shortfall == pytest.approx(-ordered[:10].sum() / 10, rel=1e-10)
    np.testing.assert_allclose(
        found.by_position.expected_shortfall, -ordered[:10].mean(axis=0), rtol=1e-8, atol=1e-3
    )
    # value at risk: ranks 8 to 12, weighing 1 2 3 2 1, scaled to add up
    near = -np.array([1, 2, 3, 2, 1]) @ ordered[7:12] / 9
    np.testing.assert_allclose(
        found.by_position.value_at_risk, near / near.sum() * found.value_at_risk, rtol=1e-8
    )


@pytest.mark.parametrize("revaluation", list(Revaluation))
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_parts_add_up(revaluation: Revaluation, level: float) -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 777)
    (found,) = historical_risk(aggregate([exposed], revaluation), changes, level)
    for parts in (found.by_position, found.by_factor):
        assert parts.value_at_risk.sum() == pytest.approx(found.value_at_risk, rel=1e-9)
        assert parts.expected_shortfall.sum() == pytest.approx(found.expected_shortfall, rel=1e-9)
    assert found.scenario_count == 777
    assert found.expected_shortfall >= found.value_at_risk > 0.0


def test_parts_are_derivatives_by_size() -> None:
    # Euler: what shortfall changes by as a position grows by a little, over that little
    held = mixed()
    changes, _ = factor_days(book(), 800)
    (found,) = historical_risk(aggregate([book()]), changes, 0.95)
    for number in (0, 3, 4, 7):
        sizes = {}
        for factor in (0.999, 1.001):
            grown = held[number].model_copy(update={"contracts": held[number].contracts * factor})
            exposed = exposures([*held[:number], grown, *held[number + 1 :]], market())
            (report,) = historical_risk(aggregate([exposed]), changes, 0.95)
            sizes[factor] = report.expected_shortfall
        slope = (sizes[1.001] - sizes[0.999]) / 0.002
        assert found.by_position.expected_shortfall[number] == pytest.approx(slope, rel=1e-4)


def test_marginal_risk_is_a_derivative_by_dollars_per_point() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 800)
    (found,) = historical_risk(aggregate([exposed]), changes, 0.95)
    for factor in range(len(exposed.factors)):
        sizes = []
        for added in (-50.0, 50.0):
            grown = replace(
                exposed,
                leg_positions=np.append(exposed.leg_positions, 0),
                leg_factors=np.append(exposed.leg_factors, factor),
                leg_dollars=np.append(exposed.leg_dollars, added),
            )
            (report,) = historical_risk(aggregate([grown]), changes, 0.95)
            sizes.append(report.expected_shortfall)
        slope = (sizes[1] - sizes[0]) / 100.0
        assert found.marginal.expected_shortfall[factor] == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_delta_gamma_is_the_second_order_of_full_revaluation() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 200)
    small = changes * 1e-3
    full, _ = historical_pnl(aggregate([exposed]), small)
    expanded, _ = historical_pnl(aggregate([exposed], Revaluation.DELTA_GAMMA), small)
    np.testing.assert_allclose(expanded, full, rtol=1e-4, atol=0.02)
    # of moves as large as a day's, it is near but not the same
    full, _ = historical_pnl(aggregate([exposed]), changes)
    expanded, _ = historical_pnl(aggregate([exposed], Revaluation.DELTA_GAMMA), changes)
    misses = np.abs(expanded - full) / full.std()
    assert np.median(misses) < 0.01 < misses.max()


def test_delta_gamma_of_an_option_on_its_last_day_is_of_the_size_of_its_payoff() -> None:
    # struck where the price is, it is a kink: a curvature of 1/s of it would be of billions
    last_day = replace(market(), as_of=date(2024, 2, 14))
    (price,) = exposures([future("CL-202403", 1)], last_day).prices
    held = option("CL-202403", "call", float(price), -1, expiry=last_day.as_of)
    changes = np.random.default_rng(3).normal(size=(500, 1))
    found = {
        revaluation: historical_risk(
            aggregate([exposures([held], last_day)], revaluation), changes, 0.99
        )[0].value_at_risk
        for revaluation in Revaluation
    }
    assert found[Revaluation.FULL] == pytest.approx(1_000 * np.sort(changes[:, 0])[-5], rel=1e-3)
    assert 0.0 < found[Revaluation.DELTA_GAMMA] <= found[Revaluation.FULL]


def test_books_share_scenarios_and_do_not_disturb_each_other() -> None:
    both = [book(), book([*mixed()[:5], option("CL-202403", "call", 75, 7)])]
    factors, prices = both[0].factors, both[0].prices
    second = both[1].over(factors, prices)
    changes, _ = factor_days(both[0], 500)
    together = historical_risk(aggregate([both[0], second]), changes, 0.99)
    for exposed, found in zip((both[0], second), together, strict=True):
        (alone,) = historical_risk(aggregate([exposed]), changes, 0.99)
        assert found.value_at_risk == pytest.approx(alone.value_at_risk, rel=1e-12)
        np.testing.assert_allclose(
            found.by_position.expected_shortfall, alone.by_position.expected_shortfall, rtol=1e-9
        )


def test_threads_change_nothing() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 1111)
    reduced = aggregate([exposed])
    one, _ = historical_pnl(reduced, changes, threads=1)
    for threads in (2, 3, 50):
        other, _ = historical_pnl(reduced, changes, threads=threads)
        np.testing.assert_array_equal(one, other)
    with pytest.raises(InvalidInput):
        historical_pnl(reduced, changes, threads=0)


def test_april_2020_takes_black_to_its_floor_and_says_so() -> None:
    held = [future("CL-202403", 1), option("CL-202403", "put", 70, 1)]
    exposed = exposures(held, replace(market(), prices={Instrument.parse("CL-202403"): 18.27}))
    changes = np.zeros((200, 1))
    changes[0, 0] = -55.90
    (found,) = historical_risk(aggregate([exposed]), changes, 0.99)
    assert found.floored_scenarios == 1
    pnl, floored = historical_pnl(aggregate([exposed]), changes)
    assert floored.tolist() == [True] + [False] * 199
    # the put is worth 70 + 37.63, discounted
    gained = exposed.option_dollars[0] * (107.63 - exposed.options.values(np.array([18.27]))[0])
    assert pnl[0, 0] == pytest.approx(-55_900.0 + gained)
    assert np.isfinite(pnl).all()


def test_the_normal_model_prices_negative_worlds() -> None:
    held = option("CL-202403", "call", 5, 10)
    key = OptionKey(underlying=Instrument.parse("CL-202403"), expiry=held.expires, strike=5.0)
    quote = OptionQuote(volatility=40.0, model=OptionModel.BACHELIER)
    exposed = exposures(
        [held, option("CL-202403", "put", 5, 3)],
        Market(
            as_of=AS_OF,
            prices={Instrument.parse("CL-202403"): -37.63},
            volatilities={key: quote},
        ),
    )
    changes = np.random.default_rng(0).normal(0.0, 10.0, size=(150, 1))
    (found,) = historical_risk(aggregate([exposed]), changes, 0.95)
    by_hand = np.array([sum(slow_pnl(exposed, change)) for change in changes])
    assert found.value_at_risk == pytest.approx(-np.sort(by_hand)[7], rel=1e-9)
    assert found.floored_scenarios == 0


def test_a_book_without_risk_has_none() -> None:
    exposed = exposures([future("CL-202403", 1), future("CL-202403", -1)], market())
    (found,) = historical_risk(aggregate([exposed]), np.ones((100, 1)), 0.99)
    assert found.value_at_risk == 0.0
    assert np.isfinite(found.by_position.value_at_risk).all()
    empty = exposures([], market())
    (nothing,) = historical_risk(aggregate([empty]), np.zeros((100, 0)), 0.99)
    assert nothing.expected_shortfall == 0.0


@pytest.mark.parametrize("seed", [27, 70, 107])
def test_parts_of_a_hedge_keep_their_size_where_they_cancel_to_rounding(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lots = generator.integers(1, 50, 4) / 10
    moves = generator.normal(size=(300, 1)) * 2.0
    held = [*(future("CL-202403", each) for each in lots), future("CL-202404", -float(sum(lots)))]
    exposed = exposures(held, market())
    (found,) = historical_risk(aggregate([exposed]), np.hstack([moves, moves]), 0.99)
    # no position loses more in any scenario; the ratio of two roundings is no scale
    largest = 1_000.0 * float(sum(lots) * np.abs(moves).max())
    assert abs(found.value_at_risk) < 1e-6
    for parts in (found.by_position, found.by_factor):
        for losses in (parts.value_at_risk, parts.expected_shortfall):
            assert np.abs(losses).max() <= largest * (1.0 + 1e-12)
            assert losses.sum() == pytest.approx(0.0, abs=1e-6)


def test_no_risk_is_not_minus_zero() -> None:
    exposed = exposures([future("CL-202403", lots) for lots in (1.0, -1.0)], market())
    (found,) = historical_risk(aggregate([exposed]), np.ones((300, 1)), 0.99)
    assert not np.signbit([found.value_at_risk, found.expected_shortfall]).any()


def test_a_calendar_spread_is_risked_as_a_spread() -> None:
    exposed = exposures([spread(10, CL_202403=1, CL_202404=-1)], market())
    moves = np.random.default_rng(1).normal(size=(500, 1))
    (found,) = historical_risk(aggregate([exposed]), np.hstack([moves, moves]), 0.99)
    assert found.value_at_risk == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (np.zeros((99, 6)), HistoryTooShort),
        (np.zeros((200, 5)), InvalidInput),
        (np.full((200, 6), np.nan), InvalidInput),
        (np.zeros(200), InvalidInput),
    ],
)
def test_bad_changes_are_refused(changes: Any, error: type[Exception]) -> None:
    exposed = book([*mixed()[:3], future("CL-202406", 1), future("CL-202407", 1)])
    assert len(exposed.factors) == 6
    with pytest.raises(error):
        historical_risk(aggregate([exposed]), changes, 0.99)


def test_books_on_other_factors_are_refused() -> None:
    with pytest.raises(InvalidInput):
        aggregate([])
    with pytest.raises(InvalidInput):
        aggregate([book(), book(mixed()[:1])])
