"""Check the sizes of circuits that are not built against those that are."""

import numpy as np
import pytest

from core.mixers import Mixer
from jobs.plans.ansatz_sizes import ansatz_size
from quant.quantum.circuits import ansatz_circuit
from quant.quantum.ising import Ising


@pytest.mark.parametrize("mixer", list(Mixer))
@pytest.mark.parametrize(("n", "k"), [(3, 1), (5, 2), (8, 3), (8, 5), (9, 4), (12, 6)])
@pytest.mark.parametrize("depth", [1, 2])
def test_counts_the_gates_of_the_circuit(n: int, k: int, depth: int, mixer: Mixer) -> None:
    random = np.random.default_rng(1)
    factors = random.normal(size=(n, n))
    cost = Ising.of_quadratic(random.normal(size=n), factors @ factors.T, 0.5)
    built = ansatz_circuit(cost, k, [0.1] * depth, [0.2] * depth, mixer=mixer)
    size = ansatz_size(n, k, depth, mixer)
    assert (size.qubits, size.gates) == (built.num_qubits, built.size())
    assert size.two_qubit == built.num_nonlocal_gates()
    assert built.depth() / 4 <= size.depth <= 4 * built.depth()
