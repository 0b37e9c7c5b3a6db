"""Own the sweeps that walk a state and its adjoint back, and collect the derivatives on the way.

Each undoes one sweep of `kernels` on both states. A gate adds bra_b·ket_a − bra_a·ket_b of its
pairs, half of what the value changes by its angle.
"""

import numpy as np

from quant.quantum.compiled import kernel
from quant.quantum.phase import cosine_and_sine
from quant.quantum.ring.kernels import join, lay_across, lay_back
from quant.quantum.ring.layout import (
    COLUMNS,
    HIGH_BEGIN,
    HIGH_END,
    LANES,
    LOW_BEGIN,
    LOW_END,
    OFFSET,
    ROWS,
    Integers,
    Numbers,
    Reals,
    Tables,
)
from quant.quantum.vectors import RUN, turn_back


@kernel
def low_back(
    ket: Numbers,
    bra: Numbers,
    costs: Reals,
    gamma: float,
    cosine: float,
    sine: float,
    tables: Tables,
    begin: int,
    end: int,
) -> tuple[float, float]:
    """Undo the gates of the low part and the phase; return half of both derivatives."""
    totals = np.zeros(RUN, dtype=ket.dtype)
    by_gamma, by_beta = 0.0, 0.0
    for task in range(begin, end):
        block = tables.blocks[tables.low_tasks[task, 0]]
        column, rows = tables.low_tasks[task, 1], block[ROWS]
        first = block[OFFSET] + column * rows
        kets = ket[2 * first : 2 * first + RUN * rows]
        bras = bra[2 * first : 2 * first + RUN * rows]
        for pair in range(block[LOW_END] - 1, block[LOW_BEGIN] - 1, -1):
            one = RUN * tables.low_pairs[pair, 0]
            other = RUN * tables.low_pairs[pair, 1]
            turn_back(kets, bras, one, other, cosine, sine, totals)
        by_beta += _taken(totals)
        by_gamma += _phase_back(kets, bras, costs[first : first + LANES * rows], gamma)
    return by_gamma, by_beta


@kernel
def _taken(totals: Numbers) -> float:
    """Return the sum of the totals, and begin them again: few are added before they are rounded."""
    total = 0.0
    for u in range(RUN):
        total += np.float64(totals[u])
        totals[u] = 0.0
    return total


@kernel
def _phase_back(kets: Numbers, bras: Numbers, costs: Reals, gamma: float) -> float:
    total = 0.0
    for u in range(costs.size):
        ket_re, ket_im = np.float64(kets[2 * u]), np.float64(kets[2 * u + 1])
        bra_re, bra_im = np.float64(bras[2 * u]), np.float64(bras[2 * u + 1])
        total += costs[u] * (bra_re * ket_im - bra_im * ket_re)
        re, im = cosine_and_sine(gamma * costs[u], 0)
        kets[2 * u] = ket_re * re - ket_im * im
        kets[2 * u + 1] = ket_re * im + ket_im * re
        bras[2 * u] = bra_re * re - bra_im * im
        bras[2 * u + 1] = bra_re * im + bra_im * re
    return total


@kernel
def high_back(
    ket: Numbers,
    bra: Numbers,
    cosine: float,
    sine: float,
    tables: Tables,
    begin: int,
    end: int,
) -> float:
    """Undo the gates of the high part; return half of the derivative by their angle."""
    widest = RUN * (tables.blocks[:, COLUMNS].max() + LANES)
    kets, bras = np.zeros(widest, dtype=ket.dtype), np.zeros(widest, dtype=ket.dtype)
    totals = np.zeros(RUN, dtype=ket.dtype)
    by_beta = 0.0
    for task in range(begin, end):
        block = tables.blocks[tables.high_tasks[task, 0]]
        row = tables.high_tasks[task, 1]
        if block[HIGH_BEGIN] == block[HIGH_END]:
            continue
        lanes = min(LANES, block[ROWS] - row)
        if lanes < LANES:
            # What an earlier task left in the other lanes would count.
            kets[:] = 0.0
        _across(ket, kets, block, row, lanes)
        _across(bra, bras, block, row, lanes)
        for pair in range(block[HIGH_END] - 1, block[HIGH_BEGIN] - 1, -1):
            one = RUN * tables.high_pairs[pair, 0]
            other = RUN * tables.high_pairs[pair, 1]
            turn_back(kets, bras, one, other, cosine, sine, totals)
        by_beta += _taken(totals)
        _back(ket, kets, block, row, lanes)
        _back(bra, bras, block, row, lanes)
    return by_beta


@kernel
def _across(x: Numbers, scratch: Numbers, block: Integers, row: int, lanes: int) -> None:
    first, stride = 2 * block[OFFSET] + RUN * row, RUN * block[ROWS]
    for strip in range((block[COLUMNS] + LANES - 1) // LANES):
        at, to = first + strip * stride, RUN * LANES * strip
        lay_across(scratch, to, x, at, lanes)


@kernel
def _back(x: Numbers, scratch: Numbers, block: Integers, row: int, lanes: int) -> None:
    first, stride = 2 * block[OFFSET] + RUN * row, RUN * block[ROWS]
    for strip in range((block[COLUMNS] + LANES - 1) // LANES):
        at, to = first + strip * stride, RUN * LANES * strip
        lay_back(scratch, to, x, at, lanes)


@kernel
def join_back(
    ket: Numbers,
    bra: Numbers,
    runs: Integers,
    quarter: int,
    cosine: float,
    sine: float,
    begin: int,
    end: int,
) -> float:
    """Undo a gate between the parts; return half of the derivative by its angle."""
    total = 0.0
    for run in range(begin, end):
        one, other, length = 2 * runs[run, 0], 2 * runs[run, 1], 2 * runs[run, 2]
        ket_a, ket_b = ket[one : one + length], ket[other : other + length]
        bra_a, bra_b = bra[one : one + length], bra[other : other + length]
        if quarter % 2:
            for u in range(length):
                total += np.float64(bra_b[u] * ket_a[u] - bra_a[u] * ket_b[u])
        else:
            for u in range(0, length, 2):
                total += np.float64(bra_a[u] * ket_b[u + 1] - bra_a[u + 1] * ket_b[u])
                total += np.float64(bra_b[u] * ket_a[u + 1] - bra_b[u + 1] * ket_a[u])
    join(ket, runs, quarter, cosine, -sine, begin, end)
    join(bra, runs, quarter, cosine, -sine, begin, end)
    return total if quarter < 2 else -total


@kernel
def walk_back(
    ket: Numbers,
    bra: Numbers,
    costs: Reals,
    gammas: Reals,
    cosines: Numbers,
    sines: Numbers,
    tables: Tables,
    slopes: Reals,
) -> None:
    """Undo all layers on this thread; write derivatives by gammas, then by betas (2, p)."""
    for layer in range(gammas.size - 1, -1, -1):
        cosine, sine = cosines[layer], sines[layer]
        wrap, seam = tables.wrap, tables.seam
        total = join_back(ket, bra, wrap, tables.apart, cosine, sine, 0, wrap.shape[0])
        total += join_back(ket, bra, seam, 1, cosine, sine, 0, seam.shape[0])
        total += high_back(ket, bra, cosine, sine, tables, 0, tables.high_tasks.shape[0])
        count = tables.low_tasks.shape[0]
        by_gamma, by_beta = low_back(ket, bra, costs, gammas[layer], cosine, sine, tables, 0, count)
        slopes[0, layer] = 2.0 * by_gamma
        slopes[1, layer] = 2.0 * (total + by_beta)
