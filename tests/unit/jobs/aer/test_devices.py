"""Check the noise of a corner of a device against the noise of the whole."""

import pytest
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from core.backends import FAKE_DEVICES
from jobs.aer.devices import _device_classes, fake_device, noise_of, place


def test_the_corner_that_a_circuit_uses_is_as_noisy_as_in_the_whole() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.delay(4000, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    placed = place(circuit, "fake_manila").circuit
    counts = [
        AerSimulator(method="density_matrix", noise_model=noise)
        .run(placed, shots=2000, seed_simulator=3)
        .result()
        .get_counts()
        for noise in (
            noise_of(placed, "fake_manila"),
            NoiseModel.from_backend(fake_device("fake_manila")),
        )
    ]
    assert counts[0] == counts[1]
    assert len(counts[0]) == 8


@pytest.mark.parametrize("name", ["fake_lima", "fake_torino"])
def test_a_device_is_found_by_its_name(name: str) -> None:
    device = fake_device(name)
    assert device.name == name
    assert device.num_qubits == FAKE_DEVICES[name]


def test_no_device_of_the_table_is_missing() -> None:
    assert set(FAKE_DEVICES) <= set(_device_classes())
