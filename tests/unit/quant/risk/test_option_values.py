"""Hold the vectorised options against QuantLib, and their derivatives against differences."""

from math import sqrt

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import assume, given
from hypothesis import strategies as st

from quant.risk.option_values import OptionTerms


def one(sign: float, strike: float, deviation: float, *, lognormal: bool = True) -> OptionTerms:
    return OptionTerms(
        signs=np.array([sign]),
        strikes=np.array([strike]),
        deviations=np.array([deviation]),
        lognormal=np.array([lognormal]),
    )


def payoff(sign: float, strike: float) -> ql.PlainVanillaPayoff:
    return ql.PlainVanillaPayoff(ql.Option.Call if sign > 0 else ql.Option.Put, strike)


signs = st.sampled_from([-1.0, 1.0])


@given(signs, st.floats(0.5, 500), st.floats(0.5, 500), st.floats(1e-3, 3.0))
def test_black_agrees_with_quantlib(
    sign: float, forward: float, strike: float, deviation: float
) -> None:
    terms = one(sign, strike, deviation)
    theirs = ql.BlackCalculator(payoff(sign, strike), forward, deviation, 1.0)
    at = np.array([forward])
    assert terms.values(at)[0] == pytest.approx(theirs.value(), rel=1e-9, abs=1e-10 * forward)
    assert terms.deltas(at)[0] == pytest.approx(theirs.deltaForward(), rel=1e-9, abs=1e-11)
    assert terms.gammas(at)[0] == pytest.approx(theirs.gammaForward(), rel=1e-8, abs=1e-11)
    assert terms.vegas(at)[0] == pytest.approx(theirs.vega(1.0), rel=1e-8, abs=1e-9)


@given(signs, st.floats(-50, 150), st.floats(-50, 150), st.floats(1e-2, 80.0))
def test_bachelier_agrees_with_quantlib(
    sign: float, forward: float, strike: float, deviation: float
) -> None:
    terms = one(sign, strike, deviation, lognormal=False)
    kind = ql.Option.Call if sign > 0 else ql.Option.Put
    value = ql.bachelierBlackFormula(kind, strike, forward, deviation)
    at = np.array([forward])
    assert terms.values(at)[0] == pytest.approx(value, rel=1e-9, abs=1e-10)
    # the calculator of 1.44 takes puts more than 8.3 deviations out of the money for calls
    assume(abs(forward - strike) < 8.0 * deviation)
    theirs = ql.BachelierCalculator(payoff(sign, strike), forward, deviation, 1.0)
    assert terms.deltas(at)[0] == pytest.approx(theirs.deltaForward(), rel=1e-9, abs=1e-11)
    assert terms.gammas(at)[0] == pytest.approx(theirs.gammaForward(), rel=1e-8, abs=1e-11)
    assert terms.vegas(at)[0] == pytest.approx(theirs.vega(1.0), rel=1e-8, abs=1e-9)


def test_hulls_put_on_crude_futures() -> None:
    # Options, Futures, and Other Derivatives, example of Black's model: F = K = 20, four months,
    # 9 %, volatility 25 %: 1.12
    terms = one(-1.0, 20.0, 0.25 * sqrt(4 / 12))
    value = terms.values(np.array([20.0]))[0] * np.exp(-0.09 * 4 / 12)
    assert value == pytest.approx(1.11664, abs=5e-6)


def test_both_models_side_by_side() -> None:
    terms = OptionTerms(
        signs=np.array([1.0, -1.0]),
        strikes=np.array([20.0, 20.0]),
        deviations=np.array([0.3, 6.0]),
        lognormal=np.array([True, False]),
    )
    at = np.array([[18.0, 18.0], [-5.0, -5.0]])
    for row, values in zip(at, terms.values(at), strict=True):
        assert values[0] == one(1.0, 20.0, 0.3).values(row[:1])[0]
        assert values[1] == one(-1.0, 20.0, 6.0, lognormal=False).values(row[1:])[0]


@pytest.mark.parametrize(("sign", "forward", "value"), [(1, -5, 0), (-1, -5, 25), (-1, 0, 20)])
def test_black_at_prices_that_have_no_logarithm_is_intrinsic(
    sign: int, forward: float, value: float
) -> None:
    terms = one(float(sign), 20.0, 0.4)
    at = np.array([float(forward)])
    assert terms.values(at)[0] == value
    # as the limit from above
    assert terms.values(np.array([1e-9]))[0] == pytest.approx(20.0 if sign < 0 else 0.0, abs=1e-8)
    assert terms.deltas(at)[0] == (-1.0 if sign < 0 else 0.0)
    assert np.isfinite([terms.gammas(at)[0], terms.vegas(at)[0]]).all()


@pytest.mark.parametrize("lognormal", [True, False])
@given(signs, st.floats(1.0, 500), st.floats(0.0, 9e-7))
def test_a_payoff_has_no_curvature(
    lognormal: bool, sign: float, strike: float, deviation: float
) -> None:
    terms = one(sign, strike, max(deviation, 1e-10), lognormal=lognormal)
    assert terms.gammas(np.array([strike]))[0] == 0.0
