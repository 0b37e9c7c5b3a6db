"""Check a book's Greeks against revaluing it."""

from math import inf, nan

import numpy as np
import pytest

from core.errors import InvalidInput, UnknownProduct
from core.market import ContractMonth, Instrument
from quant.options import black76, spread
from quant.options.contract_greeks import (
    FutureHolding,
    Holding,
    OptionHolding,
    SpreadHolding,
    greeks_by_contract,
)
from quant.options.spread import SpreadMarket
from quant.options.terms import FuturesMarket, Option, OptionKind

CL_Z, CL_H = Instrument("CL", ContractMonth(2026, 12)), Instrument("CL", ContractMonth(2027, 3))
RB_Z = Instrument("RB", ContractMonth(2026, 12))
NBP_F = Instrument("NBP", ContractMonth(2027, 1))
PRICES = {CL_Z: 72.0, CL_H: 70.5, RB_Z: 2.10}
CALL = Option(kind=OptionKind.CALL, strike=75.0, expiry_years=0.25)
PUT = Option(kind=OptionKind.PUT, strike=68.0, expiry_years=0.5)
CALENDAR = Option(kind=OptionKind.CALL, strike=1.0, expiry_years=0.2)
CRACK = Option(kind=OptionKind.PUT, strike=15.0, expiry_years=0.2)


def on_calendar(prices: dict[Instrument, float]) -> SpreadMarket:
    return SpreadMarket(
        forward1=prices[CL_Z],
        forward2=prices[CL_H],
        volatility1=0.35,
        volatility2=0.32,
        correlation=0.95,
        rate=0.04,
    )


def on_crack(prices: dict[Instrument, float]) -> SpreadMarket:
    return SpreadMarket(
        forward1=42.0 * prices[RB_Z],
        forward2=prices[CL_Z],
        volatility1=0.38,
        volatility2=0.35,
        correlation=0.85,
        rate=0.04,
    )


def book(prices: dict[Instrument, float]) -> list[Holding]:
    near = FuturesMarket(price=prices[CL_Z], volatility=0.35, rate=0.04)
    far = FuturesMarket(price=prices[CL_H], volatility=0.32, rate=0.04)
    return [
        FutureHolding(contract=CL_Z, lots=-12.0),
        FutureHolding(contract=RB_Z, lots=3.0),
        OptionHolding(contract=CL_Z, lots=20.0, valuation=black76.value(CALL, near)),
        OptionHolding(contract=CL_H, lots=-15.0, valuation=black76.value(PUT, far)),
        SpreadHolding(
            contract1=CL_Z,
            contract2=CL_H,
            lots=40.0,
            lot_size=1000.0,
            valuation=spread.value(CALENDAR, on_calendar(prices)),
        ),
        SpreadHolding(
            contract1=RB_Z,
            contract2=CL_Z,
            lots=-10.0,
            lot_size=1000.0,
            factor1=42.0,
            valuation=spread.value(CRACK, on_crack(prices)),
        ),
    ]


def worth(prices: dict[Instrument, float]) -> float:
    """Return the book's value in dollars from the prices of its options alone."""
    near = FuturesMarket(price=prices[CL_Z], volatility=0.35, rate=0.04)
    far = FuturesMarket(price=prices[CL_H], volatility=0.32, rate=0.04)
    return 1000.0 * (
        -12.0 * prices[CL_Z]
        + 3.0 * 42.0 * prices[RB_Z]
        + 20.0 * black76.price(CALL, near)
        - 15.0 * black76.price(PUT, far)
        + 40.0 * spread.price(CALENDAR, on_calendar(prices))
        - 10.0 * spread.price(CRACK, on_crack(prices))
    )


def test_contracts_stand_in_order() -> None:
    greeks = greeks_by_contract(book(PRICES))
    assert greeks.contracts == (CL_Z, CL_H, RB_Z)
    assert greeks.dollar_gamma.shape == (3, 3)
    np.testing.assert_array_equal(greeks.dollar_gamma, greeks.dollar_gamma.T)


def test_delta_and_gamma_are_those_of_the_book_revalued() -> None:
    greeks = greeks_by_contract(book(PRICES))
    steps = np.array([0.05, 0.05, 0.001])
    count = len(steps)

    def at(moves: np.ndarray) -> float:
        moved = zip(greeks.contracts, moves.tolist(), strict=True)
        return worth({contract: PRICES[contract] + move for contract, move in moved})

    units = np.diag(steps)
    delta = [(at(unit) - at(-unit)) / (2 * step) for unit, step in zip(units, steps, strict=True)]
    np.testing.assert_allclose(greeks.dollar_delta, delta, rtol=1e-4)
    gamma = np.empty((count, count))
    for row in range(count):
        for column in range(count):
            one, two = units[row], units[column]
            both = at(one + two) - at(one - two) - at(two - one) + at(-one - two)
            gamma[row, column] = both / (4 * steps[row] * steps[column])
    np.testing.assert_allclose(greeks.dollar_gamma, gamma, rtol=2e-3, atol=1.0)


def test_a_price_change_is_explained() -> None:
    greeks = greeks_by_contract(book(PRICES))
    moves = np.array([0.6, 0.5, -0.012])
    moved = {
        contract: PRICES[contract] + move
        for contract, move in zip(greeks.contracts, moves.tolist(), strict=True)
    }
    explained = greeks.dollar_delta @ moves + moves @ greeks.dollar_gamma @ moves / 2
    assert explained == pytest.approx(worth(moved) - worth(PRICES), rel=2e-2)


def test_vega_stands_under_its_leg_and_theta_under_the_first_to_deliver() -> None:
    holdings = book(PRICES)
    calendar = holdings[4]
    assert isinstance(calendar, SpreadHolding)
    greeks = greeks_by_contract([calendar])
    one = calendar.valuation
    np.testing.assert_allclose(greeks.dollar_vega, [40e3 * one.vega1, 40e3 * one.vega2])
    np.testing.assert_allclose(greeks.dollar_theta, [40e3 * one.theta, 0.0])
    whole = greeks_by_contract(holdings)
    assert whole.dollar_theta.sum() == pytest.approx(
        sum(greeks_by_contract([each]).dollar_theta.sum() for each in holdings)
    )


def test_pence_become_pounds() -> None:
    greeks = greeks_by_contract([FutureHolding(contract=NBP_F, lots=1.0)])
    # 31 days of 1,000 therms, and a penny is a hundredth of a pound.
    np.testing.assert_allclose(greeks.dollar_delta, [310.0])


def test_an_empty_book_has_no_greeks() -> None:
    greeks = greeks_by_contract([])
    assert greeks.contracts == ()
    assert greeks.dollar_gamma.shape == (0, 0)


def test_what_cannot_be_held_is_refused() -> None:
    with pytest.raises(UnknownProduct):
        greeks_by_contract([FutureHolding(contract=Instrument("XX", CL_Z.contract_month), lots=1)])
    for lots in (nan, inf):
        with pytest.raises(InvalidInput, match="lots"):
            FutureHolding(contract=CL_Z, lots=lots)
    valuation = spread.value(CALENDAR, on_calendar(PRICES))
    with pytest.raises(InvalidInput, match="contract2"):
        SpreadHolding(
            contract1=CL_Z, contract2=CL_Z, lots=1.0, lot_size=1000.0, valuation=valuation
        )
    with pytest.raises(InvalidInput, match="lot_size"):
        SpreadHolding(contract1=CL_Z, contract2=CL_H, lots=1.0, lot_size=0.0, valuation=valuation)
