"""Own the compiled sweeps over a state that is laid out for the ring.

States are arrays of real numbers, two for each amplitude, and amplitudes are turned so that a gate
exp(−iβ(XX+YY)/2) on neighbours is real: (a, b) becomes (a cos β − b sin β, b cos β + a sin β).
Every sweep takes a range of its tasks, so that threads may share it.
"""

import numpy as np

from quant.quantum.compiled import kernel
from quant.quantum.phase import cosine_and_sine
from quant.quantum.ring.layout import (
    COLUMNS,
    HIGH_BEGIN,
    HIGH_END,
    HIGH_TURN,
    LANES,
    LOW_BEGIN,
    LOW_END,
    LOW_TURN,
    OFFSET,
    ROWS,
    Integers,
    Numbers,
    Reals,
    Tables,
)
from quant.quantum.vectors import RUN, move, turn


@kernel
def begin_low(
    x: Numbers,
    costs: Reals,
    gamma: float,
    cosine: float,
    sine: float,
    tables: Tables,
    begin: int,
    end: int,
) -> None:
    """Write the uniform state after its phase and the gates of the low part."""
    quarters = np.empty(LANES * tables.blocks[:, ROWS].max(), dtype=np.int64)
    turned = np.zeros(LANES, dtype=np.int64)
    for task in range(begin, end):
        block = tables.blocks[tables.low_tasks[task, 0]]
        column, rows = tables.low_tasks[task, 1], block[ROWS]
        lanes = min(LANES, block[COLUMNS] - column)
        first = block[OFFSET] + column * rows
        for u in range(lanes):
            turned[u] = tables.high_turns[block[HIGH_TURN] + column + u]
        for row in range(rows):
            quarter = tables.low_turns[block[LOW_TURN] + row]
            of_row = quarters[LANES * row : LANES * row + LANES]
            for u in range(LANES):
                of_row[u] = quarter + turned[u]
        c = costs[first : first + LANES * rows]
        strip = x[2 * first : 2 * first + RUN * rows]
        for u in range(LANES * rows):
            re, im = cosine_and_sine(-gamma * c[u], quarters[u])
            strip[2 * u] = tables.height * re
            strip[2 * u + 1] = tables.height * im
        if lanes < LANES:
            _clear(strip, 2 * lanes, rows)
        _low_gates(strip, block, tables, cosine, sine)


@kernel
def _clear(strip: Numbers, lanes: int, rows: int) -> None:
    """Leave nothing where there are no states."""
    for row in range(rows):
        for u in range(lanes, RUN):
            strip[RUN * row + u] = 0.0


@kernel
def low(
    x: Numbers,
    costs: Reals,
    gamma: float,
    cosine: float,
    sine: float,
    tables: Tables,
    begin: int,
    end: int,
) -> None:
    """Apply the phase exp(−iγc) and then the gates of the low part."""
    for task in range(begin, end):
        block = tables.blocks[tables.low_tasks[task, 0]]
        column, rows = tables.low_tasks[task, 1], block[ROWS]
        first = block[OFFSET] + column * rows
        c = costs[first : first + LANES * rows]
        strip = x[2 * first : 2 * first + RUN * rows]
        for u in range(LANES * rows):
            re, im = cosine_and_sine(-gamma * c[u], 0)
            p, q = strip[2 * u], strip[2 * u + 1]
            strip[2 * u] = p * re - q * im
            strip[2 * u + 1] = p * im + q * re
        _low_gates(strip, block, tables, cosine, sine)


@kernel
def _low_gates(strip: Numbers, block: Integers, tables: Tables, cosine: float, sine: float) -> None:
    for pair in range(block[LOW_BEGIN], block[LOW_END]):
        one = RUN * tables.low_pairs[pair, 0]
        other = RUN * tables.low_pairs[pair, 1]
        turn(strip, one, other, cosine, sine)


@kernel
def high(x: Numbers, cosine: float, sine: float, tables: Tables, begin: int, end: int) -> None:
    """Apply the gates of the high part: eight rows at a time, laid across each other."""
    scratch = np.empty(RUN * (tables.blocks[:, COLUMNS].max() + LANES), dtype=x.dtype)
    for task in range(begin, end):
        block = tables.blocks[tables.high_tasks[task, 0]]
        row = tables.high_tasks[task, 1]
        if block[HIGH_BEGIN] == block[HIGH_END]:
            continue
        lanes = min(LANES, block[ROWS] - row)
        first, stride = 2 * block[OFFSET] + RUN * row, RUN * block[ROWS]
        strips = (block[COLUMNS] + LANES - 1) // LANES
        for strip in range(strips):
            at, to = first + strip * stride, RUN * LANES * strip
            lay_across(scratch, to, x, at, lanes)
        for pair in range(block[HIGH_BEGIN], block[HIGH_END]):
            one = RUN * tables.high_pairs[pair, 0]
            other = RUN * tables.high_pairs[pair, 1]
            turn(scratch, one, other, cosine, sine)
        for strip in range(strips):
            at, to = first + strip * stride, RUN * LANES * strip
            lay_back(scratch, to, x, at, lanes)


@kernel
def lay_across(scratch: Numbers, to: int, x: Numbers, at: int, lanes: int) -> None:
    """Write a tile of rows at `to` so that the amplitudes of a column stand together."""
    for lane in range(lanes):
        for column in range(LANES):
            move(scratch, to + RUN * column + 2 * lane, x, at + RUN * lane + 2 * column)


@kernel
def lay_back(scratch: Numbers, to: int, x: Numbers, at: int, lanes: int) -> None:
    """Write a tile back."""
    for lane in range(lanes):
        for column in range(LANES):
            move(x, at + RUN * lane + 2 * column, scratch, to + RUN * column + 2 * lane)


@kernel
def join(
    x: Numbers, runs: Integers, quarter: int, cosine: float, sine: float, begin: int, end: int
) -> None:
    """Apply a gate between the parts; `quarter` is by how far its qubits are apart, modulo four.

    One between qubits an even number apart is not real.
    """
    for run in range(begin, end):
        one, other, length = 2 * runs[run, 0], 2 * runs[run, 1], 2 * runs[run, 2]
        a = x[one : one + length]
        b = x[other : other + length]
        if quarter % 2:
            s = sine if quarter == 1 else -sine
            for u in range(length):
                p, q = a[u], b[u]
                a[u] = cosine * p - s * q
                b[u] = cosine * q + s * p
        else:
            s = sine if quarter == 0 else -sine
            for u in range(0, length, 2):
                ar, ai, br, bi = a[u], a[u + 1], b[u], b[u + 1]
                a[u] = cosine * ar + s * bi
                a[u + 1] = cosine * ai - s * br
                b[u] = cosine * br + s * ai
                b[u + 1] = cosine * bi - s * ar


@kernel
def expect(x: Numbers, weights: Reals, begin: int, end: int) -> float:
    """Return Σ w|x|² over a range of stored amplitudes."""
    total = 0.0
    # Of a part that begins at zero the compiler knows that no index counts from its end.
    numbers, w = x[2 * begin : 2 * end], weights[begin:end]
    for at in range(w.size):
        total += w[at] * (numbers[2 * at] ** 2 + numbers[2 * at + 1] ** 2)
    return total


@kernel
def evolve(
    x: Numbers, costs: Reals, gammas: Reals, cosines: Numbers, sines: Numbers, tables: Tables
) -> None:
    """Apply all layers on this thread, to a state that is there if `tables.height` is zero."""
    for layer in range(gammas.size):
        cosine, sine = cosines[layer], sines[layer]
        count = tables.low_tasks.shape[0]
        if layer == 0 and tables.height > 0.0:
            begin_low(x, costs, gammas[layer], cosine, sine, tables, 0, count)
        else:
            low(x, costs, gammas[layer], cosine, sine, tables, 0, count)
        high(x, cosine, sine, tables, 0, tables.high_tasks.shape[0])
        join(x, tables.seam, 1, cosine, sine, 0, tables.seam.shape[0])
        join(x, tables.wrap, tables.apart, cosine, sine, 0, tables.wrap.shape[0])


@kernel
def expectation(
    x: Numbers, costs: Reals, gammas: Reals, cosines: Numbers, sines: Numbers, tables: Tables
) -> float:
    """Apply all layers on this thread, and return Σ c|x|²."""
    evolve(x, costs, gammas, cosines, sines, tables)
    return expect(x, costs, 0, costs.size)


@kernel
def expectations(
    x: Numbers,
    costs: Reals,
    gammas: Reals,
    cosines: Numbers,
    sines: Numbers,
    tables: Tables,
    values: Reals,
) -> None:
    """Write Σ c|x|² of each row of angles (b, p), on this thread."""
    for row in range(values.size):
        values[row] = expectation(x, costs, gammas[row], cosines[row], sines[row], tables)


@kernel
def weigh(x: Numbers, weights: Reals, weighted: Numbers) -> None:
    """Write w·x."""
    for at in range(weights.size):
        weighted[2 * at] = weights[at] * x[2 * at]
        weighted[2 * at + 1] = weights[at] * x[2 * at + 1]
