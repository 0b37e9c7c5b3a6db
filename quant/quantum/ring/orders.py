"""Own the way between colexicographic order and the ring's layout."""

import numpy as np

from quant.quantum.amplitudes import State
from quant.quantum.compiled import kernel
from quant.quantum.ring.layout import (
    HIGH_TURN,
    LANES,
    LOW_TURN,
    OFFSET,
    ROWS,
    Integers,
    Numbers,
    Reals,
    Tables,
    stored_size,
)


def to_ring_order(values: Reals, tables: Tables) -> Reals:
    """Lay out one number per state (size,); zeros where there is no state."""
    laid_out = np.zeros(stored_size(tables))
    _fill(values, tables, laid_out)
    return laid_out


def turned_state(psi: State, tables: Tables) -> Numbers:
    """Lay out amplitudes (size,) as pairs of real numbers, turned so that gates are real."""
    laid_out: Numbers = np.zeros(2 * stored_size(tables), dtype=psi.real.dtype)
    _fill_turned(psi, tables, laid_out)
    return laid_out


@kernel
def _place(tables: Tables, column: int) -> tuple[int, int, int, int]:
    """Return where a column's first amplitude is, its rows, its rank and its block."""
    block, place, rank = tables.columns[column]
    rows = tables.blocks[block, ROWS]
    first = tables.blocks[block, OFFSET] + place // LANES * LANES * rows + place % LANES
    return first, rows, rank, block


@kernel
def _quarters(tables: Tables, block: int, column: int) -> tuple[Integers, int]:
    """Return the quarter turns of a block's rows, and those of a column."""
    fields = tables.blocks[block]
    return tables.low_turns[fields[LOW_TURN] :], tables.high_turns[fields[HIGH_TURN] + column]


@kernel
def _fill(values: Reals, tables: Tables, laid_out: Reals) -> None:
    for column in range(tables.columns.shape[0]):
        first, rows, rank, _ = _place(tables, column)
        for row in range(rows):
            laid_out[first + LANES * row] = values[rank + row]


@kernel
def _fill_turned(psi: State, tables: Tables, laid_out: Numbers) -> None:
    for column in range(tables.columns.shape[0]):
        first, rows, rank, block = _place(tables, column)
        turns, turned = _quarters(tables, block, tables.columns[column, 1])
        for row in range(rows):
            at = 2 * (first + LANES * row)
            re, im = _by_quarters(psi[rank + row].real, psi[rank + row].imag, turns[row] + turned)
            laid_out[at], laid_out[at + 1] = re, im


@kernel
def _by_quarters(re: float, im: float, quarters: int) -> tuple[float, float]:
    """Multiply by i to a power."""
    if quarters & 1:
        re, im = -im, re
    if quarters & 2:
        re, im = -re, -im
    return re, im


@kernel
def from_ring_order(laid_out: Numbers, tables: Tables, psi: State) -> None:
    """Write the amplitudes (size,) of a state that is laid out."""
    for column in range(tables.columns.shape[0]):
        first, rows, rank, block = _place(tables, column)
        turns, turned = _quarters(tables, block, tables.columns[column, 1])
        for row in range(rows):
            at = 2 * (first + LANES * row)
            quarters = 4 - (turns[row] + turned) % 4
            re, im = _by_quarters(laid_out[at], laid_out[at + 1], quarters)
            psi[rank + row] = complex(re, im)


@kernel
def probabilities_of(laid_out: Numbers, tables: Tables, probabilities: Reals) -> None:
    """Write the probabilities (size,) of a state that is laid out."""
    for column in range(tables.columns.shape[0]):
        first, rows, rank, _ = _place(tables, column)
        for row in range(rows):
            at = 2 * (first + LANES * row)
            re, im = np.float64(laid_out[at]), np.float64(laid_out[at + 1])
            probabilities[rank + row] = re * re + im * im
