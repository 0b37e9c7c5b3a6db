"""Hold the explanation of profits against revaluation and hand-made moves."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, UnknownInstrument
from core.market import Instrument
from quant.risk.explain import Deal, Explanation, explain
from quant.risk.exposures import exposures
from quant.risk.market import Market, OptionModel, OptionQuote, key_of
from tests.risk_books import future, market, mixed, option, spread

NEXT = date(2024, 1, 2)


def moved(seed: int, size: float = 0.02) -> Market:
    """Return the market two days later, all prices and volatilities moved."""
    before, generator = market(), np.random.default_rng(seed)
    prices = {
        each: price * (1.0 + size * generator.standard_normal())
        for each, price in before.prices.items()
    }
    quotes = {
        key_of(position): OptionQuote(
            volatility=before.quote(position).volatility * (1.0 + size * generator.random())
        )
        for position in mixed()
        if position.kind == "option"
    }
    return replace(before, as_of=NEXT, prices=prices, volatilities=quotes, rate=0.051)


def parts(found: Explanation) -> np.ndarray:
    return np.array(
        [found.delta, found.gamma, found.vega, found.theta, found.deals, found.unexplained]
    )


@given(st.integers(0, 10**6), st.floats(0.0, 0.3))
@settings(max_examples=30)
def test_causes_add_up_to_full_revaluation(seed: int, size: float) -> None:
    before, after = market(), moved(seed, size)
    deals = [Deal(position=future("CL-202404", 3), price=70.0)]
    found = explain(mixed(), before, after, deals)
    np.testing.assert_allclose(parts(found).sum(axis=0), found.total, atol=1e-6)
    was, now = exposures(mixed(), before), exposures(mixed(), after)
    expected = now.by_position(
        now.leg_dollars * (now.prices - was.prices)[now.leg_factors],
        now.option_dollars * now.options.values(now.prices[now.option_factors])
        - was.option_dollars * was.options.values(was.prices[was.option_factors]),
    )
    np.testing.assert_allclose(found.total[:-1], expected, rtol=1e-12, atol=1e-6)
    assert np.isfinite(parts(found)).all()


def test_a_usual_day_leaves_little_unexplained() -> None:
    found = explain(mixed(), market(), moved(1, 0.005))
    gross = np.abs(parts(found)[:5]).sum()
    assert np.abs(found.unexplained).sum() < 0.01 * gross


def test_each_cause_alone_is_its_own() -> None:
    held, before = [option("CL-202403", "call", 72, 10)], market()
    key = key_of(held[0])
    crude = Instrument.parse("CL-202403")
    years = (held[0].expires - before.as_of).days / 365
    theirs = ql.BlackCalculator(
        ql.PlainVanillaPayoff(ql.Option.Call, 72.0),
        before.prices[crude],
        0.4 * years**0.5,
        float(np.exp(-0.05 * years)),
    )
    up = explain(held, before, replace(before, prices={**before.prices, crude: 71.81}))
    step = 71.81 - before.prices[crude]
    assert up.delta[0] == pytest.approx(10_000 * theirs.deltaForward() * step, rel=1e-9)
    assert up.gamma[0] == pytest.approx(5_000 * theirs.gammaForward() * step**2, rel=1e-9)
    assert (up.vega[0], up.theta[0]) == (0.0, 0.0)
    quoted = explain(
        held, before, replace(before, volatilities={key: OptionQuote(volatility=0.41)})
    )
    assert quoted.vega[0] == pytest.approx(10_000 * theirs.vega(years) * 0.01, rel=1e-9)
    assert (quoted.delta[0], quoted.gamma[0], quoted.theta[0]) == (0.0, 0.0, 0.0)
    later = explain(held, before, replace(before, as_of=NEXT))
    assert later.theta[0] == pytest.approx(later.total[0])
    assert later.unexplained[0] == pytest.approx(0.0, abs=1e-9)
    # a year's theta for four days: close, for an option of a month and a half
    assert later.theta[0] == pytest.approx(
        10_000 * theirs.theta(before.prices[crude], years) * 4 / 365, rel=0.08
    )


def test_a_roll_is_two_deals() -> None:
    held = [future("CL-202402", 10)]
    before = market()
    near, far = Instrument.parse("CL-202402"), Instrument.parse("CL-202403")
    after = replace(before, as_of=NEXT, prices={**before.prices, near: 73.0, far: 72.5})
    deals = [
        Deal(position=future("CL-202402", -10, "roll out"), price=72.8),
        Deal(position=future("CL-202403", 10, "roll in"), price=72.2),
        Deal(position=option("CL-202403", "put", 70, 2), price=1.25),
    ]
    found = explain(held, before, after, deals)
    assert found.delta[0] == pytest.approx(10_000 * (73.0 - before.prices[near]))
    assert found.deals[1:3].tolist() == pytest.approx([-10_000 * 0.2, 10_000 * 0.3])
    exposed = exposures([deals[2].position], after)
    worth = exposed.option_dollars @ exposed.options.values(exposed.prices)
    assert found.deals[3] == pytest.approx(worth - 2_000 * 1.25)
    assert found.labels == ("position 1", "roll out", "roll in", "deal 3")
    assert found.unexplained.tolist() == pytest.approx([0.0] * 4, abs=1e-9)


def test_a_change_of_model_is_unexplained() -> None:
    held = [option("CL-202403", "call", 72, 10)]
    before = market()
    quote = OptionQuote(volatility=30.0, model=OptionModel.BACHELIER)
    prices = {**before.prices, Instrument.parse("CL-202403"): -5.0}
    after = replace(before, prices=prices, volatilities={key_of(held[0]): quote})
    found = explain(held, before, after)
    assert found.vega[0] == 0.0
    assert np.isfinite(parts(found)).all()
    assert parts(found).sum() == pytest.approx(found.total[0])


def test_what_cannot_be_explained_is_refused() -> None:
    with pytest.raises(InvalidInput, match="or later"):
        explain(mixed(), replace(market(), as_of=NEXT), market())
    both = spread(1, CL_202403=1, CL_202404=-1)
    with pytest.raises(InvalidInput, match="no one price"):
        explain(mixed(), market(), market(), [Deal(position=both, price=0.1)])
    with pytest.raises(InvalidInput, match="price"):
        Deal(position=both, price=float("nan"))
    with pytest.raises(UnknownInstrument):
        explain([future("CL-202402", 1)], market(), replace(market(), as_of=date(2024, 2, 1)))
