"""Own the kernels of free fermions: turning neighbouring modes of many-particle states.

A turn of modes i and i+1 takes the amplitude a with only i occupied and b with only i+1 occupied
to ca + sb and c*b − s*a; its determinant is one, so nothing happens where both are occupied.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Complexes = NDArray[np.complex128]
Integers = NDArray[np.int64]
Values = NDArray[np.floating[Any]]
Amplitudes = NDArray[np.complexfloating[Any, Any]]

COLUMNS = 32
"""Name how many neighbouring amplitudes are turned together: with all rows they stay in L1."""


class Tables(NamedTuple):
    """Hold which amplitudes a sequence of turns meets, in the order in which it is cheapest.

    `binomials`: C(i, m). `tiles`: a row for each group of turns applied while their amplitudes are
    at hand: the lowest mode of its window, the first turn and the one after the last. `turns`: the
    number of the turn in the decomposition, and its lower mode within the window. `blocks`: the
    first state of each pattern above a window; `ends[lo, ones]` to `ends[lo, ones + 1]` are those
    above the window at `lo` that leave so many ones to it and to lower modes. `rows`: where
    the window's patterns of each weight begin. `offsets[lo, q, row]`: the first state of a
    pattern with q ones below the window. `pairs`: rows turned into each other, counted from the
    first of their weight; `spans[mode, m]` to `spans[mode, m + 1]` are those of one turn.
    """

    binomials: Integers
    tiles: Integers
    turns: Integers
    blocks: Integers
    ends: Integers
    rows: Integers
    offsets: Integers
    pairs: Integers
    spans: Integers


@kernel
def decompose(matrix: Complexes, cosines: Complexes, sines: Complexes) -> None:
    """Write a symmetric unitary (n, n) of determinant one as turns of neighbours, destroying it.

    The turns come column by column, in each from modes (n−2, n−1) down to (column, column + 1),
    and are applied in this order; cosines are real but for the last of a column.
    """
    n = len(matrix)
    turn = 0
    for column in range(n - 1):
        for i in range(n - 2, column - 1, -1):
            a, b = matrix[i, column], matrix[i + 1, column]
            length = np.hypot(abs(a), abs(b))
            cosine, sine = 1.0 + 0.0j, 0.0j
            if length > 0.0:
                phase = a / abs(a) if i > column and abs(a) > 0.0 else 1.0 + 0.0j
                cosine, sine = phase * np.conj(a) / length, phase * np.conj(b) / length
                if i > column:
                    cosine = cosine.real + 0.0j
            for j in range(column, n):
                upper, lower = matrix[i, j], matrix[i + 1, j]
                matrix[i, j] = cosine * upper + sine * lower
                matrix[i + 1, j] = np.conj(cosine) * lower - np.conj(sine) * upper
            # what takes the matrix to one is its inverse; its transpose is the matrix again
            cosines[turn], sines[turn] = np.conj(cosine), np.conj(sine)
            turn += 1


@kernel
def apply_turns(x: Values, cosines: Amplitudes, sines: Amplitudes, tables: Tables) -> None:
    """Apply all turns to a state, in place; x holds its real and imaginary parts in turn."""
    width = len(tables.rows) - 2
    places = np.zeros(COLUMNS, dtype=np.int64)
    real = np.zeros((tables.rows[-1], COLUMNS), dtype=x.dtype)
    imaginary = np.zeros((tables.rows[-1], COLUMNS), dtype=x.dtype)
    for tile in range(len(tables.tiles)):
        lo, first, last = tables.tiles[tile]
        for ones in range(1, tables.ends.shape[1] - 1):
            blocks = tables.blocks[tables.ends[lo, ones] : tables.ends[lo, ones + 1]]
            for weight in range(max(1, ones - lo), min(width - 1, ones) + 1):
                below = ones - weight
                run = tables.binomials[lo, below]
                rows = tables.offsets[lo, below, tables.rows[weight] : tables.rows[weight + 1]]
                for column in range(0, run * len(blocks), COLUMNS):
                    length = _place(places, blocks, run, column)
                    _load(x, places[:length], rows, real, imaginary)
                    for turn in range(first, last):
                        gate, mode = tables.turns[turn]
                        span = tables.spans[mode, weight : weight + 2]
                        pairs = tables.pairs[span[0] : span[1]]
                        _turn(real, imaginary, pairs, cosines[gate], sines[gate])
                    _store(x, places[:length], rows, real, imaginary)


@kernel
def _place(places: Integers, blocks: Integers, run: int, column: int) -> int:
    """Write where the next columns begin and return how many there are."""
    length = min(COLUMNS, run * len(blocks) - column)
    block, within = column // run, column % run
    for u in range(length):
        places[u] = blocks[block] + within
        within += 1
        if within == run:
            block, within = block + 1, 0
    return length


@kernel
def _load(x: Values, places: Integers, rows: Integers, real: Values, imaginary: Values) -> None:
    is_run = places[-1] - places[0] == len(places) - 1
    for row in range(len(rows)):
        p, q = real[row], imaginary[row]
        if is_run:
            first = 2 * (places[0] + rows[row])
            run = x[first : first + 2 * len(places)]
            for u in range(len(places)):
                p[u] = run[2 * u]
                q[u] = run[2 * u + 1]
        else:
            for u in range(len(places)):
                place = 2 * (places[u] + rows[row])
                p[u] = x[place]
                q[u] = x[place + 1]


@kernel
def _store(x: Values, places: Integers, rows: Integers, real: Values, imaginary: Values) -> None:
    is_run = places[-1] - places[0] == len(places) - 1
    for row in range(len(rows)):
        p, q = real[row], imaginary[row]
        if is_run:
            first = 2 * (places[0] + rows[row])
            run = x[first : first + 2 * len(places)]
            for u in range(len(places)):
                run[2 * u] = p[u]
                run[2 * u + 1] = q[u]
        else:
            for u in range(len(places)):
                place = 2 * (places[u] + rows[row])
                x[place] = p[u]
                x[place + 1] = q[u]


@kernel
def _turn(real: Values, imaginary: Values, pairs: Integers, cosine: complex, sine: complex) -> None:
    c, d, s, t = cosine.real, cosine.imag, sine.real, sine.imag
    for pair in range(len(pairs)):
        first, second = pairs[pair]
        p, q = real[first], imaginary[first]
        r, v = real[second], imaginary[second]
        if d == 0.0 and s == 0.0:
            for u in range(COLUMNS):
                a, b, e, f = p[u], q[u], r[u], v[u]
                p[u] = c * a - t * f
                v[u] = c * f + t * a
                q[u] = c * b + t * e
                r[u] = c * e - t * b
        else:
            for u in range(COLUMNS):
                a, b, e, f = p[u], q[u], r[u], v[u]
                p[u] = c * a - d * b + s * e - t * f
                q[u] = c * b + d * a + s * f + t * e
                r[u] = c * e + d * f - s * a - t * b
                v[u] = c * f - d * e - s * b + t * a


@kernel
def _exchange(a: complex, b: complex, c: complex, d: complex) -> float:
    """Return the imaginary part of a*d + b*c, in double precision."""
    first = np.float64(a.real) * np.float64(d.imag) - np.float64(a.imag) * np.float64(d.real)
    return first + np.float64(b.real) * np.float64(c.imag) - np.float64(b.imag) * np.float64(c.real)


@kernel
def neighbour_overlap(
    bra: Amplitudes, ket: Amplitudes, tables: Tables, start: int, modes: int, ones: int
) -> float:
    """Return Im⟨bra|Σ(XX+YY)/2|ket⟩ over neighbours, of the block of `ones` in the lowest modes."""
    total = 0.0
    if ones == 0 or ones == modes:
        return total
    width = len(tables.rows) - 2
    if modes == width:
        for mode in range(width - 1):
            for pair in range(tables.spans[mode, ones], tables.spans[mode, ones + 1]):
                u, v = start + tables.pairs[pair, 0], start + tables.pairs[pair, 1]
                total += _exchange(bra[u], bra[v], ket[u], ket[v])
        return total
    run = tables.binomials[modes - 2, ones - 1]
    first = start + tables.binomials[modes - 2, ones]
    for u in range(first, first + run):
        total += _exchange(bra[u], bra[u + run], ket[u], ket[u + run])
    above = start + tables.binomials[modes - 1, ones]
    total += neighbour_overlap(bra, ket, tables, start, modes - 1, ones)
    total += neighbour_overlap(bra, ket, tables, above, modes - 1, ones - 1)
    return total


@kernel
def wrap_overlap(
    bra: Amplitudes,
    ket: Amplitudes,
    binomials: Integers,
    bottom: int,
    top: int,
    modes: int,
    ones: int,
) -> float:
    """Return Im⟨bra|(XX+YY)/2|ket⟩ of the edge that closes the ring.

    `bottom` begins the block of ones + 1 in the lowest modes, of which one is the lowest mode;
    `top` begins that of `ones` in the same modes where the highest mode of all is set instead.
    """
    if ones == 0 or ones == modes - 1:
        other = top if ones == 0 else top + modes - 1
        return _exchange(bra[bottom], bra[other], ket[bottom], ket[other])
    total = wrap_overlap(bra, ket, binomials, bottom, top, modes - 1, ones)
    bottom += binomials[modes - 1, ones + 1]
    top += binomials[modes - 1, ones]
    total += wrap_overlap(bra, ket, binomials, bottom, top, modes - 1, ones - 1)
    return total
