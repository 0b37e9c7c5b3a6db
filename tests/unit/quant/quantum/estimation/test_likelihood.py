"""Check likelihood maxima against the published grid search, and intervals against roots."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import chi2

from quant.quantum.estimation.experiments import good_probabilities, phase_probabilities
from quant.quantum.estimation.likelihood import (
    angle_grid,
    fit,
    grover_likelihood,
    phase_likelihood,
    ratio_interval,
)

POWERS = (0, 1, 2, 4)
ANGLE = float(np.arcsin(np.sqrt(0.2)))


def test_published_grid_gives_the_published_maximum_likelihood_estimate() -> None:
    # 0.20002 is printed in the amplitude-estimation tutorial of qiskit-finance, whose search
    # takes ⌊π/2 · 1000 · 2 · 4⌋ = 12,566 angles and so ends beside the maximum, 0.2
    likelihood = grover_likelihood(POWERS, 1, good_probabilities(POWERS, ANGLE))
    grid = np.linspace(0, np.pi / 2, 12_566)
    nearest = grid[likelihood(grid).argmax()]
    assert f"{np.sin(nearest) ** 2:.5f}" == "0.20002"
    assert fit(likelihood, angle_grid(9)).amplitude == pytest.approx(0.2, abs=2e-9)


def test_published_rounding_gives_the_published_canonical_estimate() -> None:
    # 0.19999999 is printed there too; the tutorial's code rounds outcomes sin²(πy/8) to seven
    # digits before it maximises, which is what moves its estimate away from 0.2
    chances = phase_probabilities(3, np.array([ANGLE]))[:, 0]
    rounded = np.arcsin(np.sqrt(np.round(np.sin(np.pi * np.arange(8) / 8) ** 2, 7))) / np.pi

    def likelihood(angles: np.ndarray) -> np.ndarray:
        turns = angles / np.pi
        both = [rounded[:, None] - turns, rounded[:, None] + turns]
        kernel = sum((np.sinc(8 * _near(each)) / np.sinc(_near(each))) ** 2 for each in both)
        return (chances[:, None] * np.log(kernel)).sum(axis=0)

    grid = angle_grid(8)
    published = fit(likelihood, grid).amplitude
    assert str(published).startswith("0.19999999")
    exact = fit(phase_likelihood(3, chances), grid).amplitude
    assert exact == pytest.approx(0.2, abs=2e-9)


def _near(distance: np.ndarray) -> np.ndarray:
    return distance - np.round(distance)


@pytest.mark.parametrize("good", [(0.0,), (7.0,), (50.0,), (100.0,)])
def test_one_power_is_a_plain_proportion(good: tuple[float]) -> None:
    found = fit(grover_likelihood((0,), 100, np.array(good)), angle_grid(1))
    share = good[0] / 100
    assert found.amplitude == pytest.approx(share, abs=1e-7)

    def shortfall(a: float) -> float:
        def height(b: float) -> float:
            return (good[0] * np.log(b) if good[0] else 0.0) + (
                (100 - good[0]) * np.log(1 - b) if good[0] < 100 else 0.0
            )

        top = 0.0 if share in (0, 1) else height(share)
        return 2 * (top - height(a)) - chi2.ppf(0.95, 1)

    low, high = ratio_interval(found, 0.05)
    assert low == pytest.approx(brentq(shortfall, 1e-9, share) if share else 0.0, abs=1e-6)
    assert high == pytest.approx(brentq(shortfall, share, 1 - 1e-9) if share < 1 else 1.0, abs=1e-6)


def test_fit_finds_the_highest_of_many_lobes() -> None:
    random = np.random.default_rng(3)
    powers = (0, 1, 2, 4, 8, 16)
    for amplitude in random.uniform(0, 1, 10):
        chances = good_probabilities(powers, float(np.arcsin(np.sqrt(amplitude))))
        likelihood = grover_likelihood(powers, 200, random.binomial(200, chances).astype(float))
        dense = np.linspace(0, np.pi / 2, 200_001)
        heights = likelihood(dense)
        found = fit(likelihood, angle_grid(33))
        assert found.heights.max() >= heights.max() - 1e-9
        inside = dense[heights >= heights.max() - chi2.ppf(0.95, 1) / 2]
        low, high = ratio_interval(found, 0.05)
        assert low == pytest.approx(np.sin(inside[0]) ** 2, abs=2e-5)
        assert high == pytest.approx(np.sin(inside[-1]) ** 2, abs=2e-5)
