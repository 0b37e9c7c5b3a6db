"""Check how angles run over the layers, from one depth to the next and from size to size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.angle_units import Units, natural_units, transferred
from quant.quantum.schedules import (
    add_mode,
    extrapolate_heights,
    interpolate,
    linear_ramp,
    ramp_heights,
)

ANGLES = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=8).map(np.array)


def test_a_ramp_rises_and_falls() -> None:
    gammas, betas = linear_ramp(4, -0.8, 0.4)
    np.testing.assert_allclose(gammas, [-0.1, -0.3, -0.5, -0.7])
    np.testing.assert_allclose(betas, [0.35, 0.25, 0.15, 0.05])


@given(depth=st.integers(1, 12), gamma=st.floats(-5, 5), beta=st.floats(-5, 5))
def test_heights_are_those_of_the_ramp(depth: int, gamma: float, beta: float) -> None:
    heights = ramp_heights(*linear_ramp(depth, gamma, beta))
    np.testing.assert_allclose(heights, (gamma, beta), atol=1e-12)


def test_interpolation_is_that_of_the_paper() -> None:
    """Zhou et al., arXiv 1812.01041, equation B1, written out for p = 2 and 3."""
    a, b, c = 0.2, 0.5, 0.9
    np.testing.assert_allclose(interpolate(np.array([a]), np.array([b]))[0], [a, a])
    gammas, betas = interpolate(np.array([a, b, c]), np.array([c, b, a]))
    expected = [a, a / 3 + 2 * b / 3, 2 * b / 3 + c / 3, c]
    np.testing.assert_allclose(gammas, expected)
    np.testing.assert_allclose(betas, expected[::-1])


@given(angles=ANGLES)
def test_a_mode_more_keeps_the_curve(angles: np.ndarray) -> None:
    """The new angles are the old Fourier sums read at the new midpoints."""
    depth = len(angles)
    half = np.arange(depth) + 0.5
    old = np.pi * np.outer(half / depth, half)
    new = np.pi * np.outer((np.arange(depth + 1) + 0.5) / (depth + 1), half)
    gammas, betas = add_mode(angles, angles)
    sine, cosine = np.linalg.solve(np.sin(old), angles), np.linalg.solve(np.cos(old), angles)
    np.testing.assert_allclose(gammas, np.sin(new) @ sine, atol=1e-11)
    np.testing.assert_allclose(betas, np.cos(new) @ cosine, atol=1e-11)


def test_heights_follow_the_line_of_smaller_instances() -> None:
    sizes = np.array([6.0, 8.0, 10.0])
    heights = np.column_stack((1.0 + 0.1 * sizes, 2.0 - 0.05 * sizes))
    assert extrapolate_heights(sizes, heights, 16.0) == pytest.approx((2.6, 1.2))
    assert extrapolate_heights(sizes[:1], heights[:1], 16.0) == pytest.approx(heights[0])


@pytest.mark.parametrize(("sizes", "rows"), [(np.zeros(0), 0), (np.zeros(2), 3)])
def test_refuses_heights_of_other_sizes(sizes: np.ndarray, rows: int) -> None:
    with pytest.raises(InvalidInput, match="heights"):
        extrapolate_heights(sizes, np.zeros((rows, 2)), 16.0)


def test_refuses_no_layer() -> None:
    with pytest.raises(InvalidInput, match="depth"):
        linear_ramp(0, 1.0, 1.0)


def test_transfer_scales_by_the_units() -> None:
    costs = np.array([0.0, 1.0, 3.0])
    source = natural_units(costs, Mixer.COMPLETE, 8)
    target = natural_units(10.0 * costs, Mixer.COMPLETE, 16)
    gammas, betas = transferred(np.ones(2), np.ones(2), source=source, target=target)
    np.testing.assert_allclose(gammas, [0.1, 0.1])
    np.testing.assert_allclose(betas, [0.5, 0.5])


def test_equal_costs_have_a_unit_too() -> None:
    assert natural_units(np.ones(3), Mixer.RING, 6) == Units(gamma=1.0, beta=1.0)


@pytest.mark.parametrize("cost", [0.1, 1e9 / 3, 1e-200])
def test_costs_equal_but_for_rounding_turn_no_phase_far(cost: float) -> None:
    costs = np.full(70, cost)
    costs[::3] = np.nextafter(cost, 1e300)
    assert natural_units(costs, Mixer.RING, 8).gamma * cost == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_refuses_no_unit(value: float) -> None:
    with pytest.raises(InvalidInput, match="gamma"):
        Units(gamma=value, beta=1.0)
