"""Check the engine of exact mixers with a mixer kept as a dense matrix."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from quant.quantum.amplitudes import State
from quant.quantum.engine import ExactEngine, Precision

SIZE = 15
GAMMAS, BETAS = np.array([0.7, -1.1, 0.2]), np.array([0.4, 1.9, -0.6])


class DenseMixer:
    """Mix with any Hermitian matrix."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        half = random.normal(size=(SIZE, SIZE)) + 1j * random.normal(size=(SIZE, SIZE))
        self.generator = half + half.conj().T

    def apply(self, psi: State, beta: float) -> None:
        psi[:] = expm(-1j * beta * self.generator) @ psi

    def overlap(self, bra: State, ket: State) -> float:
        return float(np.vdot(bra, self.generator @ ket).imag)


@pytest.fixture
def engine() -> ExactEngine:
    random = np.random.default_rng(5)
    start = random.normal(size=SIZE) + 1j * random.normal(size=SIZE)
    return ExactEngine(
        mixer=DenseMixer(seed=6),
        costs=random.normal(size=SIZE),
        precision=Precision.DOUBLE,
        start=start / np.linalg.norm(start),
    )


def test_layers_follow_each_other(engine: ExactEngine) -> None:
    expected = engine.start
    for gamma, beta in zip(GAMMAS, BETAS, strict=True):
        phase = expm(-1j * gamma * np.diag(engine.costs))
        expected = expm(-1j * beta * DenseMixer(seed=6).generator) @ phase @ expected
    np.testing.assert_allclose(engine.evolve(GAMMAS, BETAS), expected, atol=1e-13)


def test_start_is_left_alone(engine: ExactEngine) -> None:
    assert engine.start is not None
    before = engine.start.copy()
    engine.evolve(GAMMAS, BETAS)
    engine.value_and_gradient(GAMMAS, BETAS)
    assert engine.start.tolist() == before.tolist()


def test_batches_equal_single_runs(engine: ExactEngine) -> None:
    angles = np.random.default_rng(7).normal(size=(2, 4, 3))
    single = [engine.expectation(*row) for row in zip(*angles, strict=True)]
    assert engine.expectations(*angles).tolist() == single


def test_observables_are_differentiated(engine: ExactEngine) -> None:
    """The sum of squared probabilities is no expectation, but has derivatives by them."""

    def observable(
        probabilities: NDArray[np.float64],
    ) -> tuple[float, NDArray[np.float64]]:
        return float(probabilities @ probabilities), 2 * probabilities

    def value(angles: NDArray[np.float64]) -> float:
        return observable(np.abs(engine.evolve(angles[:3], angles[3:])) ** 2)[0]

    angles = np.concatenate((GAMMAS, BETAS))
    found, by_gamma, by_beta = engine.value_and_gradient(GAMMAS, BETAS, observable)
    assert found == pytest.approx(value(angles), abs=1e-14)
    h = 1e-5
    slopes = [(value(angles + h * e) - value(angles - h * e)) / (2 * h) for e in np.eye(6)]
    np.testing.assert_allclose(np.concatenate((by_gamma, by_beta)), slopes, atol=1e-7)
