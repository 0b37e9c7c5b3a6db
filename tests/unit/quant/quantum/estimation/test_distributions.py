"""Check discretised distributions against their moments and against the published grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import lognorm, multivariate_normal

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import (
    Distribution,
    from_quantiles,
    from_samples,
    joint_normal,
    lognormal,
    normal,
    tabulated,
)

COVARIANCE = np.array([[4.0, 1.5], [1.5, 1.0]])


def test_lognormal_grid_is_the_published_one() -> None:
    # European call of the qiskit-finance tutorials: S=2, volatility .4, rate .05, 40 days, on
    # 3 qubits, ±3 deviations
    years = 40 / 365
    found = lognormal(forward=2 * np.exp(0.05 * years), volatility=0.4, years=years, qubits=3)
    assert f"{found.points[0, 0]:.10f} {found.points[-1, 0]:.10f}" == "1.2086072387 2.8133707281"
    spread = 0.4 * np.sqrt(years)
    median = 2 * np.exp((0.05 - 0.08) * years)
    density = lognorm.pdf(found.points[:, 0], spread, scale=median)
    np.testing.assert_allclose(found.probabilities, density / density.sum(), rtol=1e-12)


def test_lognormal_grid_starts_at_zero_at_the_least() -> None:
    found = lognormal(forward=10.0, volatility=1.0, years=1.0, qubits=4)
    assert found.points[0, 0] == 0
    assert found.probabilities[0] == 0


def test_normal_prices_may_be_negative() -> None:
    found = normal(mean=-5.0, deviation=10.0, qubits=8, width=6.0)
    levels = found.levels()
    assert levels.min() == -65
    assert found.probabilities @ levels == pytest.approx(-5.0, abs=1e-9)
    assert found.probabilities @ (levels + 5) ** 2 == pytest.approx(100.0, rel=1e-6)


def test_joint_normal_follows_its_density_first_asset_in_the_lowest_bits() -> None:
    means = np.array([1.0, -2.0])
    found = joint_normal(means=means, covariance=COVARIANCE, qubits=(2, 3), width=2.5)
    assert found.points.shape == (32, 2)
    np.testing.assert_allclose(found.points[:4, 0], np.linspace(-4, 6, 4))
    assert len(set(found.points[:4, 1])) == 1
    density = multivariate_normal(means, COVARIANCE).pdf(found.points)
    np.testing.assert_allclose(found.probabilities, density / density.sum(), rtol=1e-10)
    np.testing.assert_allclose(
        found.levels(np.array([0.5, 2.0])), found.points @ np.array([0.5, 2.0])
    )


def test_table_is_padded_with_nothing() -> None:
    found = tabulated(np.array([3.0, 1.0, 7.0]), np.array([0.2, 0.5, 0.3]))
    assert found.levels().tolist() == [3.0, 1.0, 7.0, 7.0]
    assert found.probabilities.tolist() == [0.2, 0.5, 0.3, 0.0]
    assert tabulated(np.array([2.0]), np.array([1.0])).probabilities.tolist() == [1.0, 0.0]


def test_quantiles_give_back_their_mass() -> None:
    levels, values = np.array([0.0, 0.5, 1.0]), np.array([-10.0, 0.0, 30.0])
    found = from_quantiles(levels, values, qubits=8)
    points = found.levels()
    step = points[1] - points[0]
    for level, value in zip(levels, values, strict=True):
        reached = found.probabilities[points <= value].sum()
        assert reached == pytest.approx(level, abs=step / 20)
    # two uniform halves of means −5 and 15
    assert found.probabilities @ points == pytest.approx(5.0, abs=step)


def test_mass_outside_the_quantiles_sits_at_the_ends() -> None:
    found = from_quantiles(np.array([0.1, 0.9]), np.array([0.0, 1.0]), qubits=4)
    width = 0.8 / 15
    np.testing.assert_allclose(found.probabilities[[0, -1]], 0.1 + width / 2)
    np.testing.assert_allclose(found.probabilities[1:-1], width)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50).filter(lambda v: np.ptp(v) > 1e-3))
def test_samples_move_by_half_a_step_at_most(samples: list[float]) -> None:
    found = from_samples(np.array(samples), qubits=4)
    step = np.ptp(samples) / 15
    assert found.probabilities.sum() == pytest.approx(1)
    assert abs(found.probabilities @ found.levels() - np.mean(samples)) <= step / 2 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: normal(mean=0, deviation=1, qubits=0), "qubits"),
        (lambda: normal(mean=0, deviation=1, qubits=400), "qubits"),
        (lambda: normal(mean=0, deviation=1, qubits=2, width=0), "width"),
        (lambda: normal(mean=0, deviation=0, qubits=2), "deviation"),
        (lambda: normal(mean=0, deviation=-1, qubits=2), "deviation"),
        (lambda: normal(mean=np.nan, deviation=1, qubits=2), "means"),
        (
            lambda: joint_normal(means=np.zeros(2), covariance=np.ones((2, 2)), qubits=(1, 1)),
            "covariance",
        ),
        (
            lambda: joint_normal(
                means=np.zeros(2),
                covariance=1e-8 * np.array([[1.0, 0.9], [0.0, 1.0]]),
                qubits=(1, 1),
            ),
            "covariance",
        ),
        (
            lambda: joint_normal(
                means=np.zeros(3),
                covariance=np.outer([0.1, 0.3, 0.7], [0.1, 0.3, 0.7]),
                qubits=(1, 1, 1),
            ),
            "covariance",
        ),
        (
            lambda: joint_normal(means=np.zeros(3), covariance=COVARIANCE, qubits=(1, 1)),
            "covariance",
        ),
        (lambda: lognormal(forward=-1, volatility=1, years=1, qubits=2), "forward"),
        (lambda: lognormal(forward=1, volatility=0, years=1, qubits=2), "volatility"),
        (lambda: lognormal(forward=1, volatility=1, years=np.inf, qubits=2), "years"),
        (lambda: tabulated(np.arange(3.0), np.ones(2) / 2), "probabilities"),
        (lambda: tabulated(np.arange(2.0), np.array([0.6, 0.6])), "probabilities"),
        (lambda: tabulated(np.arange(2.0), np.array([1.5, -0.5])), "probabilities"),
        (lambda: tabulated(np.array([0.0, np.nan]), np.ones(2) / 2), "points"),
        (lambda: Distribution(points=np.zeros((3, 1)), probabilities=np.ones(3) / 3), "probab"),
        (lambda: from_quantiles(np.array([0.5]), np.array([1.0]), qubits=2), "levels"),
        (lambda: from_quantiles(np.array([0.5, 0.4]), np.arange(2.0), qubits=2), "levels"),
        (lambda: from_quantiles(np.array([0.1, 0.4]), np.ones(2), qubits=2), "values"),
        (lambda: from_samples(np.ones(5), qubits=2), "samples"),
        (lambda: from_samples(np.empty(0), qubits=2), "samples"),
        (lambda: normal(mean=0, deviation=1, qubits=2).levels(np.ones(2)), "weights"),
    ],
)
def test_bad_input_is_named(build, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput) as caught:
        build()
    assert caught.value.context["field"].startswith(field)


def test_a_grid_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(InvalidInput, match=str(8 * 2**40)):
        normal(mean=0, deviation=1, qubits=40)


def test_assets_may_differ_in_scale() -> None:
    """Cents and thousands in one grid: only correlations tell whether it is possible."""
    scale = np.array([1e-6, 1e3])
    unit = joint_normal(means=np.zeros(2), covariance=COVARIANCE, qubits=(2, 3))
    scaled = joint_normal(
        means=np.zeros(2), covariance=COVARIANCE * np.outer(scale, scale), qubits=(2, 3)
    )
    np.testing.assert_allclose(scaled.points, unit.points * scale, rtol=1e-12)
    np.testing.assert_allclose(scaled.probabilities, unit.probabilities, rtol=1e-9)
