"""Check circuits on heavy-hex devices: native gates, couplings, amplitudes and counts."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import Statevector
from qiskit.transpiler import CouplingMap, Target

from core.mixers import Mixer
from quant.quantum.circuits import ansatz_circuit, ansatz_template, measured
from quant.quantum.devices import DEPTH_BASIS, Fitted, count_gates, depth, fit, unrolled
from quant.quantum.ising import Ising

GAMMAS, BETAS = [0.5, -0.8], [0.6, 1.3]


def cost_of(n: int) -> Ising:
    random = np.random.default_rng(n)
    factors = random.normal(size=(n, n))
    return Ising.of_quadratic(random.normal(size=n), factors @ factors.T / n, 0.5)


def heavy_hex() -> Target:
    return Target.from_configuration(
        ["cz", "rz", "sx", "x"], coupling_map=CouplingMap.from_heavy_hex(3)
    )


def amplitudes_of(fitted: Fitted) -> np.ndarray:
    """Return the amplitudes of the qubits that were fitted, by their own order.

    Qubits of the device without a gate are left out; the rest must end as zero.
    """
    circuit = fitted.circuit
    used = {circuit.find_bit(q).index for step in circuit.data for q in step.qubits}
    place = {qubit: i for i, qubit in enumerate(sorted(used | set(fitted.positions)))}
    small = QuantumCircuit(len(place), global_phase=circuit.global_phase)
    for step in circuit.data:
        small.append(step.operation, [place[circuit.find_bit(q).index] for q in step.qubits])
    masks = np.arange(2 ** len(fitted.positions))
    indices = sum(
        (masks >> i & 1) << place[position] for i, position in enumerate(fitted.positions)
    )
    return np.asarray(Statevector(small).data[indices])


def assert_runs_on(fitted: Fitted, target: Target) -> None:
    for step in fitted.circuit.data:
        qubits = tuple(fitted.circuit.find_bit(q).index for q in step.qubits)
        assert target.instruction_supported(step.operation.name, qubits), step


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("n", "k"), [(4, 2), (6, 2)])
def test_amplitudes_survive_placement_and_routing(n: int, k: int, mixer: Mixer) -> None:
    circuit = ansatz_circuit(cost_of(n), k, GAMMAS, BETAS, mixer=mixer)
    fitted = fit(circuit, heavy_hex(), seed=7)
    assert_runs_on(fitted, heavy_hex())
    np.testing.assert_allclose(amplitudes_of(fitted), Statevector(circuit).data, atol=1e-10)


def test_a_template_is_fitted_once() -> None:
    template = ansatz_template(cost_of(4), 2, 2)
    fitted = fit(template.circuit, heavy_hex(), seed=7)
    bound = replace(template, circuit=fitted.circuit).bind(GAMMAS, BETAS)
    wanted = Statevector(template.bind(GAMMAS, BETAS)).data
    np.testing.assert_allclose(amplitudes_of(replace(fitted, circuit=bound)), wanted, atol=1e-10)


def test_counts_before_and_after_routing() -> None:
    circuit = ansatz_circuit(cost_of(6), 3, GAMMAS, BETAS)
    fitted = fit(circuit, heavy_hex(), seed=7)
    assert fitted.after == count_gates(fitted.circuit)
    assert fitted.before.two_qubit <= count_gates(unrolled(circuit)).two_qubit
    assert fitted.before.two_qubit < fitted.after.two_qubit
    assert fitted.before.two_qubit_depth < fitted.after.two_qubit_depth < fitted.after.depth


@pytest.mark.parametrize("mixer", [Mixer.RING, Mixer.RING_EXACT])
def test_a_swap_network_takes_fewer_gates_on_a_device(mixer: Mixer) -> None:
    counts = []
    for swap_network in (False, True):
        circuit = ansatz_circuit(
            cost_of(8), 3, GAMMAS, BETAS, mixer=mixer, swap_network=swap_network
        )
        fitted = fit(circuit, heavy_hex(), seed=7)
        np.testing.assert_allclose(amplitudes_of(fitted), Statevector(circuit).data, atol=1e-10)
        counts.append(fitted.after)
    assert counts[1].two_qubit < counts[0].two_qubit
    assert counts[1].two_qubit_depth < counts[0].two_qubit_depth


def test_the_same_seed_fits_alike() -> None:
    circuit = ansatz_circuit(cost_of(5), 2, GAMMAS, BETAS)
    first, second = (fit(circuit, heavy_hex(), seed=3) for _ in range(2))
    assert first.circuit == second.circuit
    assert first.positions == second.positions


def test_counts_no_measurement() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    found = count_gates(circuit)
    assert (found.two_qubit, found.two_qubit_depth, found.depth) == (2, 2, 3)
    assert count_gates(measured(circuit, 3)).two_qubit == 2


@pytest.mark.parametrize("mixer", Mixer)
def test_unrolling_keeps_the_amplitudes(mixer: Mixer) -> None:
    circuit = ansatz_circuit(cost_of(6), 4, GAMMAS, BETAS, mixer=mixer)
    plain = unrolled(circuit)
    assert set(plain.count_ops()) <= set(DEPTH_BASIS)
    np.testing.assert_allclose(Statevector(plain).data, Statevector(circuit).data, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("mixer", Mixer)
def test_depth_equals_transpile_at_level_one(mixer: Mixer) -> None:
    circuit = ansatz_circuit(cost_of(8), 3, GAMMAS, BETAS, mixer=mixer)
    expected = transpile(circuit, basis_gates=list(DEPTH_BASIS), optimization_level=1)
    assert depth(circuit) == expected.depth()


@pytest.mark.slow
@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize("name", ["FakeSherbrooke", "FakeTorino"])
def test_fits_ibm_heavy_hex_devices(name: str, mixer: Mixer) -> None:
    from qiskit_ibm_runtime import fake_provider  # takes seconds to import

    device = getattr(fake_provider, name)()
    circuit = ansatz_circuit(cost_of(6), 3, GAMMAS, BETAS, mixer=mixer)
    fitted = fit(circuit, device, seed=11)
    assert_runs_on(fitted, device.target)
    assert fitted.circuit.num_qubits == device.num_qubits
    np.testing.assert_allclose(amplitudes_of(fitted), Statevector(circuit).data, atol=1e-10)
