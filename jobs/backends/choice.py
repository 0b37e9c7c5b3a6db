"""Own the choice of a backend: what a run would cost on each, and why one is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.backends import FAKE_DEVICES, Backend, Family, Method
from core.errors import InvalidInput
from jobs.backends.costs import Amount, Way, bytes_needed, seconds

_METHODS = {
    Way.SUBSPACE: None,
    Way.STABILIZER: Method.STABILIZER,
    Way.MATRIX_PRODUCT_STATE: Method.MATRIX_PRODUCT_STATE,
    Way.STATEVECTOR: Method.STATEVECTOR,
    Way.NOISY_STATEVECTOR: Method.STATEVECTOR,
    Way.NOISY_DENSITY_MATRIX: Method.DENSITY_MATRIX,
}
_EXACT = (Way.STABILIZER, Way.MATRIX_PRODUCT_STATE, Way.STATEVECTOR)
_NOISY = (Way.NOISY_STATEVECTOR, Way.NOISY_DENSITY_MATRIX)
_NAMES = {
    Way.SUBSPACE: "the subspace kernel",
    Way.STABILIZER: "stabilizer simulation",
    Way.MATRIX_PRODUCT_STATE: "a matrix product state",
    Way.STATEVECTOR: "a state vector",
    Way.NOISY_STATEVECTOR: "a state vector for each shot",
    Way.NOISY_DENSITY_MATRIX: "a density matrix",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Say what there is to simulate.

    `weight` is k where every state keeps k ones, else None. `points` circuits of `shots` shots
    each (0 where exact values are asked for); `terms` counts Pauli words, 0 where counts are asked
    for. `cut_bits` bounds the entanglement: the most bits over any cut of the line of qubits.
    `needs_circuits` tells that QPY programs and not the subspace kernel are simulated.
    `classical_s` is what work without any circuit takes on one core, None where there is one.
    """

    qubits: int
    points: int
    shots: int
    gates: int
    two_qubit_gates: int
    depth: int
    cut_bits: int
    is_clifford: bool
    is_dynamic: bool
    needs_circuits: bool
    weight: int | None = None
    terms: int = 0
    classical_s: float | None = None

    @classmethod
    def classical(cls, *, points: int, shots: int, seconds: float) -> "Workload":
        """Say that there is no circuit, but so many points and draws in so many seconds."""
        return cls(
            qubits=0,
            points=points,
            shots=shots,
            gates=0,
            two_qubit_gates=0,
            depth=0,
            cut_bits=0,
            is_clifford=False,
            is_dynamic=False,
            needs_circuits=False,
            classical_s=seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Hold what a run would take on one backend; `reason` says why it cannot, if it cannot."""

    backend: Backend
    method: Method | None
    seconds: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hold the backend taken, the seconds it is expected to take on one core, and why."""

    backend: Backend
    method: Method | None
    seconds: float
    why: str
    considered: tuple[Candidate, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the choice as JSON-ready values."""
        return {
            "backend": str(self.backend),
            "method": self.method,
            "estimated_s": self.seconds,
            "why": self.why,
            "considered": [
                {
                    "backend": str(candidate.backend),
                    "method": candidate.method,
                    "estimated_s": candidate.seconds,
                    "reason": candidate.reason,
                }
                for candidate in self.considered
            ],
        }


def choose(workload: Workload, asked: Backend, memory_bytes: int) -> Choice:
    """Choose what carries a workload out: the cheapest exact way, or the backend asked for.

    `memory_bytes` is what one task may take. Without a wish (`auto`) neither noise nor hardware
    is chosen.

    Raises:
        InvalidInput: the backend asked for cannot do the work; names `backend` and says why.
    """
    if workload.classical_s is not None:
        return _classical(asked, workload.classical_s)
    _require(asked.family is not Family.CLASSICAL, f"{asked} carries out no circuits")
    if asked.family is Family.IBM:
        return _hardware(workload, asked)
    weighed = [_weigh(workload, way, asked, memory_bytes) for way in _ways(asked)]
    able = sorted((each for each in weighed if each.candidate.reason is None), key=_cost)
    if not able:
        reasons = "; ".join(f"{_NAMES[each.way]}: {each.candidate.reason}" for each in weighed)
        raise InvalidInput(field="backend", reason=f"{asked} cannot carry this out ({reasons})")
    best = able[0]
    return Choice(
        backend=best.candidate.backend,
        method=best.candidate.method,
        seconds=_cost(best),
        why=_why(workload, asked, able, weighed),
        considered=tuple(each.candidate for each in weighed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    way: Way
    candidate: Candidate


def _cost(weighed: _Weighed) -> float:
    return weighed.candidate.seconds or 0.0


def _classical(asked: Backend, expected_s: float) -> Choice:
    carries_out = {Family.AUTO, Family.CLASSICAL}
    _require(asked.family in carries_out, f"{asked} carries out circuits, of which there is none")
    return Choice(
        backend=Backend(family=Family.CLASSICAL),
        method=None,
        seconds=expected_s,
        why=f"There is no circuit in it: it takes about {_duration(expected_s)} on one core.",
    )


def _hardware(workload: Workload, asked: Backend) -> Choice:
    _require(workload.shots > 0, f"{asked} gives samples, not exact values")
    expected = workload.points * seconds(Way.HARDWARE, _amount(workload))
    return Choice(
        backend=asked,
        method=None,
        seconds=expected,
        why=f"{asked} was asked for: {workload.points * workload.shots:,} shots keep it busy for "
        f"about {_duration(expected)}.",
    )


def _ways(asked: Backend) -> Sequence[Way]:
    if asked.is_noisy:
        return _NOISY
    if asked.family is Family.SUBSPACE:
        return (Way.SUBSPACE,)
    return _EXACT if asked.family is Family.AER else (Way.SUBSPACE, *_EXACT)


def _weigh(workload: Workload, way: Way, asked: Backend, memory_bytes: int) -> _Weighed:
    family = Family.SUBSPACE if way is Way.SUBSPACE else Family.AER
    reason = _obstacle(workload, way, asked, memory_bytes)
    cost = None if reason else workload.points * seconds(way, _amount(workload))
    return _Weighed(
        way=way,
        candidate=Candidate(
            backend=Backend(family=family, device=asked.device),
            method=_METHODS[way],
            seconds=cost,
            reason=reason,
        ),
    )


def _obstacle(workload: Workload, way: Way, asked: Backend, memory_bytes: int) -> str | None:
    if way is Way.SUBSPACE and workload.needs_circuits:
        return "it carries out QAOA problems, not circuits"
    if way is Way.SUBSPACE and workload.weight is None:
        return "the number of ones is not kept"
    if way is Way.STABILIZER and not workload.is_clifford:
        return "not every gate is Clifford"
    if way in _NOISY:
        held = FAKE_DEVICES[str(asked.device)]
        if workload.qubits > held:
            return f"{asked.device} has {held} qubits, {workload.qubits} are needed"
        if workload.shots == 0:
            return "exact values need a simulator without noise"
    needed = bytes_needed(way, _amount(workload))
    if needed > memory_bytes:
        return f"it needs {_size(needed)} of memory, a task may take {_size(memory_bytes)}"
    return None


def _amount(workload: Workload) -> Amount:
    return Amount(
        qubits=workload.qubits,
        gates=workload.gates,
        two_qubit_gates=workload.two_qubit_gates,
        cut_bits=workload.cut_bits,
        shots=workload.shots,
        terms=workload.terms,
        repeats=workload.is_dynamic,
        weight=workload.weight,
    )


def _why(
    workload: Workload, asked: Backend, able: Sequence[_Weighed], weighed: Sequence[_Weighed]
) -> str:
    best = able[0]
    lead = f"{_lead(workload, best.way, asked)} takes about {_duration(_cost(best))} on one core"
    if asked.family is Family.AUTO:
        lead = f"{lead[0].upper()}{lead[1:]}"
    else:
        lead = f"{asked} was asked for: {lead}"
    return f"{lead}{_comparison(able, weighed)}."


def _comparison(able: Sequence[_Weighed], weighed: Sequence[_Weighed]) -> str:
    if len(able) > 1:
        return f", against {_duration(_cost(able[1]))} with {_NAMES[able[1].way]}"
    barred = [each for each in weighed if each.candidate.reason is not None]
    if not barred:
        return ""
    last = barred[-1]
    return f"; {_NAMES[last.way]} is out of the question: {last.candidate.reason}"


def _lead(workload: Workload, way: Way, asked: Backend) -> str:
    name = _NAMES[way]
    if way is Way.SUBSPACE:
        return f"{name}, exact because every state keeps {workload.weight} ones,"
    if way is Way.STABILIZER:
        return f"{name}, exact because every gate is Clifford,"
    if way is Way.MATRIX_PRODUCT_STATE:
        bits = _amount(workload).bond_bits
        return f"{name}, exact with at most {bits} bits of entanglement over any cut,"
    if way in _NOISY:
        return f"{name} of {workload.qubits} qubits with the noise of {asked.device}"
    return f"{name} of 2^{workload.qubits} amplitudes"


def _duration(value: float) -> str:
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0)):
        if value >= 2 * size or (unit == "s" and value >= size):
            return f"{value / size:.3g} {unit}"
    return f"{max(value * 1_000, 0.001):.3g} ms"


def _size(count: int) -> str:
    power = max(0, min(8, (count.bit_length() - 1) // 10))
    unit = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")[power]
    return f"{count / 1024**power:.3g} {unit}"


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidInput(field="backend", reason=reason)
