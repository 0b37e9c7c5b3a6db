"""Check the estimators: published values, confidence, bias and the speed of convergence."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom

from core.errors import InvalidInput
from quant.quantum.estimation.accuracy import Accuracy, study
from quant.quantum.estimation.estimators import (
    Canonical,
    Estimator,
    Iterative,
    MaximumLikelihood,
    Method,
    exponential_powers,
    linear_powers,
    next_power,
)
from quant.quantum.estimation.experiments import IdealExperiment
from quant.quantum.estimation.grover import ExactExperiment, SampledExperiment
from quant.quantum.estimation.registers import bernoulli

EVERY: list[Estimator] = [
    Canonical(qubits=4, shots=200),
    Iterative(epsilon=0.02),
    Iterative(epsilon=0.02, repeats_last=True),
    MaximumLikelihood(powers=exponential_powers(4), shots=200),
]


def test_canonical_reads_the_published_value() -> None:
    # p = 0.2 and 3 evaluation qubits: the amplitude-estimation tutorial of qiskit-finance
    found = Canonical(qubits=3).estimate(ExactExperiment(bernoulli(0.2)))
    assert f"{found.phase_amplitude:.10f}" == "0.1464466094"
    assert found.phase_amplitude == pytest.approx(np.sin(np.pi / 8) ** 2, abs=1e-15)
    # printed there as 0.19999999; `test_likelihood` shows the rounding that makes the difference
    assert found.amplitude == pytest.approx(0.19999999, abs=1.1e-8)


def test_iterative_reads_the_published_value() -> None:
    # the same tutorial: epsilon 0.01, alpha 0.05
    found = Iterative(epsilon=0.01).estimate(ExactExperiment(bernoulli(0.2)))
    assert found.amplitude == pytest.approx(0.2, abs=1e-14)
    assert (found.powers, found.shots, found.oracle_calls, found.seed) == ((0,), 0, 0, None)


def test_maximum_likelihood_of_the_published_schedule() -> None:
    # the same tutorial prints 0.20002 for schedule 3: see `test_likelihood` for its grid
    estimator = MaximumLikelihood(powers=exponential_powers(3))
    found = estimator.estimate(ExactExperiment(bernoulli(0.2)))
    assert found.powers == (0, 1, 2, 4)
    assert found.amplitude == pytest.approx(0.2, abs=2e-9)


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize("amplitude", [0.0, 0.2, 0.5, 1.0])
def test_exact_experiments_give_the_amplitude(estimator: Estimator, amplitude: float) -> None:
    found = estimator.estimate(ExactExperiment(bernoulli(amplitude)))
    assert found.amplitude == pytest.approx(amplitude, abs=1e-8)
    assert found.interval[0] == pytest.approx(found.interval[1])
    assert (found.exact, found.shots, found.oracle_calls) == (amplitude, 0, 0)


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize("amplitude", [0.0, 0.07, 0.5, 1.0])
def test_estimates_repeat_and_tell_their_cost(estimator: Estimator, amplitude: float) -> None:
    found, again = (estimator.estimate(IdealExperiment(amplitude, seed=3)) for _ in range(2))
    assert found == again
    assert found.seed == 3
    assert found.exact == amplitude
    assert found.interval[0] <= found.amplitude <= found.interval[1]
    assert found.interval[0] - 1e-9 <= amplitude <= found.interval[1] + 1e-9
    if found.method is Method.CANONICAL:
        assert (found.shots, found.oracle_calls) == (200, 200 * 31)
    elif found.method is Method.MAXIMUM_LIKELIHOOD:
        assert (found.shots, found.oracle_calls) == (1000, 200 * (1 + 3 + 5 + 9 + 17))
    else:
        assert found.shots >= 100 * len(found.powers)


def test_iterative_keeps_its_precision_on_circuits() -> None:
    found = Iterative(epsilon=0.005).estimate(SampledExperiment(bernoulli(0.2), seed=11))
    assert found.interval[1] - found.interval[0] <= 0.01
    assert found.interval[0] <= 0.2 <= found.interval[1]
    # 50/ε · ln(2/α · log₂(π/4ε)): the bound of Grinko et al. on Grover steps, two calls each
    assert found.oracle_calls <= 2 * 50 / 0.005 * np.log(40 * np.log2(np.pi / 0.02))


@pytest.mark.parametrize(
    ("estimator", "amplitudes"),
    [
        (Iterative(epsilon=0.01), (0.03, 0.2, 0.41, 0.5, 0.83)),
        (Iterative(epsilon=0.05, shots=20), (0.2, 0.4, 0.75)),
        (Iterative(epsilon=0.02, repeats_last=True), (0.2, 0.5)),
    ],
)
def test_iterative_intervals_cover(estimator: Estimator, amplitudes: Sequence[float]) -> None:
    runs = 250
    # fewer than this would happen to an interval of 95 % once in 10,000 times
    least = binom.ppf(1e-4, runs, 0.95) / runs
    for found in study(estimator, amplitudes, runs=runs, seed=2021):
        assert found.coverage >= least, found


@pytest.mark.parametrize("amplitude", [0.1, 0.37, 0.6])
def test_maximum_likelihood_intervals_cover(amplitude: float) -> None:
    runs = 200
    (found,) = study(
        MaximumLikelihood(powers=exponential_powers(5), shots=100),
        [amplitude],
        runs=runs,
        seed=1904,
    )
    low, high = binom.ppf([1e-4, 1 - 1e-4], runs, 0.95) / runs
    assert low <= found.coverage <= high


def test_iterative_bias_is_reported_and_shrinks_when_the_last_round_is_repeated() -> None:
    # Miyamoto, arXiv 2311.16560: stopping by width biases the estimate, at some amplitudes more
    # than at others; drawing the last round again takes most of it away
    grid = (0.4, 0.5)
    plain = study(Iterative(epsilon=0.05, shots=10), grid, runs=400, seed=2311)
    mended = study(Iterative(epsilon=0.05, shots=10, repeats_last=True), grid, runs=400, seed=2311)
    biased = [found.amplitude for found in plain if abs(found.bias) > 4 * found.bias_error]
    assert set(biased) == set(grid) - {0.5}
    assert all(abs(found.bias) < 0.01 for found in plain)
    assert _mean_square_bias(mended) < _mean_square_bias(plain) / 4


def _mean_square_bias(found: Sequence[Accuracy]) -> float:
    return float(np.mean([each.bias**2 - each.bias_error**2 for each in found]))


@pytest.mark.parametrize(
    ("schedules", "slope"),
    [
        ([linear_powers(last) for last in (4, 8, 16, 32)], -3 / 4),
        ([exponential_powers(count) for count in (3, 4, 5, 6, 7)], -1.0),
    ],
)
def test_maximum_likelihood_errors_fall_at_the_published_rate(
    schedules: list[tuple[int, ...]], slope: float
) -> None:
    # Suzuki et al., arXiv 1904.10246: linear and exponential schedules, against oracle calls; the
    # fitted slope itself scatters by about 0.03 from seed to seed
    estimators = [MaximumLikelihood(powers=powers, shots=400) for powers in schedules]
    assert _fitted_slope(estimators, runs=50) == pytest.approx(slope, abs=0.08)


def test_monte_carlo_errors_fall_with_the_root() -> None:
    estimators = [MaximumLikelihood(powers=(0,), shots=100 * 4**i) for i in range(4)]
    assert _fitted_slope(estimators, runs=80) == pytest.approx(-0.5, abs=0.04)


def _fitted_slope(estimators: Sequence[Estimator], *, runs: int) -> float:
    calls, errors = [], []
    for estimator in estimators:
        found = study(estimator, [1 / 3, 0.2, 0.11], runs=runs, seed=10246)
        calls.append(found[0].oracle_calls)
        errors.append(np.sqrt(np.mean([each.root_mean_square**2 for each in found])))
    return float(np.polyfit(np.log(calls), np.log(errors), 1)[0])


def test_next_power_keeps_within_one_half_circle() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        centre, half = random.uniform(0, np.pi / 2), 10 ** random.uniform(-4, -1)
        low, high = max(0.0, centre - half), min(np.pi / 2, centre + half)
        power = next_power(0, (low, high))
        factor = 4 * power + 2
        assert np.floor(factor * low / np.pi + 1e-9) == np.ceil(factor * high / np.pi - 1e-9) - 1
        if power:
            assert factor >= 4
            higher = factor + 4 * np.arange(1, 20)
            widths = higher * (high - low)
            spans = np.floor(higher * low / np.pi) != np.ceil(higher * high / np.pi) - 1
            assert (spans | (widths > np.pi)).all()


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: Canonical(qubits=0), "qubits"),
        (lambda: Canonical(qubits=13), "qubits"),
        (lambda: Iterative(epsilon=0.0), "epsilon"),
        (lambda: Iterative(epsilon=0.51), "epsilon"),
        (lambda: Iterative(epsilon=float("nan")), "epsilon"),
        (lambda: Iterative(epsilon=0.1, alpha=1.0), "alpha"),
        (lambda: MaximumLikelihood(powers=()), "powers"),
        (lambda: MaximumLikelihood(powers=(0, -1)), "powers"),
        (lambda: MaximumLikelihood(powers=(0,), shots=0), "shots"),
        (lambda: study(Canonical(qubits=2), [0.5], runs=1, seed=1), "runs"),
        (lambda: study(Canonical(qubits=2), [1.5], runs=2, seed=1), "amplitudes"),
    ],
)
def test_bad_settings_are_named(build, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput) as caught:
        build()
    assert caught.value.context["field"] == field
