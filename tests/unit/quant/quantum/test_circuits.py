"""Check the circuits against the subspace engine, Statevector and Aer."""

import subprocess
import sys
from datetime import date
from itertools import combinations
from math import comb

import numpy as np
import pytest
from qiskit import transpile
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from quant.portfolio import PortfolioProblem, Window, objective
from quant.quantum.circuits import (
    DEPTH_BASIS,
    coupling_order,
    depth,
    dicke_circuit,
    ising_terms,
    portfolio_circuit,
)
from quant.quantum.subspace import Ansatz

SIZES = [(2, 1), (3, 2), (4, 1), (5, 4), (6, 3), (7, 3), (8, 2), (10, 5)]
GAMMAS, BETAS = np.array([0.5, -0.8]), np.array([0.6, 1.3])


def random_problem(n: int, k: int) -> PortfolioProblem:
    random = np.random.default_rng(n + 100 * k)
    factors = random.normal(size=(n, n))
    return PortfolioProblem(
        labels=tuple(f"A{i}" for i in range(n)),
        mu=random.normal(size=n),
        sigma=factors @ factors.T / n,
        q=0.5,
        k=k,
        scale=1.0,
        window=Window(first=date(2023, 1, 3), last=date(2023, 12, 29), days=250),
        vintage="test",
    )


def subspace_amplitudes(problem: PortfolioProblem) -> np.ndarray:
    full = np.zeros(2**problem.n, dtype=complex)
    masks = problem.basis.masks.astype(np.int64)
    full[masks] = Ansatz(problem.basis, problem.costs()).evolve(GAMMAS, BETAS)
    return full


@pytest.mark.parametrize(("n", "k"), [*SIZES, (9, 8), (11, 5)])
def test_dicke_state_is_uniform(n: int, k: int) -> None:
    amplitudes = Statevector(dicke_circuit(n, k)).data
    weights = np.array([mask.bit_count() for mask in range(2**n)])
    expected = np.where(weights == k, comb(n, k) ** -0.5, 0.0)
    np.testing.assert_allclose(amplitudes, expected, atol=1e-13)


@pytest.mark.parametrize("n", [12, 24])
def test_dicke_gates_grow_as_n_times_k(n: int) -> None:
    assert dicke_circuit(n, 3).size() <= 10 * n * 3


def test_ising_terms_equal_the_objective() -> None:
    problem = random_problem(5, 2)
    offset, fields, couplings = ising_terms(problem.mu, problem.sigma, problem.q)
    for mask in range(32):
        bits = np.array([mask >> i & 1 for i in range(5)])
        z = 1 - 2 * bits
        energy = offset + fields @ z + z @ couplings @ z
        assert energy == pytest.approx(objective(problem, bits), abs=1e-12)


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_amplitudes_equal_the_subspace_engine(n: int, k: int) -> None:
    problem = random_problem(n, k)
    circuit = portfolio_circuit(problem, GAMMAS, BETAS, measure=False)
    found = Statevector(circuit).data
    np.testing.assert_allclose(found, subspace_amplitudes(problem), atol=1e-10)


@pytest.mark.parametrize(("n", "k"), [(6, 3), (10, 5)])
def test_aer_amplitudes_equal_the_subspace_engine(n: int, k: int) -> None:
    problem = random_problem(n, k)
    circuit = portfolio_circuit(problem, GAMMAS, BETAS, measure=False)
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    found = simulator.run(circuit).result().get_statevector().data
    expected = subspace_amplitudes(problem)
    assert abs(np.vdot(expected, found)) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_measures_every_qubit_when_asked() -> None:
    circuit = portfolio_circuit(random_problem(4, 2), GAMMAS, BETAS)
    assert circuit.count_ops()["measure"] == 4


@pytest.mark.parametrize("n", range(2, 25))
def test_couplings_are_listed_once_in_few_layers(n: int) -> None:
    order = coupling_order(n)
    assert sorted(order) == list(combinations(range(n), 2))
    layer = [0] * n
    for i, j in order:
        layer[i] = layer[j] = max(layer[i], layer[j]) + 1
    assert max(layer) <= n + 2


@pytest.mark.slow
def test_depth_equals_transpile_at_level_one() -> None:
    circuit = portfolio_circuit(random_problem(8, 3), GAMMAS, BETAS)
    expected = transpile(circuit, basis_gates=list(DEPTH_BASIS), optimization_level=1)
    assert depth(circuit) == expected.depth()


def test_depth_does_not_depend_on_measuring_twice() -> None:
    circuit = portfolio_circuit(random_problem(6, 3), GAMMAS, BETAS, measure=False)
    assert depth(circuit) == depth(circuit.copy())


def test_problems_and_subspace_do_not_load_qiskit() -> None:
    code = (
        "import sys, quant.portfolio, quant.quantum.qaoa, quant.quantum.subspace, jobs.portfolio;"
        "sys.exit(any(name.startswith('qiskit') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
