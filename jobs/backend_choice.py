"""Own the choice of a backend: what a run would cost on each, and why one is taken."""

from dataclasses import dataclass
from typing import Any

from core.backends import Backend, Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Say what there is to simulate.

    `weight` is k where every state keeps k ones, else None. `points` circuits of `shots` shots
    each (0 where exact values are asked for); `terms` counts Pauli words, 0 where counts are asked
    for. `cut_bits` bounds the entanglement: the most two-qubit gates over any cut of the line.
    `needs_circuits` tells that QPY programs and not the subspace kernel are simulated.
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
