"""Own what simulating costs: the amounts of work of each method, and the seconds that each takes.

The seconds are measured, never typed in: `python -m benchmarks.backend_costs` fits them to runs on
one core and writes `costs.json` beside this file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import comb
from pathlib import Path
from typing import Any

COSTS_FILE = Path(__file__).with_name("costs.json")

_BYTES_PER_AMPLITUDE = 16
_COPIES = 2  # the state, and a copy of it while it is sampled


class Way(StrEnum):
    """Name the ways of simulating that differ in what they cost."""

    SUBSPACE = "subspace"
    STABILIZER = "stabilizer"
    MATRIX_PRODUCT_STATE = "matrix_product_state"
    STATEVECTOR = "statevector"
    NOISY_STATEVECTOR = "noisy_statevector"
    NOISY_DENSITY_MATRIX = "noisy_density_matrix"
    HARDWARE = "hardware"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Say how much one point is: `repeats` tells that every shot evolves the state anew."""

    qubits: int
    gates: int
    two_qubit_gates: int
    cut_bits: int
    shots: int
    terms: int
    repeats: bool
    weight: int | None = None

    @property
    def evolutions(self) -> int:
        return max(1, self.shots) if self.repeats else 1

    @property
    def bond_bits(self) -> int:
        """Bound the bits over any bond of a line: half of the qubits carry no more."""
        return min(self.cut_bits, self.qubits // 2)


def work(way: Way, amount: Amount) -> dict[str, float]:
    """Return how often each elementary step of a way is taken for one point."""
    if way is Way.STABILIZER:
        return _stabilizer(amount)
    if way is Way.MATRIX_PRODUCT_STATE:
        return _matrix_product_state(amount)
    if way is Way.HARDWARE:
        return {"shot": float(amount.shots)}
    evolutions = amount.shots if way is Way.NOISY_STATEVECTOR else amount.evolutions
    size = float(_size(way, amount))
    return {
        "circuit": 1.0,
        "amplitude": size,
        "gate": float(evolutions * amount.gates),
        "gate_amplitude": evolutions * amount.gates * size,
        "shot": float(amount.shots),
        "term_amplitude": amount.terms * size,
    }


def seconds(way: Way, amount: Amount) -> float:
    """Return the seconds that one point takes on one core."""
    cost = measured()[way]
    return sum(cost[step] * count for step, count in work(way, amount).items())


def bytes_needed(way: Way, amount: Amount) -> int:
    """Return the memory that the states of a way take."""
    if way is Way.STABILIZER:  # a tableau of 2n rows of 2n + 1 bits
        return _COPIES * (2 * amount.qubits) * (2 * amount.qubits + 1) // 8
    if way is Way.MATRIX_PRODUCT_STATE:
        tensors = amount.qubits * 2 << 2 * amount.bond_bits
        return _COPIES * _BYTES_PER_AMPLITUDE * tensors
    return _COPIES * _BYTES_PER_AMPLITUDE * _size(way, amount)


@lru_cache(maxsize=1)
def measured() -> Mapping[Way, Mapping[str, float]]:
    """Return the seconds of each elementary step of each way, as measured."""
    stored: dict[str, Any] = json.loads(COSTS_FILE.read_text())
    return {Way(name): steps for name, steps in stored["seconds"].items()}


def _size(way: Way, amount: Amount) -> int:
    if way is Way.SUBSPACE:
        return comb(amount.qubits, amount.weight or 0)
    if way is Way.NOISY_DENSITY_MATRIX:
        return 1 << 2 * amount.qubits
    return 1 << amount.qubits


def _stabilizer(amount: Amount) -> dict[str, float]:
    qubits = float(amount.qubits)
    return {
        "circuit": 1.0,
        "gate": float(amount.evolutions * amount.gates),
        "gate_qubit": amount.evolutions * amount.gates * qubits,
        "shot_qubit": amount.shots * qubits,
        "shot_qubit_square": amount.shots * qubits**2,
        "term_qubit": amount.terms * qubits,
    }


def _matrix_product_state(amount: Amount) -> dict[str, float]:
    bond = 2.0**amount.bond_bits
    return {
        "circuit": 1.0,
        "gate": float(amount.evolutions * amount.gates),
        "two_qubit_gate": float(amount.evolutions * amount.two_qubit_gates),
        "bond_cube": amount.evolutions * amount.two_qubit_gates * bond**3,
        "shot_qubit": float(amount.shots * amount.qubits),
        "shot_bond_square": amount.shots * amount.qubits * bond**2,
        "term_qubit": float(amount.terms * amount.qubits),
        "term_bond_cube": amount.terms * amount.qubits * bond**3,
    }
