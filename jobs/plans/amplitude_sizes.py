"""Own how much work an amplitude estimation is: powers of Q, phase qubits, circuits and gates.

Imports neither Qiskit nor SciPy, since the API and the RunManager's process decide here.
"""

from dataclasses import dataclass
from math import ceil, floor, log2, pi, sqrt
from statistics import NormalDist

from core.errors import InvalidInput
from core.specifications.amplitude import AmplitudeSpecification, Estimator, Measure
from jobs.backends.choice import Workload

LEAST_ACCURACY = 1e-6
MAX_GATES = 1_000_000
"""Refuse estimates whose deepest circuit holds more gates than this."""

MAX_PHASE_QUBITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Say what one question to a register takes: powers of Q, or phase qubits, and circuits.

    `circuits` is how many are sampled, as far as is known before; `deepest` the highest power.
    """

    powers: tuple[int, ...]
    phase_qubits: int
    circuits: int
    deepest: int


def schedule_of(specification: AmplitudeSpecification) -> Schedule:
    """Return the schedule that reaches the accuracy asked for.

    Iterative: powers grow to π/(8ε) in log₂ π/(8ε) rounds (Grinko et al., npj QI 2021). Maximum
    likelihood: as few exponential powers as bring z/(2√(N Σ(2k+1)²)) down to ε (Suzuki et al.,
    arXiv 1904.10246). Canonical: π/M + π²/M² ≤ ε of M = 2^m (quant-ph/0005055).

    Raises:
        InvalidInput: no schedule within bounds does; names `accuracy`.
    """
    accuracy = specification.accuracy
    if accuracy < LEAST_ACCURACY:
        raise _refused(reason=f"expected at least {LEAST_ACCURACY}, was {accuracy}")
    if specification.estimator is Estimator.ITERATIVE:
        deepest = floor(pi / (8 * accuracy))
        rounds = max(1, ceil(log2(pi / (8 * accuracy))))
        return Schedule(powers=(), phase_qubits=0, circuits=rounds, deepest=deepest)
    if specification.estimator is Estimator.MAXIMUM_LIKELIHOOD:
        powers = _likely_powers(specification)
        return Schedule(powers=powers, phase_qubits=0, circuits=len(powers), deepest=powers[-1])
    phase_qubits = next(
        (m for m in range(1, MAX_PHASE_QUBITS + 1) if pi / 2**m + (pi / 2**m) ** 2 <= accuracy),
        None,
    )
    if phase_qubits is None:
        raise _refused(
            reason=f"it takes more than {MAX_PHASE_QUBITS} phase qubits to reach {accuracy}"
        )
    return Schedule(powers=(), phase_qubits=phase_qubits, circuits=1, deepest=2**phase_qubits - 1)


def _likely_powers(specification: AmplitudeSpecification) -> tuple[int, ...]:
    normal = NormalDist().inv_cdf(1 - specification.alpha / 2)
    powers = [0]
    information = float(specification.shots)
    while normal / (2 * sqrt(information)) > specification.accuracy:
        powers.append(2 ** (len(powers) - 1))
        information += specification.shots * (2 * powers[-1] + 1) ** 2
    return tuple(powers)


def questions_of(specification: AmplitudeSpecification) -> int:
    """Count the questions of one repetition: an option is one, risk a bisection and two more."""
    return 1 if specification.measure is Measure.OPTION else specification.qubits + 2


def workload_of(specification: AmplitudeSpecification) -> Workload:
    """Say how many circuits are sampled, and how large the deepest is.

    Raises:
        InvalidInput: it holds too many gates; names `accuracy`.
    """
    schedule = schedule_of(specification)
    gates, two_qubit_gates = _gates(specification.qubits, schedule)
    if gates > MAX_GATES:
        raise _refused(
            reason=f"{specification.accuracy} on {specification.qubits} qubits takes a circuit of "
            f"{gates:,} gates, at most {MAX_GATES:,} are carried out"
        )
    return Workload(
        qubits=specification.qubits + 1 + schedule.phase_qubits,
        points=specification.repetitions * questions_of(specification) * schedule.circuits,
        shots=specification.shots,
        gates=gates,
        two_qubit_gates=two_qubit_gates,
        depth=gates,
        cut_bits=two_qubit_gates,
        is_clifford=False,
        is_dynamic=False,
        needs_circuits=True,
    )


def _gates(qubits: int, schedule: Schedule) -> tuple[int, int]:
    """Count the gates of the deepest circuit, and those on two qubits or more."""
    loading, entangling = 4 * 2**qubits - 3, 2 * 2**qubits - 2  # A: see quant.quantum.multiplexed
    step = 2 * loading + 2 * (qubits + 1) + 4
    steps = schedule.deepest
    gates, two_qubit_gates = loading + steps * step, entangling + steps * (2 * entangling + 1)
    if schedule.phase_qubits:
        fourier = schedule.phase_qubits * (schedule.phase_qubits + 1) // 2
        gates += steps + 2 * schedule.phase_qubits + fourier
        two_qubit_gates += steps + fourier
    return gates, two_qubit_gates


def _refused(*, reason: str) -> InvalidInput:
    return InvalidInput(field="accuracy", reason=reason)
