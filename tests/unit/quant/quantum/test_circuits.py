"""Check the ansatz as circuits against the subspace engine, on Statevector and on Aer."""

import subprocess
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.basis import Basis
from quant.quantum.circuits import ansatz_circuit, ansatz_template, measured
from quant.quantum.costs import cost_vector
from quant.quantum.ising import Ising
from quant.quantum.subspace import Ansatz
from quant.quantum.warm_start import start_amplitudes

SIZES = [(2, 1), (3, 2), (4, 1), (5, 4), (6, 3), (7, 3), (8, 2)]
GAMMAS, BETAS = np.array([0.5, -0.8]), np.array([0.6, 1.3])


def coefficients(n: int, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    random = np.random.default_rng(n + 100 * k)
    factors = random.normal(size=(n, n))
    return random.normal(size=n), factors @ factors.T / n, 0.5


def cost_of(n: int, k: int) -> Ising:
    return Ising.of_quadratic(*coefficients(n, k))


def expected(n: int, k: int, mixer: Mixer, qubits: int, start: np.ndarray | None = None) -> object:
    basis = Basis(n, k)
    ansatz = Ansatz(basis, cost_vector(basis, *coefficients(n, k)), mixer=mixer, start=start)
    full = np.zeros(2**qubits, dtype=complex)
    full[basis.masks.astype(np.int64)] = ansatz.evolve(GAMMAS, BETAS)
    return full


def on_aer(circuit: QuantumCircuit) -> np.ndarray:
    whole = circuit.copy()
    whole.save_statevector()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    return np.asarray(simulator.run(whole).result().get_statevector().data)


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_amplitudes_equal_the_subspace_engine(n: int, k: int, mixer: Mixer) -> None:
    circuit = ansatz_circuit(cost_of(n, k), k, GAMMAS, BETAS, mixer=mixer)
    found = Statevector(circuit).data
    np.testing.assert_allclose(found, expected(n, k, mixer, circuit.num_qubits), atol=1e-10)


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("n", "k"), [(6, 3), (10, 5), (12, 4), (12, 6), (12, 9)])
def test_aer_amplitudes_equal_the_subspace_engine(n: int, k: int, mixer: Mixer) -> None:
    circuit = ansatz_circuit(cost_of(n, k), k, GAMMAS, BETAS, mixer=mixer)
    found = on_aer(circuit)
    np.testing.assert_allclose(found, expected(n, k, mixer, circuit.num_qubits), atol=1e-10)


@pytest.mark.parametrize(
    ("mixer", "one_layer", "two_layers"),
    [
        (Mixer.RING, 2.4608569363, 2.3957961544),
        (Mixer.RING_EXACT, 2.7067582515, 2.3322725801),
        (Mixer.COMPLETE, 0.8021278508, 1.9466444465),
    ],
)
def test_expectations_of_the_six_asset_instance(
    mixer: Mixer, one_layer: float, two_layers: float
) -> None:
    """Instance of Barkoutsos et al., arXiv 1907.04769; expectations by dense exponentials."""
    mu = np.array([0.7313, 0.9893, 0.2725, 0.8750, 0.7667, 0.3622])
    sigma = np.array(
        [
            [0.7312, -0.6233, 0.4689, -0.5452, -0.0082, -0.3809],
            [-0.6233, 2.4732, -0.7538, 2.4659, -0.0733, 0.8945],
            [0.4689, -0.7538, 1.1543, -1.4095, 0.0007, -0.4301],
            [-0.5452, 2.4659, -1.4095, 3.5067, 0.2012, 1.0922],
            [-0.0082, -0.0733, 0.0007, 0.2012, 0.6231, 0.1509],
            [-0.3809, 0.8945, -0.4301, 1.0922, 0.1509, 0.8992],
        ]
    )
    x = np.arange(64)[:, None] >> np.arange(6) & 1
    costs = 0.5 * np.einsum("si,ij,sj->s", x, sigma, x) - x @ mu
    cost = Ising.of_quadratic(mu, sigma, 0.5)
    for gammas, betas, expectation in (
        ([0.5], [0.6], one_layer),
        ([0.5, 0.8], [0.6, 0.3], two_layers),
    ):
        circuit = ansatz_circuit(cost, 3, gammas, betas, mixer=mixer)
        chances = np.abs(Statevector(circuit).data[:64]) ** 2
        assert chances @ costs == pytest.approx(expectation, abs=6e-11)


@pytest.mark.parametrize("mixer", Mixer)
def test_warm_start_equals_the_subspace_engine(mixer: Mixer) -> None:
    n, k = 6, 2
    relaxed, regularisation = np.array([0.17, 0.0, 0.97, 0.73, 1.0, 0.14]), 0.25
    inclusion = np.clip(relaxed, regularisation, 1 - regularisation)
    circuit = ansatz_circuit(cost_of(n, k), k, GAMMAS, BETAS, mixer=mixer, inclusion=inclusion)
    start = start_amplitudes(Basis(n, k), relaxed, regularisation)
    wanted = expected(n, k, mixer, circuit.num_qubits, start)
    np.testing.assert_allclose(Statevector(circuit).data, wanted, atol=1e-10)


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize("layers", [1, 2])
def test_swap_network_gives_the_same_amplitudes(mixer: Mixer, layers: int) -> None:
    for n, k in [(2, 1), (5, 2), (6, 4)]:
        angles = GAMMAS[:layers], BETAS[:layers]
        inclusion = np.linspace(0.2, 0.7, n)
        plain, swapped = (
            Statevector(
                ansatz_circuit(
                    cost_of(n, k),
                    k,
                    *angles,
                    mixer=mixer,
                    inclusion=inclusion,
                    swap_network=swap_network,
                )
            ).data
            for swap_network in (False, True)
        )
        np.testing.assert_allclose(swapped, plain, atol=1e-12)


@pytest.mark.parametrize("mixer", Mixer)
def test_template_binds_angles_afterwards(mixer: Mixer) -> None:
    n, k = 5, 2
    template = ansatz_template(cost_of(n, k), k, 2, mixer=mixer)
    assert template.circuit.num_parameters == 4
    bound = template.bind(GAMMAS, BETAS)
    assert bound.num_parameters == 0
    found = Statevector(bound).data
    np.testing.assert_allclose(found, expected(n, k, mixer, bound.num_qubits), atol=1e-10)


def test_terms_that_are_zero_take_no_gate() -> None:
    couplings = np.zeros((4, 4))
    couplings[0, 3] = 1.0
    cost = Ising(offset=0.0, fields=np.array([0.0, 1.0, 0.0, 0.0]), couplings=couplings)
    counts = ansatz_circuit(cost, 2, [0.3], [0.2]).count_ops()
    assert counts["rzz"] == counts["rz"] == 1


def test_measures_the_choice_and_no_ancilla() -> None:
    circuit = ansatz_circuit(cost_of(4, 2), 2, GAMMAS, BETAS, mixer=Mixer.COMPLETE)
    assert circuit.num_qubits > 4
    whole = measured(circuit, 4)
    assert whole.num_clbits == whole.count_ops()["measure"] == 4
    counts = AerSimulator(seed_simulator=1).run(whole, shots=200).result().get_counts()
    assert {len(bits) for bits in counts} == {4}
    assert {bits.count("1") for bits in counts} == {2}


def test_no_layer_leaves_the_start() -> None:
    found = Statevector(ansatz_circuit(cost_of(4, 1), 1, [], [])).data
    np.testing.assert_allclose(np.abs(found) ** 2 @ np.arange(16), (1 + 2 + 4 + 8) / 4)


@pytest.mark.parametrize(
    ("field", "k", "gammas", "inclusion"),
    [
        ("k", 0, [0.1], None),
        ("k", 4, [0.1], None),
        ("betas", 2, [0.1, 0.2], None),
        ("inclusion", 2, [0.1], np.full(3, 0.5)),
    ],
)
def test_refuses_what_fits_no_circuit(
    field: str, k: int, gammas: list[float], inclusion: np.ndarray | None
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ansatz_circuit(cost_of(4, 2), k, gammas, [0.1], inclusion=inclusion)
    assert refused.value.context["field"] == field


def test_template_refuses_another_depth() -> None:
    template = ansatz_template(cost_of(4, 2), 2, 2)
    with pytest.raises(InvalidInput):
        template.bind(GAMMAS, BETAS[:1])
    with pytest.raises(InvalidInput):
        ansatz_template(cost_of(4, 2), 2, 0)


def test_problems_and_subspace_do_not_load_qiskit() -> None:
    code = (
        "import sys, quant.portfolio, quant.quantum.qaoa, quant.quantum.subspace;"
        "import quant.quantum.ising, quant.quantum.rotations;"
        "sys.exit(any(name.startswith('qiskit') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
