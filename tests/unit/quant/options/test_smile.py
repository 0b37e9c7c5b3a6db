"""Check smiles: quotes are met, wings and fallbacks told, arbitrage found."""

from math import log, sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from core.errors import InvalidInput, ModelNotApplicable
from quant.options import bachelier, black76
from quant.options.smile import (
    Interpolation,
    Smile,
    SmileModel,
    Wing,
    check_butterflies,
    fit_smile,
    fit_smile_to_prices,
)
from quant.options.terms import FuturesMarket, Option, OptionKind

Reals = NDArray[np.float64]

STRIKES = np.array([50.0, 60.0, 70.0, 80.0, 95.0])
VOLATILITIES = np.array([0.46, 0.40, 0.36, 0.35, 0.37])


def crude(strikes: Reals = STRIKES, volatilities: Reals = VOLATILITIES) -> Smile:
    return fit_smile(forward=72.0, expiry_years=0.25, strikes=strikes, volatilities=volatilities)


def svi(k: Reals) -> Reals:
    """Return total variance by Gatheral's SVI with parameters free of arbitrage."""
    return 0.02 + 0.06 * (-0.3 * (k - 0.05) + np.sqrt((k - 0.05) ** 2 + 0.15**2))


def test_every_quote_is_met_and_the_fallbacks_are_none() -> None:
    smile = crude()
    np.testing.assert_allclose(smile.volatilities_at(STRIKES), VOLATILITIES, rtol=1e-14)
    assert smile.volatility(70.0) == pytest.approx(0.36)
    assert smile.interpolation is Interpolation.NATURAL_CUBIC
    assert (smile.left_wing, smile.right_wing) == (Wing.LINEAR, Wing.LINEAR)
    assert smile.is_extrapolated(np.array([49.9, 50.0, 72.0, 95.0, 96.0])).tolist() == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_between_the_quotes_it_follows_a_smile_of_the_market() -> None:
    k = np.linspace(-0.6, 0.5, 12)
    strikes = 72.0 * np.exp(k)
    smile = fit_smile(
        forward=72.0, expiry_years=0.5, strikes=strikes, volatilities=np.sqrt(svi(k) / 0.5)
    )
    fine = np.linspace(-0.6, 0.5, 500)
    found = smile.volatilities_at(72.0 * np.exp(fine))
    np.testing.assert_allclose(found, np.sqrt(svi(fine) / 0.5), atol=2e-3)
    assert check_butterflies(smile).is_free


@pytest.mark.parametrize("strike", [50.0, 95.0])
def test_linear_wings_join_without_a_kink(strike: float) -> None:
    # A kink in volatility would be a lump of probability at that strike.
    steps = np.array([-1e-3, -5e-4, 0.0, 5e-4, 1e-3])
    variances = crude().volatilities_at(strike * np.exp(steps)) ** 2
    slopes = np.diff(variances) / np.diff(steps)
    assert slopes.max() - slopes.min() < 1e-3 * abs(slopes).max()


def test_variance_is_linear_on_a_wing() -> None:
    x = np.array([0.1, 0.2, 0.3, 0.4])
    variances = crude().volatilities_at(95.0 * np.exp(x)) ** 2
    np.testing.assert_allclose(np.diff(variances, 2), 0.0, atol=1e-14)
    assert variances[1] > variances[0]


def test_a_wing_that_would_fall_is_flat_and_says_so() -> None:
    smile = crude(volatilities=np.array([0.46, 0.40, 0.36, 0.33, 0.31]))
    assert (smile.left_wing, smile.right_wing) == (Wing.LINEAR, Wing.FLAT)
    assert smile.volatility(1e6) == pytest.approx(0.31)
    assert check_butterflies(smile).is_free


def test_a_wing_steeper_than_lee_allows_is_capped_and_says_so() -> None:
    smile = crude(np.array([70.0, 72.0, 74.0]), np.array([0.3, 0.3, 0.9]))
    assert smile.right_wing is Wing.CAPPED
    far = smile.volatilities_at(72.0 * np.exp(np.array([1.0, 2.0]))) ** 2 * 0.25
    assert far[1] - far[0] == pytest.approx(2.0)
    assert not check_butterflies(smile).is_free


def test_one_quote_is_a_flat_smile_and_says_so() -> None:
    smile = crude(np.array([70.0]), np.array([0.36]))
    assert smile.interpolation is Interpolation.FLAT
    assert (smile.left_wing, smile.right_wing) == (Wing.FLAT, Wing.FLAT)
    np.testing.assert_allclose(smile.volatilities_at(np.array([1.0, 70.0, 72.0, 900.0])), 0.36)
    assert check_butterflies(smile).is_free


def test_two_quotes_are_a_line_of_variance() -> None:
    smile = crude(np.array([60.0, 80.0]), np.array([0.40, 0.35]))
    middle = smile.volatility(sqrt(60.0 * 80.0)) ** 2
    assert middle == pytest.approx((0.40**2 + 0.35**2) / 2)


def test_a_spline_that_falls_to_nothing_gives_way_to_a_monotone_one() -> None:
    smile = crude(np.array([60.0, 61.0, 75.0, 76.0]), np.array([0.9, 0.3, 0.3, 0.9]))
    assert smile.interpolation is Interpolation.MONOTONE_CUBIC
    found = smile.volatilities_at(np.linspace(60.0, 76.0, 200))
    assert found.min() >= 0.3 - 1e-12
    assert not check_butterflies(smile).is_free


def test_a_bump_is_found_to_be_arbitrage_and_where() -> None:
    strikes = np.arange(60.0, 86.0, 2.0)
    quotes = np.full(strikes.size, 0.35)
    assert check_butterflies(crude(strikes, quotes)).is_free
    quotes[6] += 0.03
    check = check_butterflies(crude(strikes, quotes))
    assert not check.is_free
    assert check.least_probability < 0.0
    assert check.at_strike == pytest.approx(72.0, abs=1.0)
    assert check.lowest_strike < 60.0 < 84.0 < check.highest_strike
    # The butterfly around that strike costs less than nothing.
    smile, near = crude(strikes, quotes), check.at_strike * np.exp([-0.01, 0.0, 0.01])
    calls = [
        black76.price(
            Option(kind=OptionKind.CALL, strike=float(strike), expiry_years=0.25),
            FuturesMarket(price=72.0, volatility=smile.volatility(float(strike)), rate=0.0),
        )
        for strike in near
    ]
    slopes = np.diff(calls) / np.diff(near)
    assert slopes[1] < slopes[0]


def test_a_flat_smile_gives_the_lognormal_distribution() -> None:
    # Undiscounted, the slope of the call price in the strike is -N(d2).
    smile = crude(np.array([70.0]), np.array([0.36]))
    deviation = 0.36 * sqrt(0.25)

    def call(strike: float) -> float:
        wanted = Option(kind=OptionKind.CALL, strike=strike, expiry_years=0.25)
        market = FuturesMarket(price=72.0, volatility=smile.volatility(strike), rate=0.0)
        return black76.price(wanted, market)

    slope = (call(75.01) - call(74.99)) / 0.02
    d2 = (log(72.0 / 75.0) - deviation**2 / 2) / deviation
    assert slope == pytest.approx(-norm.cdf(d2), abs=1e-6)


@settings(max_examples=50)
@given(
    st.lists(st.floats(-0.8, 0.8), min_size=1, max_size=12, unique_by=lambda k: round(k, 2)),
    st.randoms(use_true_random=False),
    st.floats(0.01, 3.0),
)
def test_no_quotes_give_anything_but_volatilities(
    moneyness: list[float], draws: Random, years: float
) -> None:
    strikes = 72.0 * np.exp(np.sort(np.array(moneyness)))
    quotes = np.array([draws.uniform(0.05, 2.0) for _ in strikes])
    smile = fit_smile(forward=72.0, expiry_years=years, strikes=strikes, volatilities=quotes)
    found = smile.volatilities_at(72.0 * np.exp(np.linspace(-6.0, 6.0, 301)))
    assert np.isfinite(found).all()
    assert (found > 0.0).all()
    np.testing.assert_allclose(smile.volatilities_at(strikes), quotes, rtol=1e-9)
    assert np.isfinite(check_butterflies(smile).least_probability)


def test_a_normal_smile_takes_negative_prices() -> None:
    strikes = np.array([-40.0, -20.0, 0.0, 20.0])
    quotes = np.array([95.0, 90.0, 92.0, 99.0])
    smile = fit_smile(
        forward=-37.63,
        expiry_years=0.05,
        strikes=strikes,
        volatilities=quotes,
        model=SmileModel.NORMAL,
    )
    np.testing.assert_allclose(smile.volatilities_at(strikes), quotes)
    assert check_butterflies(smile).is_free
    with pytest.raises(ModelNotApplicable, match="NORMAL"):
        fit_smile(forward=-37.63, expiry_years=0.05, strikes=strikes + 60.0, volatilities=quotes)


@pytest.mark.parametrize("model", SmileModel)
def test_prices_give_the_smile_they_were_made_from(model: SmileModel) -> None:
    quotes = VOLATILITIES if model is SmileModel.LOGNORMAL else 72.0 * VOLATILITIES
    kinds = [OptionKind.PUT] * 3 + [OptionKind.CALL] * 2
    price = black76.price if model is SmileModel.LOGNORMAL else bachelier.price
    prices = np.array(
        [
            price(
                Option(kind=kind, strike=float(strike), expiry_years=0.25),
                FuturesMarket(price=72.0, volatility=float(quote), rate=0.04),
            )
            for kind, strike, quote in zip(kinds, STRIKES, quotes, strict=True)
        ]
    )
    smile = fit_smile_to_prices(
        forward=72.0,
        rate=0.04,
        expiry_years=0.25,
        kinds=kinds,
        strikes=STRIKES,
        prices=prices,
        model=model,
    )
    np.testing.assert_allclose(smile.volatilities, quotes, rtol=1e-9)
    prices[3] = 100.0 if model is SmileModel.LOGNORMAL else -1.0
    with pytest.raises(InvalidInput, match="call 80: price"):
        fit_smile_to_prices(
            forward=72.0,
            rate=0.04,
            expiry_years=0.25,
            kinds=kinds,
            strikes=STRIKES,
            prices=prices,
            model=model,
        )


@pytest.mark.parametrize(
    ("strikes", "volatilities"),
    [
        ([], []),
        ([60.0, 70.0], [0.3]),
        ([70.0, 60.0], [0.3, 0.3]),
        ([70.0, 70.0], [0.3, 0.3]),
        ([60.0, 70.0], [0.3, 0.0]),
        ([60.0, 70.0], [0.3, -0.2]),
        ([60.0, 70.0], [0.3, np.nan]),
        ([60.0, np.inf], [0.3, 0.3]),
        ([60.0, np.nan], [0.3, 0.3]),
    ],
)
def test_quotes_that_cannot_be_are_refused(strikes: list[float], volatilities: list[float]) -> None:
    with pytest.raises(InvalidInput):
        crude(np.array(strikes), np.array(volatilities))


def test_strikes_without_a_logarithm_are_refused() -> None:
    for strikes in (np.array([0.0, 60.0]), np.array([-5.0])):
        with pytest.raises(ModelNotApplicable):
            crude().volatilities_at(strikes)
    with pytest.raises(InvalidInput):
        crude().volatilities_at(np.array([np.nan]))
    with pytest.raises(InvalidInput, match="kinds and prices"):
        fit_smile_to_prices(
            forward=72.0,
            rate=0.0,
            expiry_years=0.25,
            kinds=[],
            strikes=STRIKES,
            prices=VOLATILITIES,
        )


@pytest.mark.parametrize("model", SmileModel)
@pytest.mark.parametrize("years", [1e-9, 1.0, 1e3])
@pytest.mark.parametrize("volatility", [1e-200, 1e-9, 0.2, 80.0, 1e30])
def test_a_flat_smile_of_any_volatility_is_checked_with_numbers(
    model: SmileModel, years: float, volatility: float
) -> None:
    for strikes in (np.array([70.0]), np.array([69.0, 71.0])):
        smile = fit_smile(
            forward=70.0,
            expiry_years=years,
            strikes=strikes,
            volatilities=np.full(strikes.size, volatility),
            model=model,
        )
        found = check_butterflies(smile)
        assert np.isfinite(found.least_probability)
        assert found.is_free


@pytest.mark.parametrize(("strike", "volatility"), [(70.0, 1e200), (1e300, 0.2)])
def test_numbers_whose_squares_are_no_floats_are_refused(strike: float, volatility: float) -> None:
    with pytest.raises(InvalidInput):
        fit_smile(
            forward=70.0,
            expiry_years=1.0,
            strikes=np.array([69.0, strike]),
            volatilities=np.array([0.2, volatility]),
            model=SmileModel.NORMAL,
        )
