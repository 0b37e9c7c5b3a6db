"""Hold cosines and sines against the standard library's, and the phase against numpy's."""

from math import cos, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.quantum.phase import apply_phase, cosine_and_sine


@given(st.floats(-1e6, 1e6), st.integers(0, 9))
def test_cosine_and_sine_are_right_to_the_last_digits(angle: float, quarters: int) -> None:
    expected = [
        (cos(angle), sin(angle)),
        (-sin(angle), cos(angle)),
        (-cos(angle), -sin(angle)),
        (sin(angle), -cos(angle)),
    ][quarters % 4]
    assert cosine_and_sine(angle, quarters) == pytest.approx(expected, abs=4e-16)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 17, 1000])
@pytest.mark.parametrize("number", [np.complex64, np.complex128])
@pytest.mark.parametrize("scale", [0.1, 10.0, 1e4])
def test_a_phase_turns_every_amplitude(
    size: int, number: type[np.complexfloating], scale: float
) -> None:
    random = np.random.default_rng(size)
    costs = random.normal(scale=scale, size=size)
    psi = (random.normal(size=size) + 1j * random.normal(size=size)).astype(number)
    expected = psi * np.exp(-0.7j * costs)
    apply_phase(psi, costs, 0.7)
    assert psi.dtype == number
    assert np.abs(psi - expected).max() < 10 * np.finfo(number).eps
