"""Own the ansatz as Qiskit circuits: start state, phase of a quadratic cost, mixer, layer by layer.

Qubit i of a circuit is bit i of a mask, so a Qiskit bit string read in base 2 is the mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit import AncillaRegister, ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import ParameterExpression, ParameterVector

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.dicke import dicke_circuit, leaning_circuit
from quant.quantum.ising import Ising, coupling_order
from quant.quantum.mixer_circuits import ancilla_count, mixer_circuit

Reals = NDArray[np.float64]
Angle: TypeAlias = float | ParameterExpression
Angles: TypeAlias = Sequence[Angle] | Reals | ParameterVector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """Hold an ansatz whose angles are yet to be bound.

    It is built once for many angles, and fitted to a device once: that only replaces `circuit`.
    """

    circuit: QuantumCircuit
    gammas: ParameterVector
    betas: ParameterVector

    def bind(
        self, gammas: Sequence[float] | Reals, betas: Sequence[float] | Reals
    ) -> QuantumCircuit:
        """Return the circuit with p gammas and p betas in place.

        Raises:
            InvalidInput: there are not p of each.
        """
        for field, found in (("gammas", gammas), ("betas", betas)):
            if len(found) != len(self.gammas):
                reason = f"expected {len(self.gammas)} angles, was {len(found)}"
                raise InvalidInput(field=field, reason=reason)
        values = {self.gammas: list(gammas), self.betas: list(betas)}
        return self.circuit.assign_parameters(values)


def ansatz_circuit(
    cost: Ising,
    k: int,
    gammas: Angles,
    betas: Angles,
    *,
    mixer: Mixer = Mixer.RING,
    inclusion: Reals | None = None,
    swap_network: bool = False,
) -> QuantumCircuit:
    """Build the start state, then per layer exp(−iγc) and the mixer, without measurement.

    The start is the Dicke state of weight k, or `leaning_circuit` of the chances `inclusion`
    (n,). Angles are numbers or Qiskit parameters. A `swap_network` carries the phases between
    neighbours of a line, with fewer gates on a device of few couplings and more elsewhere.
    Amplitudes equal those of the subspace engine, global phase included. Qubits beyond the first
    n are ancillas of the mixer and end as zero.

    Raises:
        InvalidInput: k is not in 1…n−1, there are not as many betas as gammas, or the chances do
            not fit.
    """
    n = cost.n
    if len(gammas) != len(betas):
        reason = f"expected as many betas as gammas, were {len(betas)} and {len(gammas)}"
        raise InvalidInput(field="betas", reason=reason)
    start = _start_circuit(n, k, inclusion)
    circuit = QuantumCircuit(QuantumRegister(n, "q"))
    if ancillas := ancilla_count(mixer, n, k):
        circuit.add_register(AncillaRegister(ancillas, "counter"))
    # each network turns the line round, so an odd number of them starts from its far end
    line = range(n)[::-1] if swap_network and len(gammas) % 2 else range(n)
    circuit.compose(start, line, inplace=True)
    for gamma, beta in zip(gammas, betas, strict=True):
        if swap_network:
            _append_swap_network(circuit, cost, gamma, list(line))
            line = line[::-1]
        else:
            _append_phase(circuit, cost, gamma)
        step = mixer_circuit(mixer, n, k, beta)
        circuit.compose(step, [*line, *range(n, n + ancillas)], inplace=True)
    return circuit


def ansatz_template(
    cost: Ising,
    k: int,
    layers: int,
    *,
    mixer: Mixer = Mixer.RING,
    inclusion: Reals | None = None,
    swap_network: bool = False,
) -> Template:
    """Build `ansatz_circuit` over parameters γ[0]… and β[0]… of that many layers.

    Raises:
        InvalidInput: as `ansatz_circuit`, or no layer was asked for.
    """
    if layers < 1:
        raise InvalidInput(field="layers", reason=f"expected at least 1, was {layers}")
    gammas, betas = ParameterVector("γ", layers), ParameterVector("β", layers)
    circuit = ansatz_circuit(
        cost, k, gammas, betas, mixer=mixer, inclusion=inclusion, swap_network=swap_network
    )
    return Template(circuit=circuit, gammas=gammas, betas=betas)


def measured(circuit: QuantumCircuit, n: int) -> QuantumCircuit:
    """Return a copy which measures qubits 0…n−1 into bits of the same number, and no ancilla."""
    bits = ClassicalRegister(n, "meas")
    whole = circuit.copy()
    whole.add_register(bits)
    whole.measure(range(n), bits)
    return whole


def _start_circuit(n: int, k: int, inclusion: Reals | None) -> QuantumCircuit:
    if inclusion is None:
        return dicke_circuit(n, k)
    if inclusion.shape != (n,):
        reason = f"expected shape ({n},), was {inclusion.shape}"
        raise InvalidInput(field="inclusion", reason=reason)
    return leaning_circuit(inclusion, k)


def _append_phase(circuit: QuantumCircuit, cost: Ising, gamma: Angle) -> None:
    circuit.global_phase -= gamma * cost.offset
    for i, field in enumerate(cost.fields.tolist()):
        if field:
            circuit.rz(2 * gamma * field, i)
    for i, j in coupling_order(cost.n):
        if coupling := float(cost.couplings[i, j]):
            circuit.rzz(2 * gamma * coupling, i, j)


def _append_swap_network(
    circuit: QuantumCircuit, cost: Ising, gamma: Angle, held: list[int]
) -> None:
    """Phase every pair where it meets, and swap it on; `held` tells whose value a qubit has.

    After n layers of neighbours every pair has met once and the line is turned round. A swap is
    a quarter turn about XX, YY and ZZ but for its phase, so both together are still three CX.
    """
    n = cost.n
    for qubit, i in enumerate(held):
        circuit.rz(2 * gamma * float(cost.fields[i]), qubit)
    circuit.global_phase += n * (n - 1) / 2 * pi / 4 - gamma * cost.offset
    for layer in range(n):
        for qubit in range(layer % 2, n - 1, 2):
            i, j = sorted(held[qubit : qubit + 2])
            circuit.rxx(pi / 2, qubit, qubit + 1)
            circuit.ryy(pi / 2, qubit, qubit + 1)
            circuit.rzz(pi / 2 + 2 * gamma * float(cost.couplings[i, j]), qubit, qubit + 1)
            held[qubit], held[qubit + 1] = held[qubit + 1], held[qubit]
