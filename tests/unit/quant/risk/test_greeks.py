"""Check Greeks by contract against QuantLib's, against revaluing, and that they add up."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.books import Position, Style
from core.market import Instrument
from quant.options import bachelier, black76
from quant.options.contract_greeks import FutureHolding, OptionHolding, greeks_by_contract
from quant.options.terms import FuturesMarket, Option, OptionKind
from quant.risk.exposures import exposures
from quant.risk.greeks import BookGreeks, book_greeks
from quant.risk.market import Market, OptionKey, OptionModel, OptionQuote
from tests.risk_books import AS_OF, future, market, mixed, option, spread

CL_H = Instrument.parse("CL-202403")


def column(found: BookGreeks, contract: str) -> dict[str, float]:
    row = [str(one) for one in found.contracts].index(contract)
    names = ("deltas", "gammas", "vegas", "normal_vegas", "thetas", "rhos", "option_values")
    return {name: float(getattr(found, name)[row]) for name in names}


@pytest.mark.parametrize("model", list(OptionModel))
def test_greeks_are_those_of_quantlib(model: OptionModel) -> None:
    held = option("CL-202403", "put", 70, 30)
    now = market()
    years = (held.expires - AS_OF).days / 365.0
    terms = Option(kind=OptionKind.PUT, strike=70.0, expiry_years=years)
    volatility, value = (
        (0.4, black76.value)
        if model is OptionModel.BLACK76
        else (
            28.0,
            bachelier.value,
        )
    )
    key = OptionKey(underlying=CL_H, expiry=held.expires, strike=70.0)
    now = replace(now, volatilities={key: OptionQuote(volatility=volatility, model=model)})
    price = now.price(CL_H)
    one = value(terms, FuturesMarket(price=price, volatility=volatility, rate=now.rate))
    expected = greeks_by_contract(
        [
            OptionHolding(contract=CL_H, lots=30.0, valuation=one),
            FutureHolding(contract=CL_H, lots=10.0),
        ]
    )
    found = column(book_greeks([held, future("CL-202403", 10)], now), "CL-202403")
    vega = "vegas" if model is OptionModel.BLACK76 else "normal_vegas"
    other = "normal_vegas" if model is OptionModel.BLACK76 else "vegas"
    assert found["deltas"] == pytest.approx(expected.dollar_delta[0], rel=1e-9)
    assert found["gammas"] == pytest.approx(expected.dollar_gamma[0, 0], rel=1e-9)
    assert found[vega] == pytest.approx(expected.dollar_vega[0], rel=1e-6)
    assert found[other] == 0.0
    assert found["thetas"] == pytest.approx(expected.dollar_theta[0], rel=1e-9)
    assert found["option_values"] == pytest.approx(30_000 * one.price, rel=1e-9)
    assert found["rhos"] == pytest.approx(30_000 * one.rho, rel=1e-9)


def test_spreads_and_futures_stand_under_their_months() -> None:
    found = book_greeks([spread(5, CL_202403=-3, RB_202403=2, HO_202403=1)], market())
    assert [str(one) for one in found.contracts] == ["CL-202403", "HO-202403", "RB-202403"]
    assert found.deltas.tolist() == [-15_000.0, 210_000.0, 420_000.0]
    assert not found.gammas.any()
    assert not found.thetas.any()


def test_prices_moved_change_the_book_as_its_greeks_say() -> None:
    now, positions = market(), mixed()
    found, book = book_greeks(positions, now), exposures(positions, now)
    moved = 0.002 * book.prices * np.where(np.arange(len(book.prices)) % 2, 1.0, -1.0)
    gained = book.position_pnl(moved[None, :]).sum()
    told = found.deltas @ moved + 0.5 * found.gammas @ moved**2
    assert gained == pytest.approx(told, rel=1e-3)


@pytest.mark.parametrize("style", list(Style))
def test_theta_and_vega_are_what_revaluing_gives(style: Style) -> None:
    # a month ahead, so that the averaging of an average has not begun
    held = option("CL-202406", "call", 75, 10, style=style, volatility=0.4)
    now = replace(market(), as_of=date(2023, 12, 27))
    later = replace(now, as_of=now.as_of + timedelta(days=2))

    def worth(market: Market, volatility: float = 0.4) -> float:
        changed = held.model_copy(update={"volatility": volatility})
        book = exposures([changed], market)
        return float((book.options.values(book.prices) * book.option_dollars).sum())

    between = replace(now, as_of=now.as_of + timedelta(days=1))
    told = column(book_greeks([held], between), "CL-202406")
    decay = (worth(later) - worth(now)) / (2.0 / 365.0)
    slope = (worth(between, 0.41) - worth(between, 0.39)) / 0.02
    assert told["thetas"] == pytest.approx(decay, rel=1e-3)
    assert told["vegas"] == pytest.approx(slope, rel=1e-3)


def test_on_its_last_day_an_option_is_told_of() -> None:
    held = option("CL-202403", "call", 60, 1, expiry=AS_OF)
    found = book_greeks([held], market())
    row = column(found, "CL-202403")
    assert row["deltas"] == pytest.approx(1_000.0)
    assert (row["gammas"], row["vegas"], row["thetas"]) == (0.0, 0.0, 0.0)
    (told,) = found.approximations
    assert "last day" in told.reason


@settings(max_examples=30)
@given(order=st.permutations(range(9)), cut=st.integers(1, 8))
def test_greeks_add_up_however_a_book_is_cut(order: list[int], cut: int) -> None:
    now = market()
    positions: list[Position] = [mixed()[n] for n in order]
    whole = book_greeks(positions, now)
    totals = {str(one): column(whole, str(one)) for one in whole.contracts}
    for part in (positions[:cut], positions[cut:]):
        found = book_greeks(part, now)
        for one in found.contracts:
            for name, amount in column(found, str(one)).items():
                totals[str(one)][name] -= amount
    for rest in totals.values():
        for name, amount in rest.items():
            assert amount == pytest.approx(0.0, abs=1e-3), name


def test_an_empty_book_has_no_greeks() -> None:
    found = book_greeks([], market())
    assert (found.contracts, found.deltas.shape, found.approximations) == ((), (0,), ())
