import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.volatility.garch import GarchParameters, GarchState, garch_variances

CRUDE = GarchParameters(mu=0.01, omega=0.02, alpha=0.08, beta=0.9, degrees_of_freedom=6.0)
GAS = GarchParameters(mu=0.0, omega=0.001, alpha=0.15, beta=0.82)


def changes(days: int) -> np.ndarray:
    return np.random.default_rng(4).standard_t(5, size=days)


def test_the_recursion_is_bollerslevs() -> None:
    # by hand: 0.02 + 0.08 (1.01 − 0.01)² + 0.9 · 1 = 1, then 0.02 + 0.08 · 4 + 0.9 = 1.24
    np.testing.assert_allclose(garch_variances(CRUDE, np.array([1.01, 2.01]), 1.0), [1, 1, 1.24])


@given(st.integers(1, 80))
def test_one_day_at_a_time_gives_the_numbers_of_all_at_once(days: int) -> None:
    past = changes(days)
    state = GarchState(parameters=(CRUDE, GAS), variances=np.array([1.0, 0.2]))
    rows = [state.variances]
    for change in past:
        state = state.update(np.array([change, change]))
        rows.append(state.variances)
    both = [garch_variances(CRUDE, past, 1.0), garch_variances(GAS, past, 0.2)]
    np.testing.assert_allclose(np.array(rows).T, both, rtol=1e-12)


def test_expected_variances_are_the_mean_of_simulated_ones() -> None:
    generator = np.random.default_rng(8)
    variances = np.full(200_000, 3.0)
    means = []
    for _ in range(10):
        means.append(variances.mean())
        shocks = CRUDE.mu + np.sqrt(variances) * generator.standard_normal(variances.size)
        variances = CRUDE.omega + CRUDE.alpha * (shocks - CRUDE.mu) ** 2 + CRUDE.beta * variances
    state = GarchState(parameters=(CRUDE,), variances=np.array([3.0]))
    np.testing.assert_allclose(state.forecasts(10)[:, 0], means, rtol=4e-3)


def test_variances_revert_to_the_long_run() -> None:
    state = GarchState(parameters=(CRUDE, GAS), variances=np.array([5.0, 0.001]))
    ahead = state.forecasts(2_000)
    assert CRUDE.long_run_variance == pytest.approx(1.0)
    np.testing.assert_allclose(ahead[-1], [1.0, 0.001 / 0.03], rtol=1e-9)
    # closed form: V + (α+β)ᵏ(σ² − V)
    np.testing.assert_allclose(ahead[:60, 0], 1.0 + 0.98 ** np.arange(60) * 4.0, rtol=1e-12)


def test_integrated_parameters_have_no_long_run() -> None:
    integrated = GarchParameters(mu=0.0, omega=0.1, alpha=0.1, beta=0.9)
    with pytest.raises(InvalidInput):
        _ = integrated.long_run_variance
    state = GarchState(parameters=(integrated,), variances=np.ones(1))
    np.testing.assert_allclose(state.forecasts(3)[:, 0], [1.0, 1.1, 1.2])


@pytest.mark.parametrize(
    ("omega", "alpha", "beta"),
    [(0.0, 0.1, 0.8), (0.1, -0.1, 0.8), (0.1, 0.1, -0.1), (np.nan, 0.1, 0.8)],
)
def test_parameters_that_could_make_a_variance_negative_are_refused(
    omega: float, alpha: float, beta: float
) -> None:
    with pytest.raises(InvalidInput):
        GarchParameters(mu=0.0, omega=omega, alpha=alpha, beta=beta)


def test_a_state_has_one_variance_a_set_of_parameters() -> None:
    with pytest.raises(InvalidInput):
        GarchState(parameters=(CRUDE,), variances=np.ones(2))
    with pytest.raises(InvalidInput):
        GarchState(parameters=(CRUDE,), variances=np.array([np.inf]))
