"""Check option values against the published grid values and closed forms."""

from functools import partial

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import Distribution, joint_normal, lognormal, normal
from quant.quantum.estimation.estimators import Iterative, MaximumLikelihood, exponential_powers
from quant.quantum.estimation.grover import ExactExperiment, SampledExperiment
from quant.quantum.estimation.payoffs import bull_spread, call, normal_call, put
from quant.quantum.estimation.registers import load
from quant.quantum.estimation.valuation import expectation, option

YEARS = 40 / 365
ITERATIVE = Iterative(epsilon=0.01)


def stock(qubits: int) -> Distribution:
    """Return the tutorials' price: S=2, volatility .4, rate .05, 40 days, ±3 deviations."""
    forward = 2 * np.exp(0.05 * YEARS)
    return lognormal(forward=forward, volatility=0.4, years=YEARS, qubits=qubits)


def test_published_call() -> None:
    # European call of the qiskit-finance tutorials: K=1.896
    payoff = call(stock(3).levels(), 1.896)
    found = option(load(stock(3)), payoff, estimator=ITERATIVE, run=ExactExperiment)
    assert f"{found.value.exact:.10f} {found.delta.exact:.10f}" == "0.1622760935 0.8097973991"
    assert f"{found.value.value:.10f} {found.delta.value:.10f}" == "0.1622760935 0.8097973991"


def test_published_put() -> None:
    # European put of the qiskit-finance tutorials: K=2.126
    payoff = put(stock(3).levels(), 2.126)
    found = option(load(stock(3)), payoff, estimator=ITERATIVE, run=ExactExperiment)
    assert f"{found.value.exact:.10f} {found.delta.exact:.10f}" == "0.1708833298 -0.8193432242"
    assert f"{found.value.value:.10f} {found.delta.value:.10f}" == "0.1708833298 -0.8193432242"


@pytest.mark.parametrize(("qubits", "printed"), [(5, "0.1673313859"), (8, "0.1666804085")])
def test_published_call_on_finer_grids(qubits: int, printed: str) -> None:
    # discretisation is the main error, not the estimator
    distribution = stock(qubits)
    values = call(distribution.levels(), 1.896).values
    found = expectation(load(distribution), values, estimator=ITERATIVE, run=ExactExperiment)
    assert f"{found.exact:.10f}" == printed
    assert f"{found.value:.10f}" == printed


@pytest.mark.parametrize(
    "estimator", [ITERATIVE, MaximumLikelihood(powers=exponential_powers(4), shots=1000)]
)
def test_sampled_options_hold_the_exact_value(estimator: Iterative | MaximumLikelihood) -> None:
    distribution = normal(mean=70.0, deviation=6.0, qubits=3)
    payoff = bull_spread(distribution.levels(), 68.0, 75.0)
    run = partial(SampledExperiment, seed=17)
    found = option(load(distribution), payoff, estimator=estimator, run=run)
    for each in (found.value, found.delta):
        assert each.interval[0] <= each.exact <= each.interval[1]
        assert each.amplitude.seed == 17
        assert each.amplitude.shots > 0
        assert each.amplitude.oracle_calls > each.amplitude.shots
    assert found.value.interval[1] - found.value.interval[0] < 0.02 * 7
    assert found.value.exact == pytest.approx(distribution.probabilities @ payoff.values)
    calls = found.value.amplitude.oracle_calls
    drawn = np.random.default_rng(1).multinomial(calls, distribution.probabilities, size=2000)
    means = drawn @ payoff.values / calls
    assert found.value.monte_carlo_error == pytest.approx(means.std(), rel=0.1)


def test_fine_grid_of_negative_prices_meets_bachelier() -> None:
    distribution = normal(mean=-37.63, deviation=8.0, qubits=9, width=6.0)
    values = call(distribution.levels(), -40.0).values
    found = expectation(load(distribution), values, estimator=ITERATIVE, run=ExactExperiment)
    expected = normal_call(forward=-37.63, strike=-40.0, deviation=8.0)
    assert found.value == pytest.approx(expected, rel=1e-4)


def test_basket_meets_bachelier() -> None:
    covariance = np.array([[36.0, 12.0], [12.0, 16.0]])
    weights = np.array([0.6, 0.4])
    distribution = joint_normal(
        means=np.array([70.0, 30.0]), covariance=covariance, qubits=(5, 5), width=5.0
    )
    payoff = call(distribution.levels(weights), 55.0)
    found = option(load(distribution), payoff, estimator=ITERATIVE, run=ExactExperiment)
    deviation = float(np.sqrt(weights @ covariance @ weights))
    expected = normal_call(forward=54.0, strike=55.0, deviation=deviation)
    assert found.value.value == pytest.approx(expected, rel=5e-3)
    assert found.value.value == pytest.approx(found.value.exact, abs=1e-11)
    assert found.delta.value == pytest.approx(0.4, abs=0.03)
    assert found.value.monte_carlo_error is None


def test_constant_values_are_known_without_doubt() -> None:
    register = load(normal(mean=0.0, deviation=1.0, qubits=2))
    run = partial(SampledExperiment, seed=1)
    found = expectation(register, np.full(4, 3.5), estimator=ITERATIVE, run=run)
    assert (found.value, found.interval) == (3.5, (3.5, 3.5))
    assert found.exact == pytest.approx(3.5)


def test_bad_values_are_named() -> None:
    register = load(normal(mean=0.0, deviation=1.0, qubits=2))
    for values in (np.zeros(3), np.array([0.0, np.nan, 1.0, 2.0])):
        with pytest.raises(InvalidInput, match="values"):
            expectation(register, values, estimator=ITERATIVE, run=ExactExperiment)
