"""Hold parametric risk against textbooks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, t

from core.errors import InvalidInput
from core.market import Instrument
from quant.risk.exposures import Exposures
from quant.risk.option_values import OptionTerms
from quant.risk.parametric import parametric_risk
from tests.risk_books import AS_OF, book, factor_days

NONE = np.zeros(0)
NOWHERE = np.zeros(0, dtype=np.int64)


def amounts(*dollars: float) -> Exposures:
    """Hold one position on each of as many factors, a dollar a point."""
    count = len(dollars)
    return Exposures(
        as_of=AS_OF,
        labels=tuple(f"amount {n}" for n in range(count)),
        factors=tuple(Instrument.parse(f"CL-2025{n + 1:02d}") for n in range(count)),
        prices=np.ones(count),
        leg_positions=np.arange(count),
        leg_factors=np.arange(count),
        leg_dollars=np.array(dollars),
        option_positions=NOWHERE,
        option_factors=NOWHERE,
        option_dollars=NONE,
        option_volatilities=NONE,
        options=OptionTerms(
            signs=NONE, strikes=NONE, deviations=NONE, lognormal=np.zeros(0, dtype=bool)
        ),
    )


def covariance(deviations: list[float], correlation: float) -> np.ndarray:
    correlations = np.full((len(deviations), len(deviations)), correlation)
    np.fill_diagonal(correlations, 1.0)
    return correlations * np.outer(deviations, deviations)


def test_the_two_shares_of_hull() -> None:
    # Options, Futures, and Other Derivatives, model-building approach: $10 million at 2 % a day,
    # $5 million at 1 %, correlation 0.3: 220,200 a day; over ten days at 99 % with z = 2.326
    # 1,620,100, and 1,471,300 and 367,800 alone
    shares = covariance([0.02, 0.01], 0.3)
    found = parametric_risk(amounts(10e6, 5e6), shares, 0.99, horizon_days=10)
    deviation = found.value_at_risk / norm.ppf(0.99) / np.sqrt(10.0)
    assert deviation == pytest.approx(220_200, abs=50)
    assert found.value_at_risk == pytest.approx(1_620_100, abs=300)
    first = parametric_risk(amounts(10e6), shares[:1, :1], 0.99, horizon_days=10)
    second = parametric_risk(amounts(5e6), shares[1:, 1:], 0.99, horizon_days=10)
    assert first.value_at_risk == pytest.approx(1_471_300, abs=50)
    assert second.value_at_risk == pytest.approx(367_800, abs=50)


def test_the_two_currencies_of_jorion() -> None:
    # Value at Risk, 3rd edition, chapter 7: $2 million at 5 %, $1 million at 12 %, uncorrelated,
    # z = 1.65: 257,738; marginal .0528 and .1521, components 105,630 and 152,108
    found = parametric_risk(amounts(2e6, 1e6), covariance([0.05, 0.12], 0.0), 0.95)
    scale = 1.65 / norm.ppf(0.95)
    assert found.value_at_risk * scale == pytest.approx(257_738, abs=1)
    np.testing.assert_allclose(
        found.by_position.value_at_risk * scale, [105_630, 152_108], atol=1.5
    )
    np.testing.assert_allclose(found.marginal.value_at_risk * scale, [0.0528, 0.1521], atol=5e-5)


@pytest.mark.parametrize("freedom", [None, 4.0])
def test_parts_add_up(freedom: float | None) -> None:
    exposed = book()
    _, matrix = factor_days(exposed)
    found = parametric_risk(exposed, matrix, 0.99, degrees_of_freedom=freedom)
    for parts in (found.by_position, found.by_factor):
        assert parts.value_at_risk.sum() == pytest.approx(found.value_at_risk, rel=1e-12)
        assert parts.expected_shortfall.sum() == pytest.approx(found.expected_shortfall, rel=1e-12)
    deltas = exposed.deltas()
    deviation = np.sqrt(
        sum(
            deltas[i] * deltas[j] * matrix[i, j]
            for i in range(len(deltas))
            for j in range(len(deltas))
        )
    )
    scale = 1.0 if freedom is None else np.sqrt((freedom - 2.0) / freedom)
    quantile = norm.ppf(0.99) if freedom is None else t.ppf(0.99, freedom)
    assert found.value_at_risk == pytest.approx(deviation * scale * quantile, rel=1e-12)


def test_marginal_risk_is_a_derivative() -> None:
    exposed = book()
    _, matrix = factor_days(exposed)
    found = parametric_risk(exposed, matrix, 0.99)
    for factor in range(len(exposed.factors)):
        grown = replace(
            exposed,
            leg_positions=np.append(exposed.leg_positions, 0),
            leg_factors=np.append(exposed.leg_factors, factor),
            leg_dollars=np.append(exposed.leg_dollars, 0.01),
        )
        rise = parametric_risk(grown, matrix, 0.99).value_at_risk - found.value_at_risk
        assert rise / 0.01 == pytest.approx(found.marginal.value_at_risk[factor], rel=1e-3)


def test_no_risk_has_no_parts() -> None:
    found = parametric_risk(amounts(1.0, -1.0), covariance([0.1, 0.1], 1.0), 0.99)
    assert found.value_at_risk == pytest.approx(0.0, abs=1e-7)
    assert np.isfinite(found.by_position.value_at_risk).all()
    still = parametric_risk(amounts(1.0), np.zeros((1, 1)), 0.99)
    assert still.value_at_risk == 0.0
    assert still.marginal.value_at_risk.tolist() == [0.0]


def test_correlations_outside_their_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="outside -1 to 1"):
        parametric_risk(amounts(1.0, 1.0), covariance([0.1, 0.1], 1.5), 0.99)
    with pytest.raises(InvalidInput, match="expected 2 factors"):
        parametric_risk(amounts(1.0, 1.0), np.eye(3), 0.99)
    with pytest.raises(InvalidInput):
        parametric_risk(amounts(1.0), np.eye(1), 0.99, horizon_days=0)
