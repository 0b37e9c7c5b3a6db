"""Own the drawing of scenarios by path, and their profit, without keeping the scenarios."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import rounding_kernel
from quant.risk.kernels.evaluation import Terms, evaluate_tile
from quant.risk.kernels.path_draws import LANES, fill_starts, fill_tile

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@rounding_kernel
def correlate(root: Reals, draws: Reals, changes: Reals) -> None:
    """Write root · draws (rows, lanes), of a lower triangular root of a multiple of 4 rows.

    Two rows and four columns at a time keep what is read often in registers; the order of the sum
    is fixed, so that the same draws give the same changes to the last bit.
    """
    for f in range(0, root.shape[0], 2):
        for lane in range(LANES):
            changes[f, lane] = 0.0
            changes[f + 1, lane] = 0.0
        for k in range(0, f + 2, 4):
            a0, a1, a2, a3 = root[f, k], root[f, k + 1], root[f, k + 2], root[f, k + 3]
            b0, b1 = root[f + 1, k], root[f + 1, k + 1]
            b2, b3 = root[f + 1, k + 2], root[f + 1, k + 3]
            for lane in range(LANES):
                z0, z1 = draws[k, lane], draws[k + 1, lane]
                z2, z3 = draws[k + 2, lane], draws[k + 3, lane]
                changes[f, lane] += a0 * z0 + a1 * z1 + a2 * z2 + a3 * z3
                changes[f + 1, lane] += b0 * z0 + b1 * z1 + b2 * z2 + b3 * z3


@rounding_kernel
def simulate_elliptical(
    terms: Terms, root: Reals, key: Any, freedom: float, first: int, pnl: Reals, floored: Booleans
) -> None:
    """Write the profit (B, paths) of paths first, first + 1 … of a normal or Student's t.

    `root` is padded with zeros to a multiple of 4 rows; `first` is a multiple of the lanes.
    """
    rows, count = root.shape[0], pnl.shape[1]
    states, paths = np.zeros((4, LANES), dtype=np.uint64), np.zeros(LANES, dtype=np.int64)
    draws, changes, work = np.zeros((rows, LANES)), np.zeros((rows, LANES)), np.zeros((4, LANES))
    profits, flags = np.zeros((pnl.shape[0], LANES)), np.zeros(LANES, dtype=np.bool_)
    for start in range(0, count, LANES):
        for lane in range(LANES):
            paths[lane] = first + start + lane
        fill_tile(key, paths, freedom, states, draws)
        correlate(root, draws, changes)
        evaluate_tile(terms, changes, work, profits, flags)
        for lane in range(min(LANES, count - start)):
            floored[start + lane] = flags[lane]
            for b in range(pnl.shape[0]):
                pnl[b, start + lane] = profits[b, lane]


@rounding_kernel
def draw_elliptical(
    root: Reals, key: Any, freedom: float, wanted: Indices, scenarios: Reals, normals: Reals
) -> None:
    """Write the coordinates (K, m) of some paths (K,) again, and the draws (K, m) behind them."""
    rows, coordinates = root.shape[0], scenarios.shape[1]
    states, paths = np.zeros((4, LANES), dtype=np.uint64), np.zeros(LANES, dtype=np.int64)
    draws, changes = np.zeros((rows, LANES)), np.zeros((rows, LANES))
    for start in range(0, wanted.size, LANES):
        count = min(LANES, wanted.size - start)
        for lane in range(count):
            paths[lane] = wanted[start + lane]
        fill_tile(key, paths, freedom, states, draws)
        correlate(root, draws, changes)
        for lane in range(count):
            for n in range(coordinates):
                scenarios[start + lane, n] = changes[n, lane]
                normals[start + lane, n] = draws[n, lane]


@rounding_kernel
def draw_starts(key: Any, observations: int, wanted: Indices, starts: NDArray[np.int32]) -> None:
    """Write the observation at which each block of some paths starts (K, blocks)."""
    states, paths = np.zeros((4, LANES), dtype=np.uint64), np.zeros(LANES, dtype=np.int64)
    drawn = np.zeros((starts.shape[1], LANES), dtype=np.int32)
    for start in range(0, wanted.size, LANES):
        count = min(LANES, wanted.size - start)
        for lane in range(count):
            paths[lane] = wanted[start + lane]
        fill_starts(key, paths, observations, states, drawn)
        for lane in range(count):
            for n in range(starts.shape[1]):
                starts[start + lane, n] = drawn[n, lane]


@rounding_kernel
def sum_blocks(
    history: Reals, starts: NDArray[np.int32], days: int, length: int, scenarios: Reals
) -> None:
    """Write the sum of `days` rows of a history (n, m) for each row of starts (K, blocks).

    A block is of `length` consecutive rows, from the last on to the first.
    """
    observations, coordinates = history.shape
    for path in range(starts.shape[0]):
        for n in range(coordinates):
            scenarios[path, n] = 0.0
        for day in range(days):
            row = (starts[path, day // length] + day % length) % observations
            for n in range(coordinates):
                scenarios[path, n] += history[row, n]
