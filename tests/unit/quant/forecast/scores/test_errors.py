import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from core.errors import InvalidInput, ModelNotApplicable
from quant.forecast.scores.errors import covered, mase, pinball


def test_the_loss_is_asymmetric() -> None:
    loss = pinball(np.array([1.0, 1.0]), 0.05, np.array([3.0, -1.0]))
    np.testing.assert_allclose(loss, [0.05 * 2.0, 0.95 * 2.0])


@pytest.mark.parametrize("level", [0.01, 0.05, 0.5, 0.95])
def test_the_expected_loss_is_least_at_the_quantile(level: float) -> None:
    def expected(quantile: float) -> float:
        def weighed(y: float) -> float:
            return float(pinball(np.array(quantile), level, np.array(y))) * norm.pdf(y)

        below, _ = quad(weighed, -10.0, quantile)
        above, _ = quad(weighed, quantile, 10.0)
        return below + above

    best = norm.ppf(level)
    assert expected(best) < min(expected(best - 0.05), expected(best + 0.05))
    # in closed form the least expected loss is the density at the quantile
    assert expected(best) == pytest.approx(norm.pdf(best), rel=1e-7)


def test_the_scaled_error_of_the_naive_forecast_is_one() -> None:
    series = np.random.default_rng(1).normal(size=200).cumsum()
    assert mase(series[:-1], series[1:], series) == pytest.approx(1.0)
    assert mase(series[:-5], series[5:], series, season=5) == pytest.approx(1.0)


def test_the_scaled_error_by_hand() -> None:
    # naive errors 1, 3, 2 (mean 2); forecast errors 1, 2 (mean 1.5)
    found = mase(np.array([4.0, 8.0]), np.array([5.0, 6.0]), np.array([1.0, 2.0, 5.0, 3.0]))
    assert found == pytest.approx(0.75)


def test_ends_belong_to_the_interval() -> None:
    inside = covered(np.zeros(4), np.ones(4), np.array([-0.1, 0.0, 1.0, 1.1]))
    np.testing.assert_array_equal(inside, [False, True, True, False])


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput):
        pinball(np.ones(2), 1.0, np.ones(2))
    with pytest.raises(InvalidInput):
        pinball(np.ones(2), 0.5, np.ones(3))
    with pytest.raises(InvalidInput):
        covered(np.ones(1), np.zeros(1), np.ones(1))
    with pytest.raises(InvalidInput):
        mase(np.ones(1), np.ones(1), np.ones(3), season=3)
    with pytest.raises(InvalidInput):
        mase(np.ones(0), np.ones(0), np.arange(3.0))
    with pytest.raises(ModelNotApplicable):
        mase(np.ones(1), np.ones(1), np.ones(3))
