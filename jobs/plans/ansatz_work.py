"""Own how much work QAOA circuits are: on Aer, in the subspace, and in training their angles."""

from core.backends import Backend, Family
from core.mixers import Mixer
from jobs.backends.choice import Workload
from jobs.backends.costs import Amount, Way, bytes_needed, seconds
from jobs.plans.ansatz_sizes import Size, ansatz_size
from quant.quantum.sweep import block_sizes, group_blocks

AFFORDABLE_S = 120.0
AFFORDABLE_BYTES = 1 << 30
EVALUATIONS = 60
"""Expect so many evaluations, each with a gradient, of training from one start."""

_GRADIENT = 4.0  # expectations that one gradient takes the time of


def circuit_workload(
    *, n: int, k: int, depth: int, mixer: Mixer, points: int, shots: int, backend: str
) -> Workload:
    """Say what sampling an ansatz takes.

    Without a wish (`auto`) real circuits are sampled while that is affordable, and the state of
    the subspace beyond; see `is_affordable`.
    """
    family = Backend.parse(backend).family
    size = ansatz_size(n, k, depth, mixer)
    affordable = is_affordable(size, points, shots)
    needs_circuits = family not in {Family.AUTO, Family.SUBSPACE} or (
        family is Family.AUTO and affordable
    )
    return Workload(
        qubits=size.qubits if needs_circuits else n,
        points=points,
        shots=shots,
        gates=size.gates,
        two_qubit_gates=size.two_qubit,
        depth=size.depth,
        cut_bits=size.cut_bits,
        is_clifford=False,
        is_dynamic=False,
        needs_circuits=needs_circuits,
        weight=k,
    )


def is_affordable(size: Size, points: int, shots: int) -> bool:
    """Return whether Aer may take on circuits nobody asked it for: two minutes, and 1 GiB."""
    groups = len(group_blocks(len(block_sizes(shots))))
    amount = Amount(
        qubits=size.qubits,
        gates=size.gates,
        two_qubit_gates=size.two_qubit,
        cut_bits=size.cut_bits,
        shots=shots,
        terms=0,
        repeats=False,
    )
    fits = bytes_needed(Way.STATEVECTOR, amount) <= AFFORDABLE_BYTES
    return fits and points * groups * seconds(Way.STATEVECTOR, amount) <= AFFORDABLE_S


def evaluation_seconds(n: int, k: int, depth: int, mixer: Mixer) -> float:
    """Return the seconds that one expectation takes in the subspace on one core."""
    size = ansatz_size(n, k, depth, mixer)
    amount = Amount(
        qubits=n,
        gates=size.gates,
        two_qubit_gates=size.two_qubit,
        cut_bits=size.cut_bits,
        shots=0,
        terms=0,
        repeats=False,
        weight=k,
    )
    return seconds(Way.SUBSPACE, amount)


def training_seconds(n: int, k: int, depth: int, mixer: Mixer, starts: int) -> float:
    """Return the seconds that training from so many starts takes on one core."""
    return starts * EVALUATIONS * _GRADIENT * evaluation_seconds(n, k, depth, mixer)
