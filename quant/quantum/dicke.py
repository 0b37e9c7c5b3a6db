"""Own the start states as circuits: the Dicke state, and one that leans towards some of the qubits.

Bärtschi and Eidenbenz, "Deterministic Preparation of Dicke States" (arXiv 1904.07358): from k
ones on top, split-and-cyclic-shift blocks act on ever fewer qubits. They never change the weight.
"""

from collections.abc import Callable
from math import acos, sqrt

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Chance = Callable[[int, int], float]


def dicke_circuit(n: int, k: int) -> QuantumCircuit:
    """Build the equal superposition of all n-bit states with k ones, O(n·min(k, n−k)) gates.

    Raises:
        InvalidInput: k is not in 1…n−1.
    """
    check_weight(n, k)
    if k > n - k:
        return _flipped(dicke_circuit(n, n - k))
    return _on_top(n, k).compose(spread_circuit(n, k))


def leaning_circuit(inclusion: Reals, k: int) -> QuantumCircuit:
    """Build Σ √P(x)|x⟩, P the law of independent bits of chance `inclusion` (n,) given k ones.

    The same gates as the Dicke state with other angles; equal chances give the Dicke state itself,
    chances of 0 and 1 a single subset.

    Raises:
        InvalidInput: k is not in 1…n−1, a chance is not in 0…1, or no state of k ones has any.
    """
    check_weight(len(inclusion), k)
    if not bool(((inclusion >= 0) & (inclusion <= 1)).all()):
        raise InvalidInput(field="inclusion", reason="expected chances from 0 to 1")
    if _weight_law(inclusion, k)[-1, k] <= 0:
        raise InvalidInput(field="inclusion", reason=f"no state of {k} ones has a chance")
    return _leaning(inclusion, k)


def spread_circuit(n: int, k: int) -> QuantumCircuit:
    """Build the unitary that takes the k top qubits' ones to the Dicke state, keeping weights.

    Raises:
        InvalidInput: k is not in 1…n−1.
    """
    check_weight(n, k)
    return _spread(n, k, lambda length, ones: ones / length)


def check_weight(n: int, k: int) -> None:
    """Refuse a weight that leaves nothing to choose.

    Raises:
        InvalidInput: k is not in 1…n−1.
    """
    if not 1 <= k < n:
        raise InvalidInput(field="k", reason=f"expected 1 to {n - 1}, was {k}")


def _leaning(inclusion: Reals, k: int) -> QuantumCircuit:
    n = len(inclusion)
    if k > n - k:
        return _flipped(_leaning(1.0 - inclusion, n - k))
    law = _weight_law(inclusion, k)

    def chance(length: int, ones: int) -> float:
        among = law[length, ones]
        last = inclusion[length - 1] * law[length - 1, ones - 1]
        return float(min(last / among, 1.0)) if among > 0 else 0.0

    return _on_top(n, k).compose(_spread(n, k, chance))


def _weight_law(inclusion: Reals, k: int) -> Reals:
    """Return P(ones among the first `length` bits) as (n+1, k+1)."""
    n = len(inclusion)
    law = np.zeros((n + 1, k + 1))
    law[0, 0] = 1.0
    for length, chance in enumerate(inclusion.tolist(), start=1):
        law[length] = (1.0 - chance) * law[length - 1]
        law[length, 1:] += chance * law[length - 1, :-1]
    return law


def _flipped(circuit: QuantumCircuit) -> QuantumCircuit:
    # of zeros and ones the rarer are prepared
    circuit.x(range(circuit.num_qubits))
    return circuit


def _on_top(n: int, k: int) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    circuit.x(range(n - k, n))
    return circuit


def _spread(n: int, k: int, chance: Chance) -> QuantumCircuit:
    """`chance` tells how likely the last of `length` bits is one when `ones` of them are."""
    circuit = QuantumCircuit(n)
    for length in range(n, 1, -1):
        last = length - 1
        for ones in range(1, min(k, last) + 1):
            angle = 2 * acos(sqrt(chance(length, ones)))
            target = last - ones
            circuit.cx(target, last)
            if ones == 1:
                _controlled_ry(circuit, angle, last, target)
            else:
                _doubly_controlled_ry(circuit, angle, last, target + 1, target)
            circuit.cx(target, last)
    return circuit


def _controlled_ry(circuit: QuantumCircuit, angle: float, control: int, target: int) -> None:
    circuit.ry(angle / 2, target)
    circuit.cx(control, target)
    circuit.ry(-angle / 2, target)
    circuit.cx(control, target)


def _doubly_controlled_ry(
    circuit: QuantumCircuit, angle: float, first: int, second: int, target: int
) -> None:
    """Rotate only where both controls are one: four quarter turns, two of them between flips."""
    for control, quarter in ((second, angle / 4), (first, -angle / 4)) * 2:
        circuit.ry(quarter, target)
        circuit.cx(control, target)
