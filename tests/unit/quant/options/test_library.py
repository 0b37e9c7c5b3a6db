"""Check that pricing neither reads nor leaves anything behind in QuantLib."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import QuantLib as ql

from core.errors import ModelNotApplicable
from quant.options import american, average_price, bachelier, black76, spread
from quant.options.library import EXPIRY, REFERENCE, npv, process, span_years, vanilla_payoff
from quant.options.spread import SpreadMarket, SpreadModel
from quant.options.terms import FuturesMarket, Option, OptionKind


def all_prices(price: float) -> list[float]:
    wanted = Option(kind=OptionKind.PUT, strike=70.0, expiry_years=0.2465753)
    market = FuturesMarket(price=price, volatility=0.35, rate=0.04)
    normal = FuturesMarket(price=price, volatility=25.0, rate=0.04)
    legs = SpreadMarket(
        forward1=price, forward2=8.0, volatility1=0.3, volatility2=0.4, correlation=0.5, rate=0.04
    )
    return [
        black76.price(wanted, market),
        bachelier.price(wanted, normal),
        *(spread.price(wanted, legs, model) for model in SpreadModel),
        average_price.levy(wanted, market).price,
        american.price(wanted, market),
        american.price(wanted, market, exercise_dates=7),
    ]


@pytest.fixture
def settings_kept() -> Iterator[None]:
    before = ql.Settings.instance().evaluationDate
    yield
    ql.Settings.instance().evaluationDate = before


@pytest.mark.usefixtures("settings_kept")
def test_the_evaluation_date_changes_nothing() -> None:
    expected = all_prices(72.0)
    for day in (ql.Date(20, 4, 2020), ql.Date(24, 11, 2026), ql.Date(1, 1, 2100)):
        ql.Settings.instance().evaluationDate = day
        assert all_prices(72.0) == expected
        assert ql.Settings.instance().evaluationDate == day


def test_threads_do_not_mix_their_prices() -> None:
    wanted = [60.0 + number for number in range(24)]
    expected = [all_prices(price) for price in wanted]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(all_prices, wanted)) == expected


def test_time_is_used_as_given() -> None:
    # A tenth of a day must matter: dates would round it away.
    market = FuturesMarket(price=72.0, volatility=0.35, rate=0.04)
    engines: list[Callable[[float], float]] = [
        lambda years: american.price(
            Option(kind=OptionKind.PUT, strike=72.0, expiry_years=years), market
        ),
        lambda years: (
            average_price.levy(
                Option(kind=OptionKind.PUT, strike=72.0, expiry_years=years), market
            ).price
        ),
    ]
    for price in engines:
        grown = [price(5.0 / 365.0 + 0.1 * number / 365.0) for number in range(4)]
        assert grown[0] < grown[1] < grown[2] < grown[3]


def test_the_two_dates_are_a_year_apart() -> None:
    assert span_years(EXPIRY) == 1.0
    assert ql.Date(31, 12, 2099) < REFERENCE


def test_what_an_engine_refuses_is_a_named_error() -> None:
    model = process(ql.SimpleQuote(-1.0), ql.SimpleQuote(0.2), log_growth=0.0, log_discount=0.0)
    instrument = ql.VanillaOption(
        vanilla_payoff(OptionKind.PUT, 1.0), ql.AmericanExercise(REFERENCE, EXPIRY)
    )
    instrument.setPricingEngine(ql.QdFpAmericanEngine(model))
    with pytest.raises(ModelNotApplicable, match="QuantLib refuses"):
        npv("american", instrument)
