"""Hold the formulas without branches against the library's own functions."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erfcx
from scipy.stats import norm

from quant.risk.kernels.vector_math import exp_negative, log_positive, upper_tail_ratio


@given(st.floats(-700.0, 0.0))
def test_exponentials(x: float) -> None:
    assert exp_negative(x) == pytest.approx(exp(x), rel=4e-15)


@given(st.floats(1e-300, 1e300))
def test_logarithms(x: float) -> None:
    assert log_positive(x) == pytest.approx(log(x), rel=1e-15, abs=1e-15)


def test_logarithms_close_to_one() -> None:
    for x in (1.0, np.nextafter(1.0, 2.0), np.nextafter(1.0, 0.0), 0.7071067811865475, 1.4142136):
        assert log_positive(float(x)) == pytest.approx(log(x), rel=1e-15, abs=1e-17)


@given(st.floats(0.0, 38.0))
def test_the_tail_of_the_normal(x: float) -> None:
    # N(−x) e^(x²/2) = erfcx(x/√2)/2
    ratio = erfcx(x / 2**0.5) / 2.0
    assert upper_tail_ratio(x) * exp(-0.5 * x * x) == pytest.approx(norm.sf(x), abs=4e-16)
    assert upper_tail_ratio(x) == pytest.approx(ratio, rel=1e-13 if x < 3.0 else 0.05)
