"""Own the kernels that couple qubits to total spins, and the one that lowers a total spin.

States of m qubits with t ones are kept, once coupled, in groups d = 0…min(t, m−t) of total spin
m/2 − d: group d begins at C(m, d−1). Inside a group the order does not depend on t.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Integers = NDArray[np.int64]
Values = NDArray[np.floating[Any]]
Amplitudes = NDArray[np.complexfloating[Any, Any]]


class Couplings(NamedTuple):
    """Hold the numbers of the recursion, and what couples the lowest qubits at once.

    `groups[m, d]`: C(m, d−1), where group d begins. `roots`: square roots of whole numbers.
    `bases[t]`: the orthogonal matrix from states to spins of the lowest qubits with t ones, or
    its transpose for the way back; there are len(bases) − 1 such qubits. `lowered[t, row]`: the
    states of theirs that lose one of t ones.
    """

    groups: Integers
    roots: Values
    bases: Values
    lowered: Integers


@kernel
def couple(x: Values, y: Values, start: int, qubits: int, ones: int, tables: Couplings) -> None:
    """Take one block from states, in x, to total spins, in x or y.

    Real and imaginary parts stand in turn. A block changes between x and y with each qubit more
    than the base holds, and stays where it begins.
    """
    base = len(tables.bases) - 1
    is_odd = (qubits - base) % 2 == 1
    if qubits == base:
        _multiply(x, start, tables.bases[ones], tables.groups[base, ones + 1])
    elif ones == 0 or ones == qubits:
        if is_odd:
            _copy(x, start, y, start, 1)
    else:
        couple(x, y, start, qubits - 1, ones, tables)
        middle = start + tables.groups[qubits - 1, ones + 1]
        couple(x, y, middle, qubits - 1, ones - 1, tables)
        if is_odd:
            _add_qubit(x, y, start, qubits, ones, tables, True)
        else:
            _add_qubit(y, x, start, qubits, ones, tables, True)


@kernel
def uncouple(x: Values, y: Values, start: int, qubits: int, ones: int, tables: Couplings) -> None:
    """Take one block back from where `couple` leaves it."""
    base = len(tables.bases) - 1
    is_odd = (qubits - base) % 2 == 1
    if qubits == base:
        _multiply(x, start, tables.bases[ones], tables.groups[base, ones + 1])
    elif ones == 0 or ones == qubits:
        if is_odd:
            _copy(y, start, x, start, 1)
    else:
        if is_odd:
            _add_qubit(y, x, start, qubits, ones, tables, False)
        else:
            _add_qubit(x, y, start, qubits, ones, tables, False)
        uncouple(x, y, start, qubits - 1, ones, tables)
        middle = start + tables.groups[qubits - 1, ones + 1]
        uncouple(x, y, middle, qubits - 1, ones - 1, tables)


@kernel
def _add_qubit(
    source: Values,
    target: Values,
    start: int,
    qubits: int,
    ones: int,
    tables: Couplings,
    is_forward: bool,
) -> None:
    """Couple the highest qubit of a block to the spins of the others, or undo it.

    The Clebsch–Gordan coefficients of a spin and a spin 1/2, in the phases of Condon and Shortley,
    make a reflection, which undoes itself.
    """
    fewer = qubits - 1
    middle = start + tables.groups[fewer, ones + 1]
    for d in range(min(ones, qubits - ones) + 1):
        size = tables.groups[fewer, d + 1] - tables.groups[fewer, d]
        zero, one = start + tables.groups[fewer, d], middle + tables.groups[fewer, d]
        up = start + tables.groups[qubits, d]
        if ones <= fewer - d and d < ones:
            # group d + 1 begins with what came up from d + 1
            next_size = tables.groups[fewer, d + 2] - tables.groups[fewer, d + 1]
            down = start + tables.groups[qubits, d + 1] + next_size
            p = tables.roots[ones - d] / tables.roots[qubits - 2 * d]
            q = tables.roots[qubits - d - ones] / tables.roots[qubits - 2 * d]
            if is_forward:
                _reflect(source, zero, one, target, up, down, size, p, q)
            else:
                _reflect(source, up, down, target, zero, one, size, p, q)
        else:
            alone = zero if d == ones else one
            if is_forward:
                _copy(source, alone, target, up, size)
            else:
                _copy(source, up, target, alone, size)


@kernel
def _reflect(
    source: Values,
    first: int,
    second: int,
    target: Values,
    new_first: int,
    new_second: int,
    size: int,
    p: float,
    q: float,
) -> None:
    a, b = source[2 * first : 2 * (first + size)], source[2 * second : 2 * (second + size)]
    c = target[2 * new_first : 2 * (new_first + size)]
    d = target[2 * new_second : 2 * (new_second + size)]
    for u in range(2 * size):
        v, w = a[u], b[u]
        c[u] = q * v + p * w
        d[u] = p * v - q * w


@kernel
def _copy(source: Values, first: int, target: Values, new_first: int, size: int) -> None:
    for u in range(2 * size):
        target[2 * new_first + u] = source[2 * first + u]


@kernel
def _multiply(x: Values, start: int, matrix: Values, size: int) -> None:
    """Multiply a few amplitudes by a real matrix, in place."""
    old = x[2 * start : 2 * (start + size)].copy()
    for row in range(size):
        real, imaginary = old[0] * 0, old[0] * 0
        for column in range(size):
            real += matrix[row, column] * old[2 * column]
            imaginary += matrix[row, column] * old[2 * column + 1]
        x[2 * (start + row)] = real
        x[2 * (start + row) + 1] = imaginary


@kernel
def lower(
    psi: Amplitudes,
    start: int,
    out: Amplitudes,
    place: int,
    qubits: int,
    ones: int,
    tables: Couplings,
) -> None:
    """Write S⁻ of one block, the sum over its ones of the state without it, into `out`."""
    base, fewer = len(tables.bases) - 1, qubits - 1
    if ones == 1:
        total = psi[start]
        for u in range(start + 1, start + qubits):
            total += psi[u]
        out[place] = total
    elif ones == qubits:
        out[place : place + qubits] = psi[start]
    elif qubits == base:
        out[place : place + tables.groups[qubits, ones]] = 0.0
        for row in range(tables.groups[qubits, ones + 1]):
            for target in tables.lowered[ones, row, :ones]:
                out[place + target] += psi[start + row]
    else:
        size = tables.groups[fewer, ones]
        middle = start + tables.groups[fewer, ones + 1]
        lower(psi, start, out, place, fewer, ones, tables)
        for u in range(size):
            out[place + u] += psi[middle + u]
        lower(psi, middle, out, place + size, fewer, ones - 1, tables)


@kernel
def imaginary_overlap(bra: Amplitudes, ket: Amplitudes) -> float:
    """Return Im⟨bra|ket⟩."""
    total = 0.0
    for u in range(len(ket)):
        left, right = bra[u], ket[u]
        total += np.float64(left.real) * np.float64(right.imag)
        total -= np.float64(left.imag) * np.float64(right.real)
    return total
