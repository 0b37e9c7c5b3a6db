"""Check each pass over amplitudes against the numpy expression it replaces."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.quantum.passes import (
    average,
    fill_probabilities,
    fill_weighted,
    undo_phase,
)

SIZE = 1001
PRECISIONS = pytest.mark.parametrize("precision", ["complex64", "complex128"])


def draw_state(seed: int, precision: str) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    psi = random.normal(size=SIZE) + 1j * random.normal(size=SIZE)
    return (psi / np.linalg.norm(psi)).astype(precision)


@pytest.fixture
def weights() -> NDArray[np.float64]:
    return np.random.default_rng(3).normal(size=SIZE)


@PRECISIONS
def test_probabilities(precision: str) -> None:
    psi = draw_state(1, precision)
    found = np.empty(SIZE)
    fill_probabilities(psi, found)
    np.testing.assert_allclose(found, np.abs(psi.astype(complex)) ** 2, rtol=1e-15)


@PRECISIONS
def test_average(precision: str, weights: NDArray[np.float64]) -> None:
    psi = draw_state(1, precision)
    expected = np.vdot(psi.astype(complex), weights * psi).real
    assert average(psi, weights) == pytest.approx(expected, abs=1e-15)


@PRECISIONS
def test_weighted(precision: str, weights: NDArray[np.float64]) -> None:
    psi = draw_state(1, precision)
    found = np.empty_like(psi)
    fill_weighted(psi, weights, found)
    assert found.tolist() == (weights * psi).astype(precision).tolist()


@PRECISIONS
@pytest.mark.parametrize("gamma", [0.0, 0.7, -41.5])
def test_undone_phase(precision: str, gamma: float, weights: NDArray[np.float64]) -> None:
    ket, bra = draw_state(1, precision), draw_state(2, precision)
    expected = np.vdot(bra.astype(complex), weights * ket).imag
    turned = [np.exp(1j * gamma * weights) * psi for psi in (ket, bra)]
    assert undo_phase(ket, bra, weights, gamma) == pytest.approx(expected, abs=1e-15)
    for found, psi in zip((ket, bra), turned, strict=True):
        np.testing.assert_allclose(found, psi, atol=4 * np.finfo(precision).eps)
