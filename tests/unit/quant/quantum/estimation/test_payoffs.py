"""Check payoffs at the strikes, and closed forms against quadrature and parity."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import lognorm, norm

from core.errors import InvalidInput
from quant.quantum.estimation.payoffs import bull_spread, call, lognormal_call, normal_call, put

LEVELS = np.array([-2.0, 1.0, 2.0, 3.0, 5.0])


def test_payoffs_and_slopes() -> None:
    assert call(LEVELS, 2.0).values.tolist() == [0, 0, 0, 1, 3]
    assert call(LEVELS, 2.0).slopes.tolist() == [0, 0, 1, 1, 1]
    assert put(LEVELS, 2.0).values.tolist() == [4, 1, 0, 0, 0]
    assert put(LEVELS, 2.0).slopes.tolist() == [-1, -1, -1, 0, 0]
    assert bull_spread(LEVELS, 1.0, 3.0).values.tolist() == [0, 0, 1, 2, 2]
    assert bull_spread(LEVELS, 1.0, 3.0).slopes.tolist() == [0, 1, 1, 1, 0]


def test_spread_is_a_call_less_a_higher_call() -> None:
    levels = np.linspace(-3, 6, 50)
    difference = call(levels, 0.5).values - call(levels, 2.25).values
    np.testing.assert_allclose(bull_spread(levels, 0.5, 2.25).values, difference, atol=1e-14)
    with pytest.raises(InvalidInput):
        bull_spread(levels, 2.0, 2.0)


def test_black_value_of_the_published_call() -> None:
    # European call of the qiskit-finance tutorials: true undiscounted Black–Scholes 0.1706274881
    years = 40 / 365
    found = lognormal_call(
        forward=2 * np.exp(0.05 * years), strike=1.896, volatility=0.4, years=years
    )
    assert f"{found:.10f}" == "0.1706274881"


def test_closed_forms_equal_quadrature() -> None:
    spread = 0.4 * np.sqrt(0.5)
    law = lognorm(spread, scale=70 * np.exp(-(spread**2) / 2))
    expected = quad(lambda s: (s - 75) * law.pdf(s), 75, 400)[0]
    found = lognormal_call(forward=70, strike=75, volatility=0.4, years=0.5)
    assert found == pytest.approx(expected, rel=1e-8)
    # crude below zero, as on 2020-04-20
    expected = quad(lambda s: (s + 40) * norm(-37.63, 8).pdf(s), -40, 60)[0]
    assert normal_call(forward=-37.63, strike=-40, deviation=8) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("field", ["forward", "strike", "volatility", "years"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_no_lognormal_price_is_named(field: str, value: float) -> None:
    numbers = {"forward": 70.0, "strike": 75.0, "volatility": 0.4, "years": 0.5, field: value}
    with pytest.raises(InvalidInput, match=field):
        lognormal_call(**numbers)


def test_no_deviation_is_named() -> None:
    with pytest.raises(InvalidInput, match="deviation"):
        normal_call(forward=70.0, strike=75.0, deviation=0.0)
