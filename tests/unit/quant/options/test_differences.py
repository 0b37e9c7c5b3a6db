"""Check differences on functions whose derivatives are known."""

from math import cos, exp, sin

import pytest

from quant.options.differences import mixed_slope, one_sided_slope, slope, slope_and_bend


def test_slopes_are_good_to_ten_digits() -> None:
    assert slope(exp, 0.7, 1e-3) == pytest.approx(exp(0.7), rel=1e-10)
    first, second = slope_and_bend(sin, 0.7, 1e-2, sin(0.7))
    assert first == pytest.approx(cos(0.7), rel=1e-8)
    assert second == pytest.approx(-sin(0.7), rel=1e-8)


@pytest.mark.parametrize("step", [1e-3, -1e-3])
def test_one_sided_slopes_stay_on_their_side(step: float) -> None:
    def function(x: float) -> float:
        assert (x - 0.7) * step >= 0.0
        return exp(x)

    assert one_sided_slope(function, 0.7, step) == pytest.approx(exp(0.7), rel=1e-9)


def test_mixed_slopes() -> None:
    found = mixed_slope(lambda x, y: exp(x * y), (0.5, 1.2), (1e-2, 2e-2))
    assert found == pytest.approx((1 + 0.6) * exp(0.6), rel=1e-7)
