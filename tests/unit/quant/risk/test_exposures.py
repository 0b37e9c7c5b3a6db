"""Hold what a book is reduced to against sums done by hand, and against QuantLib."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from math import exp, sqrt

import numpy as np
import pytest
import QuantLib as ql

from core.books import Style
from core.errors import InvalidInput, ModelNotApplicable, UnknownInstrument
from core.market import Instrument
from quant.risk.exposures import contracts_of, exposures
from quant.risk.market import Market, OptionKey, OptionModel, OptionQuote
from tests.risk_books import AS_OF, book, future, market, mixed, option, spread


def of(text: str) -> Instrument:
    return Instrument.parse(text)


def test_futures_count_by_their_contract_size() -> None:
    held = [
        future("CL-202403", 2),
        future("NG-202404", -1),
        future("HO-202403", 1),
        future("TTF-202403", 1),
        future("NBP-202402", 1),
    ]
    prices = dict.fromkeys(contracts_of(held), 50.0)
    found = exposures(
        held, Market(as_of=AS_OF, prices=prices, dollars={"USD": 1.0, "EUR": 1.1, "GBP": 1.25})
    )
    by_contract = dict(zip(map(str, found.factors), found.deltas().tolist(), strict=True))
    assert by_contract == {
        "CL-202403": 2_000.0,
        "NG-202404": -10_000.0,
        "HO-202403": 42_000.0,
        "TTF-202403": pytest.approx(743 * 1.1),  # a March of 743 hours
        "NBP-202402": pytest.approx(29 * 1_000 / 100 * 1.25),  # 29 days, in pence
    }


def test_a_321_crack_is_its_legs() -> None:
    # three barrels of crude make two of gasoline and one of heating oil: 84 and 42 gallons
    found = exposures([spread(1, CL_202403=-3, RB_202403=2, HO_202403=1)], market())
    up = {"CL": 1.0, "RB": 0.10, "HO": 0.20}
    changes = np.array([[up[factor.product] for factor in found.factors]])
    by_hand = -3 * 1_000 * 1.0 + 2 * 42_000 * 0.10 + 42_000 * 0.20
    np.testing.assert_allclose(found.position_pnl(changes), [[by_hand]])


def test_options_are_worth_what_quantlib_says() -> None:
    held = [option("CL-202403", "put", 70, 30, expiry=date(2024, 2, 14), volatility=0.45)]
    found = exposures(held, market(rate=0.05))
    (price,) = found.prices
    years = (date(2024, 2, 14) - AS_OF).days / 365
    theirs = ql.BlackCalculator(
        ql.PlainVanillaPayoff(ql.Option.Put, 70.0), price, 0.45 * sqrt(years), exp(-0.05 * years)
    )
    assert found.option_dollars * found.options.values(found.prices) == pytest.approx(
        30 * 1_000 * theirs.value(), rel=1e-12
    )
    assert found.deltas()[0] == pytest.approx(30_000 * theirs.deltaForward(), rel=1e-12)


def test_deltas_by_position_are_those_by_factor() -> None:
    found = book()
    np.testing.assert_allclose(found.position_deltas().sum(axis=0), found.deltas(), rtol=1e-12)
    tiny = 1e-5
    slopes = [
        found.position_pnl(tiny * np.eye(len(found.factors))[n : n + 1]).sum() / tiny
        for n in range(len(found.factors))
    ]
    np.testing.assert_allclose(slopes, found.deltas(), rtol=1e-3, atol=1.0)


def test_a_quote_of_the_market_comes_before_that_of_the_option() -> None:
    held = option("CL-202403", "call", 75, 1, volatility=0.3)
    key = OptionKey(underlying=of("CL-202403"), expiry=held.expires, strike=75.0)
    quoted = replace(market(), volatilities={key: OptionQuote(volatility=0.9)})
    assert exposures([held], quoted).option_volatilities.tolist() == [0.9]
    assert exposures([held], market()).option_volatilities.tolist() == [0.3]
    with pytest.raises(InvalidInput, match="volatilities"):
        exposures([option("CL-202403", "call", 75, 1, volatility=None)], market())


def test_negative_prices_take_the_normal_model_only() -> None:
    held = option("CL-202403", "call", 5, 1)
    negative = replace(market(), prices={of("CL-202403"): -37.63})
    with pytest.raises(ModelNotApplicable, match="bachelier"):
        exposures([held], negative)
    key = OptionKey(underlying=of("CL-202403"), expiry=held.expires, strike=5.0)
    quote = OptionQuote(volatility=40.0, model=OptionModel.BACHELIER)
    found = exposures([held], replace(negative, volatilities={key: quote}))
    assert np.isfinite(found.options.values(found.prices)).all()


def test_an_average_has_the_first_two_moments_of_one() -> None:
    held = option("CL-202405", "call", 70, 1, expiry=date(2024, 4, 19), style=Style.AVERAGE)
    found = exposures([held], market())
    # E[A²]/F² by summing e^(σ² min(s, t)) over pairs of times in the month
    start, end = ((day - AS_OF).days / 365 for day in (date(2024, 4, 1), date(2024, 4, 19)))
    times = np.linspace(start, end, 2001)
    times = (times[1:] + times[:-1]) / 2
    second = np.exp(0.4**2 * np.minimum.outer(times, times)).mean()
    assert found.options.deviations[0] == pytest.approx(sqrt(np.log(second)), rel=1e-6)
    wild = exposures(
        [option("CL-202405", "call", 70, 1, volatility=3.0, style=Style.AVERAGE)], market()
    )
    end = (date(2024, 4, 22) - AS_OF).days / 365
    times = np.linspace(start, end, 2001)
    times = (times[1:] + times[:-1]) / 2
    second = np.exp(9.0 * np.minimum.outer(times, times)).mean()
    assert wild.options.deviations[0] == pytest.approx(sqrt(np.log(second)), rel=1e-6)
    with pytest.raises(ModelNotApplicable, match="average began"):
        exposures([held], replace(market(), as_of=date(2024, 4, 2)))


@pytest.mark.parametrize("volatility", [1e-6, 0.04, 0.2, 40.0, 60.0, 3_000.0, 1e6])
def test_an_average_of_any_volatility_has_a_deviation(volatility: float) -> None:
    held = option("CL-202405", "call", 70, 1, expiry=date(2024, 4, 19), style=Style.AVERAGE)
    key = OptionKey(underlying=of("CL-202405"), expiry=held.expires, strike=70.0)
    quoted = replace(market(), volatilities={key: OptionQuote(volatility=volatility)})
    with localcontext(prec=60, Emax=10**12):
        variance = Decimal(volatility) ** 2
        x = variance * 18 / 365
        spread = (2 * (x.exp() - 1 - x) / x**2).ln()
        expected = (variance * 94 / 365 + spread).sqrt()
    found = exposures([held], quoted).options.deviations[0]
    assert found == pytest.approx(float(expected), rel=1e-11)


@pytest.mark.parametrize("rate", [-1e6, 1e6])
def test_a_rate_beyond_floating_point_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInput, match="rate"):
        exposures([option("CL-202403", "call", 70, 1)], replace(market(), rate=rate))


@pytest.mark.parametrize("volatility", [0.0, -0.1, np.nan, np.inf, 1.1e6, 1e200])
def test_a_volatility_of_no_market_is_refused(volatility: float) -> None:
    with pytest.raises(InvalidInput, match="volatility"):
        OptionQuote(volatility=volatility)


def test_approximations_are_told() -> None:
    american = option("CL-202403", "put", 70, 1, style=Style.AMERICAN)
    found = exposures([future("CL-202403", 1), american], market())
    (told,) = found.approximations
    assert told.position == 1
    assert "European" in told.reason
    plain = exposures([future("CL-202403", 1), option("CL-202403", "put", 70, 1)], market())
    np.testing.assert_array_equal(plain.option_dollars, found.option_dollars)
    assert plain.approximations == ()


def test_an_option_on_its_last_day_is_worth_what_it_pays() -> None:
    held = option("CL-202403", "call", 70, 1, expiry=date(2024, 2, 14))
    found = exposures([held], replace(market(), as_of=date(2024, 2, 14)))
    (price,) = found.prices
    assert found.options.values(found.prices)[0] == pytest.approx(price - 70, abs=1e-9)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (future("XX-202403", 1), "unknown"),
        (future("CL-202401", 1), "last traded on 2023-12-19"),
        (future("CL-203001", 1), "no price"),
    ],
)
def test_unknown_instruments_are_named(held: object, reason: str) -> None:
    with pytest.raises(UnknownInstrument, match=reason):
        exposures([held], market())  # type: ignore[list-item]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(UnknownInstrument, match="expired on 2023-12-01"):
        exposures([option("CL-202403", "put", 70, 1, expiry=date(2023, 12, 1))], market())
    with pytest.raises(UnknownInstrument, match="no factor"):
        exposures([future("CL-202403", 1)], market(), [of("CL-202404")])
    prices = {of("TTF-202403"): 30.0}
    with pytest.raises(InvalidInput, match="EUR"):
        exposures([future("TTF-202403", 1)], Market(as_of=AS_OF, prices=prices))
    with pytest.raises(InvalidInput, match="prices"):
        Market(as_of=AS_OF, prices={of("CL-202403"): float("nan")})
    with pytest.raises(InvalidInput, match="dollars"):
        Market(as_of=AS_OF, prices={}, dollars={"EUR": 0.0})
    with pytest.raises(InvalidInput, match="rate"):
        Market(as_of=AS_OF, prices={}, rate=float("inf"))
    with pytest.raises(InvalidInput, match="volatility"):
        OptionQuote(volatility=0.0)


def test_a_book_moves_to_more_factors() -> None:
    found = book()
    wider = (of("CL-202406"), *found.factors)
    moved = found.over(wider, np.append(71.0, found.prices))
    changes = np.random.default_rng(0).normal(size=(5, len(wider)))
    np.testing.assert_array_equal(moved.position_pnl(changes), found.position_pnl(changes[:, 1:]))
    with pytest.raises(UnknownInstrument):
        found.over(found.factors[1:], found.prices[1:])


def test_an_empty_book_has_nothing() -> None:
    found = exposures([], market())
    assert found.factors == ()
    assert found.deltas().shape == (0,)
    assert found.position_pnl(np.zeros((3, 0))).shape == (3, 0)
    assert len(mixed()) == len(book().labels)
