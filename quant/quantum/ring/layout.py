"""Own where the amplitudes of a ring are kept, so that every XY gate turns contiguous runs.

The qubits are cut into low ones and high ones. The states whose low part has m ones form a block:
a matrix with a row for each low pattern and a column for each high pattern. A gate between low
qubits turns rows of a block into each other, one between high qubits columns, and the two gates
that join the parts turn runs of rows of neighbouring blocks.
"""

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]

LANES = 8
"""Name how many amplitudes are turned together: they fill two lines of the cache."""


class Tables(NamedTuple):
    """Hold a layout for the kernels; positions are of amplitudes.

    `blocks`: a row for each block, its fields named below. `low_pairs` and `high_pairs`: rows or
    columns that the gates of one part turn, in an order of the gates; in the first the lower of
    both qubits is set. `low_tasks` and `high_tasks`: a block and the first of eight columns or
    rows. `seam` and `wrap`: two runs and their length, for the gate between the parts and the one
    that closes the ring. `low_turns` and `high_turns`: the quarter turns of a row and of a column
    that make the gates real. `columns`: for each high pattern, rising, its block, its column and
    the rank of its first state. `height` is every amplitude of the uniform state, and
    `apart` how far the first and the last qubit are, modulo four.
    """

    blocks: Integers
    low_pairs: Integers
    high_pairs: Integers
    low_tasks: Integers
    high_tasks: Integers
    seam: Integers
    wrap: Integers
    low_turns: Integers
    high_turns: Integers
    columns: Integers
    height: float
    apart: int


OFFSET, ROWS, COLUMNS = 0, 1, 2
LOW_BEGIN, LOW_END, HIGH_BEGIN, HIGH_END = 3, 4, 5, 6
LOW_TURN, HIGH_TURN = 7, 8
_FIELDS = 9


class _Part(NamedTuple):
    """Hold the patterns of one weight of one part in the order in which they are kept."""

    patterns: Integers
    keys: Integers
    qubits: int

    def pairs(self, first: int, second: int) -> Integers:
        """Return where the first bit alone is set, and where the second is instead (m, 2)."""
        here = np.flatnonzero(self.patterns >> first & ~(self.patterns >> second) & 1)
        turned = self.patterns[here] ^ (1 << first | 1 << second)
        order = np.argsort(self.patterns)
        there = order[np.searchsorted(self.patterns, turned, sorter=order)]
        return np.stack((here, there), axis=1)

    def neighbour_pairs(self) -> Integers:
        """Return the pairs of all even neighbours and of all odd ones (m, 2), near ones together.

        The part is cut in two again: gates of the lower half stay within patterns of one upper
        half, and the other way round, few enough for the nearest cache. Odd gates follow the even
        ones of their qubits, which is all that the order of the gates means.
        """
        half = low_qubits(self.qubits) if self.qubits > 3 else 0
        lower, upper = self._gates(0, half), self._gates(half, self.qubits)
        parts = [
            _grouped(lower, self.patterns[lower[:, 0]] >> half),
            _grouped(upper, self.patterns[upper[:, 0]] & (1 << half) - 1),
        ]
        if half:
            parts.append(self.pairs(half - 1, half))
        return _joined(parts, 2)

    def _gates(self, begin: int, end: int) -> Integers:
        firsts = (*range(begin, end - 1, 2), *range(begin + 1, end - 1, 2))
        return _joined([self.pairs(first, first + 1) for first in firsts], 2)


def _grouped(pairs: Integers, groups: Integers) -> Integers:
    """Return the pairs (m, 2) group by group, those of one group in their order."""
    return pairs[np.argsort(groups, kind="stable")]


def low_qubits(n: int) -> int:
    """Return how many qubits are low: an even number, so that even gates stay in their part."""
    return n if n < 4 else 2 * round(n / 4)


@lru_cache(maxsize=4)
def ring_tables(n: int, k: int) -> Tables:
    """Lay out the states of n qubits with k ones."""
    low = low_qubits(n)
    high = n - low
    weights = range(max(0, k - high), min(low, k) + 1)
    rows = {m: _low_part(low, m) for m in weights}
    columns = {m: _high_part(high, k - m) for m in weights}
    low_pairs = {m: rows[m].neighbour_pairs() for m in weights}
    high_pairs = {m: columns[m].neighbour_pairs() for m in weights}
    blocks = _blocks(weights, rows, columns, low_pairs, high_pairs)
    place = {m: place for place, m in enumerate(weights)}
    return Tables(
        blocks=blocks,
        low_pairs=_joined(list(low_pairs.values()), 2),
        high_pairs=_joined(list(high_pairs.values()), 2),
        low_tasks=_tasks(blocks[:, COLUMNS]),
        high_tasks=_tasks(blocks[:, ROWS]),
        seam=_seam(blocks, rows, high, k),
        wrap=_wrap(blocks, rows, high, k),
        low_turns=np.concatenate([_turns(rows[m].patterns, low, 0) for m in weights]),
        high_turns=np.concatenate([_turns(columns[m].patterns, high, low) for m in weights]),
        columns=_columns(k, low, place, columns),
        height=comb(n, k) ** -0.5,
        apart=(n - 1) % 4,
    )


def _patterns(qubits: int, ones: int) -> Integers:
    """Return the integers of `qubits` bits with so many ones, rising."""
    found = [sum(1 << i for i in chosen) for chosen in combinations(range(qubits), ones)]
    return np.array(sorted(found), dtype=np.int64)


def _low_part(qubits: int, ones: int) -> _Part:
    patterns = _patterns(qubits, ones)
    return _Part(patterns, patterns, qubits)


def _high_part(qubits: int, ones: int) -> _Part:
    """Order columns by their lowest bit, then by their highest, which the joining gates turn."""
    patterns = _patterns(qubits, ones)
    keys = patterns | (patterns & 1) << qubits + 1
    if qubits > 1:
        keys |= (patterns >> qubits - 1 & 1) << qubits
    order = np.argsort(keys)
    return _Part(patterns[order], keys[order], qubits)


def _blocks(
    weights: range,
    rows: dict[int, _Part],
    columns: dict[int, _Part],
    low_pairs: dict[int, Integers],
    high_pairs: dict[int, Integers],
) -> Integers:
    blocks = np.zeros((len(weights), _FIELDS), dtype=np.int64)
    following = np.zeros(_FIELDS, dtype=np.int64)
    for block, m in zip(blocks, weights, strict=True):
        height, width = len(rows[m].patterns), len(columns[m].patterns)
        block[:] = following
        block[[ROWS, COLUMNS]] = height, width
        block[LOW_END] += len(low_pairs[m])
        block[HIGH_END] += len(high_pairs[m])
        following[OFFSET] += LANES * height * -(-width // LANES)
        following[[LOW_BEGIN, LOW_END]] = block[LOW_END]
        following[[HIGH_BEGIN, HIGH_END]] = block[HIGH_END]
        following[LOW_TURN] += height
        following[HIGH_TURN] += width
    return blocks


def stored_size(tables: Tables) -> int:
    """Return how many amplitudes a state takes, what fills up its rows included."""
    last = tables.blocks[-1]
    return int(last[OFFSET] + LANES * last[ROWS] * -(-last[COLUMNS] // LANES))


def _tasks(sizes: Integers) -> Integers:
    return np.array(
        [(block, first) for block, size in enumerate(sizes) for first in range(0, size, LANES)],
        dtype=np.int64,
    )


def _runs(
    blocks: Integers, pair: tuple[int, int], rows: Integers, starts: tuple[int, int], length: int
) -> Integers:
    """Return what stands together of `length` columns of pairs of rows of two blocks (m, 3)."""
    columns = np.arange(length)[:, None] + starts
    # A run ends where one of both leaves its strip.
    begins = np.flatnonzero((columns % LANES == 0).any(axis=1) | (columns == starts).all(axis=1))
    lengths = np.diff(np.append(begins, length))
    places = [
        _position(blocks[block], rows[:, side], columns[begins, side][:, None])
        for side, block in enumerate(pair)
    ]
    return np.stack((*places, np.broadcast_to(lengths[:, None], places[0].shape)), -1).reshape(
        -1, 3
    )


def _position(block: Integers, row: Integers, column: Integers) -> Integers:
    place: Integers = block[OFFSET] + LANES * (column // LANES * block[ROWS] + row) + column % LANES
    return place


def _joining_rows(upper: _Part, lower: _Part, bit: int) -> Integers:
    """Return rows where a bit is set, and rows of the lesser weight where it is not (m, 2)."""
    here = np.flatnonzero(upper.patterns >> bit & 1)
    there = np.searchsorted(lower.keys, upper.patterns[here] ^ 1 << bit)
    return np.stack((here, there), axis=1)


def _seam(blocks: Integers, rows: dict[int, _Part], high: int, k: int) -> Integers:
    """Join the last low qubit and the first high one: columns are in order of the latter."""
    found: list[Integers] = []
    weights = list(rows)
    for place, m in enumerate(weights[1:] if high else (), 1):
        ones = k - m
        pairs = _joining_rows(rows[m], rows[m - 1], rows[m].qubits - 1)
        starts = (0, comb(high - 1, ones + 1))
        found.append(_runs(blocks, (place, place - 1), pairs, starts, comb(high - 1, ones)))
    return _joined(found, 3)


def _wrap(blocks: Integers, rows: dict[int, _Part], high: int, k: int) -> Integers:
    """Join the first qubit and the last: columns are in order of that one second."""
    if not high:
        pairs = rows[k].pairs(0, rows[k].qubits - 1)
        return _runs(blocks, (0, 0), pairs, (0, 0), 1) if len(pairs) else _joined([], 3)
    found: list[Integers] = []
    for place, m in enumerate(list(rows)[1:], 1):
        ones = k - m
        pairs = _joining_rows(rows[m], rows[m - 1], 0)
        # Of the first high bit unset, and set; of the last unset here, and set there.
        unset, begin = comb(high - 1, ones), comb(high - 1, ones + 1)
        for starts, length in (
            ((0, comb(high - 2, ones + 1)), comb(high - 2, ones)),
            ((unset, begin + comb(high - 2, ones)), comb(high - 2, ones - 1) if ones else 0),
        ):
            found.append(_runs(blocks, (place, place - 1), pairs, starts, length))
    return _joined(found, 3)


def _turns(patterns: Integers, qubits: int, first: int) -> Integers:
    """Return the sums of the positions of the ones, modulo four.

    With amplitudes turned by i to this power, exp(−iβ(XX+YY)/2) on neighbours is a real rotation.
    """
    positions = np.arange(first, first + qubits)
    bits = patterns[:, None] >> np.arange(qubits) & 1
    return np.asarray((bits * positions).sum(axis=1) % 4, dtype=np.int64)


def _columns(k: int, low: int, place: dict[int, int], columns: dict[int, _Part]) -> Integers:
    rows = [
        (pattern, place[m], column)
        for m, part in columns.items()
        for column, pattern in enumerate(part.patterns.tolist())
    ]
    rows.sort()
    sizes = [comb(low, k - pattern.bit_count()) for pattern, _, _ in rows]
    ranks = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.array(
        [(block, column, rank) for (_, block, column), rank in zip(rows, ranks, strict=True)],
        dtype=np.int64,
    )


def _joined(parts: list[Integers], width: int) -> Integers:
    whole = [part for part in parts if len(part)]
    return np.concatenate(whole) if whole else np.empty((0, width), dtype=np.int64)
