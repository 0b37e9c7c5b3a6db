"""Check what is kept of samples, against samples drawn and brute force."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import transpile
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from core.errors import InvalidInput
from quant.quantum.circuits import ansatz_circuit, measured
from quant.quantum.ising import Ising
from quant.quantum.post_selection import (
    best_of,
    expected_best,
    feasible_fraction_of_noise,
    post_select,
    shots_to_find,
)

COUNTS = {"0011": 5, "0101": 3, "0111": 1, "1100": 0, "0000": 1}


def test_keeps_the_outcomes_of_k_ones() -> None:
    selected = post_select(COUNTS, 2)
    assert selected.counts == {0b0011: 5, 0b0101: 3}
    assert (selected.kept, selected.shots) == (8, 10)
    assert selected.feasible_fraction == 0.8


def test_the_best_of_equal_ones_is_the_least_mask() -> None:
    costs = {0b0011: 2.0, 0b0101: 1.0, 0b1001: 1.0}
    selected = post_select({"1001": 1, "0101": 1, "0011": 1}, 2)
    assert best_of(selected, lambda masks: np.array([costs[int(m)] for m in masks])) == (5, 1.0)


def test_nothing_kept_has_no_best() -> None:
    selected = post_select({"0111": 4}, 2)
    assert selected.feasible_fraction == 0.0
    assert best_of(selected, lambda masks: np.zeros(len(masks))) is None


@pytest.mark.parametrize("counts", [{}, {"0011": 0}])
def test_refuses_no_shots(counts: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="counts"):
        post_select(counts, 2)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (6, 3), (9, 2)])
def test_pure_noise_keeps_the_share_of_weight_k(n: int, k: int) -> None:
    every = {format(mask, f"0{n}b"): 1 for mask in range(1 << n)}
    assert feasible_fraction_of_noise(n, k) == post_select(every, k).feasible_fraction
    assert feasible_fraction_of_noise(n, k) == comb(n, k) / 2**n


def test_the_expected_best_of_all_samples_of_three_shots() -> None:
    probabilities, costs = np.array([0.2, 0.5, 0.3]), np.array([3.0, 1.0, 2.0])
    expected = sum(
        probabilities[a] * probabilities[b] * probabilities[c] * min(costs[[a, b, c]])
        for a in range(3)
        for b in range(3)
        for c in range(3)
    )
    assert expected_best(probabilities, costs, 3) == pytest.approx(expected, rel=1e-13)


@given(
    weights=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=20),
    shots=st.integers(1, 2000),
    seed=st.integers(0, 99),
)
def test_more_shots_find_no_worse(weights: list[float], shots: int, seed: int) -> None:
    probabilities = np.array(weights) / np.sum(weights)
    costs = np.random.default_rng(seed).normal(size=len(weights))
    one = expected_best(probabilities, costs, 1)
    many = expected_best(probabilities, costs, shots)
    assert one == pytest.approx(float(probabilities @ costs), abs=1e-12)
    assert costs.min() - 1e-12 <= many <= one + 1e-12


def test_shots_to_find() -> None:
    shots = shots_to_find(0.01, 0.99)
    assert 1.0 - 0.99**shots == pytest.approx(0.99, abs=1e-12)
    assert shots_to_find(0.0) == float("inf")
    assert shots_to_find(1.0) == shots_to_find(0.995) == 1.0


@pytest.mark.parametrize(("probability", "confidence"), [(-0.1, 0.9), (1.1, 0.9), (0.5, 1.0)])
def test_refuses_what_is_no_probability(probability: float, confidence: float) -> None:
    with pytest.raises(InvalidInput, match=r"probability|confidence"):
        shots_to_find(probability, confidence)


def test_refuses_an_expected_best_of_no_shot() -> None:
    with pytest.raises(InvalidInput, match="shots"):
        expected_best(np.ones(2) / 2, np.ones(2), 0)


def noisy_counts(error: float) -> dict[str, int]:
    """Sample one ring layer on a device whose two-qubit gates depolarise so much."""
    cost = Ising.of_quadratic(np.array([0.3, -0.2, 0.5, 0.1]), np.eye(4), 0.5)
    circuit = ansatz_circuit(cost, 2, np.array([0.4]), np.array([0.7]))
    fitted = transpile(measured(circuit, 4), basis_gates=["cx", "rz", "sx", "x"])
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(error, 2), ["cx"])
    simulator = AerSimulator(noise_model=noise, max_parallel_threads=1)
    result = simulator.run(fitted, shots=4096, seed_simulator=7).result()
    counts: dict[str, int] = result.get_counts()
    return counts


def test_noise_lowers_the_feasible_fraction_towards_that_of_noise_alone() -> None:
    shares = [post_select(noisy_counts(error), 2).feasible_fraction for error in (0, 0.01, 0.05)]
    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert feasible_fraction_of_noise(4, 2) < shares[2] < shares[1] < 0.99
    # Depolarised at every gate, no outcome is more likely than another.
    worst = post_select(noisy_counts(1.0), 2).feasible_fraction
    assert worst == pytest.approx(feasible_fraction_of_noise(4, 2), abs=0.03)
