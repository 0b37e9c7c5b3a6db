"""Hold stress tests against sums by hand and books valued in the moved market."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidInput, UnknownInstrument
from core.market import Instrument
from quant.risk.exposures import exposures
from quant.risk.factor_history import curve_position
from quant.risk.market import OptionQuote, key_of
from quant.risk.stress import (
    CurveShock,
    ShockUnit,
    Stress,
    VolatilityShock,
    parallel,
    steepening,
    stress_test,
)
from tests.risk_books import AS_OF, future, market, mixed, option

POINTS, PERCENT = ShockUnit.POINTS, ShockUnit.PERCENT


def stress(*curves: CurveShock, volatilities: tuple[VolatilityShock, ...] = ()) -> Stress:
    return Stress(name="own", title="Own", curves=curves, volatilities=volatilities)


def test_a_shock_lies_between_its_positions_and_is_flat_beyond() -> None:
    shock = CurveShock(product="CL", unit=POINTS, positions=(2, 4, 10), values=(8.0, 4.0, 1.0))
    found = [shock.change(position, 70.0) for position in (1, 2, 3, 4, 7, 10, 36)]
    assert found == [8.0, 8.0, 6.0, 4.0, 2.5, 1.0, 1.0]
    steeper = steepening("CL", -2.0, 2.0, 5)
    assert [steeper.change(position, 70.0) for position in (1, 3, 5, 9)] == [-2.0, 0.0, 2.0, 2.0]


def test_percent_are_of_the_size_of_the_price() -> None:
    shock = parallel("CL", 10.0, PERCENT)
    assert shock.change(1, 70.0) == pytest.approx(7.0)
    assert shock.change(1, -37.63) == pytest.approx(3.763)


def test_futures_gain_points_times_dollars() -> None:
    held = [future("CL-202403", 10), future("CL-202404", -10), future("NG-202403", 1)]
    found = stress_test(held, market(), stress(steepening("CL", -5.0, 0.0, 3)))
    # CL-202403 is at position 2 and falls by 2.50, CL-202404 at 3 stays
    assert found.by_position.tolist() == [-25_000.0, 0.0, 0.0]
    assert found.pnl == -25_000.0
    assert [str(each) for each in found.untouched] == ["NG-202403"]
    assert found.floored == ()


def test_a_book_is_worth_what_the_moved_market_says() -> None:
    held, before = mixed(), market()
    shocks = stress(
        parallel("CL", -9.0),
        steepening("B", -12.0, -3.0, 6, PERCENT),
        parallel("NG", 0.4),
        volatilities=(
            VolatilityShock(product="CL", unit=POINTS, value=0.25),
            VolatilityShock(product="B", unit=PERCENT, value=50.0),
        ),
    )
    found = stress_test(held, before, shocks)
    moved = {
        instrument: price
        + next(
            (
                shock.change(curve_position(instrument, AS_OF), price)
                for shock in shocks.curves
                if shock.product == instrument.product
            ),
            0.0,
        )
        for instrument, price in before.prices.items()
    }
    quotes = {}
    for position in held:
        if position.kind == "option":
            volatility = before.quote(position).volatility
            product = position.instruments[0].product
            bumped = {"CL": volatility + 0.25, "B": volatility * 1.5}.get(product, volatility)
            quotes[key_of(position)] = OptionQuote(volatility=bumped)
    after = replace(before, prices=moved, volatilities=quotes)
    was, now = exposures(held, before), exposures(held, after)
    moves = now.prices - was.prices
    expected = now.by_position(
        now.leg_dollars * moves[now.leg_factors],
        now.option_dollars * now.options.values(now.prices[now.option_factors])
        - was.option_dollars * was.options.values(was.prices[was.option_factors]),
    )
    np.testing.assert_allclose(found.by_position, expected, rtol=1e-10)
    np.testing.assert_allclose(found.changes, moves)


def test_a_price_below_zero_is_told() -> None:
    held = [option("CL-202403", "put", 70, 1), option("NG-202404", "put", 3, 1)]
    found = stress_test(held, market(), stress(parallel("CL", -110.0)))
    assert [str(each) for each in found.floored] == ["CL-202403"]
    exposed = exposures(held, market())
    worth = 70.0 - (exposed.prices[0] - 110.0)
    now = exposed.options.values(exposed.prices[exposed.option_factors])[0]
    assert found.by_position[0] == pytest.approx(exposed.option_dollars[0] * (worth - now))


def test_bad_shocks_are_refused() -> None:
    bad = [
        {"positions": (), "values": ()},
        {"positions": (1, 2), "values": (1.0,)},
        {"positions": (0,), "values": (1.0,)},
        {"positions": (2, 2), "values": (1.0, 2.0)},
        {"positions": (1,), "values": (float("nan"),)},
    ]
    for fields in bad:
        with pytest.raises(InvalidInput):
            CurveShock(product="CL", unit=POINTS, **fields)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        steepening("CL", 1.0, 2.0, 1)
    with pytest.raises(InvalidInput):
        stress(parallel("CL", 1.0), parallel("CL", 2.0))
    without = VolatilityShock(product="CL", unit=PERCENT, value=-100.0)
    with pytest.raises(InvalidInput, match="without volatility"):
        stress_test(mixed(), market(), stress(volatilities=(without,)))
    with pytest.raises(UnknownInstrument):
        stress_test([future("CL-203001", 1)], market(), stress())


def test_a_product_that_is_not_held_does_no_harm() -> None:
    shocks = stress(
        parallel("TTF", 10.0),
        volatilities=(VolatilityShock(product="TTF", unit=POINTS, value=-5.0),),
    )
    found = stress_test([future("CL-202403", 1)], market(), shocks)
    assert found.pnl == 0.0
    assert found.untouched == (Instrument.parse("CL-202403"),)
