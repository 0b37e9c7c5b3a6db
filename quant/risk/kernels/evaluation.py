"""Own the profit of aggregated books in scenarios, tile by tile of as many as draws have lanes.

A scenario is a column of coordinates: first the price changes of the factors that carry options,
then the linear profit of each book.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import rounding_kernel
from quant.risk.kernels.path_draws import LANES
from quant.risk.kernels.vector_math import (
    LEAST_EXPONENT,
    exp_negative,
    log_positive,
    upper_tail_ratio,
)

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LEAST_FORWARD = 1e-12
"""Black-76 takes a forward of this or less to be this: a call is then worth less than that."""

_DENSITY_AT_0 = 0.3989422804014327


class Terms(NamedTuple):
    """Hold what books are made of, over N factors with options, G kinds of these and B books.

    A kind is an undiscounted call: kinds `starts[n]` … `starts[n + 1]` are on factor n, sorted
    with lognormal ones before normal ones, which begin at `normal_from[n]`. `bases` (G,) are their
    values now, `deviations` (G,) what the volatility makes of the time left. `scales` (B, G) and
    `half_gammas` (B, N) are in dollars.
    """

    forwards: Reals
    starts: Indices
    normal_from: Indices
    strikes: Reals
    log_strikes: Reals
    deviations: Reals
    bases: Reals
    scales: Reals
    half_gammas: Reals


@rounding_kernel
def lognormal_calls(
    forwards: Reals,
    logs: Reals,
    strike: float,
    log_strike: float,
    deviation: float,
    values: Reals,
) -> None:
    """Write F N(d₁) − K N(d₂) of forwards above 0 (Black 1976, undiscounted).

    F e^(−d₁²/2) = K e^(−d₂²/2), so one exponential serves both.
    """
    inverse, half = 1.0 / deviation, 0.5 * deviation
    for lane in range(values.size):
        forward = forwards[lane]
        first = (logs[lane] - log_strike) * inverse + half
        second = first - deviation
        density = forward * exp_negative(max(-0.5 * first * first, LEAST_EXPONENT))
        upper = density * upper_tail_ratio(abs(first))
        lower = density * upper_tail_ratio(abs(second))
        held = forward - upper if first > 0.0 else upper
        paid = strike - lower if second > 0.0 else lower
        values[lane] = held - paid


@rounding_kernel
def normal_calls(forwards: Reals, strike: float, deviation: float, values: Reals) -> None:
    """Write (F − K) N(d) + s φ(d), d = (F − K)/s (Bachelier 1900, undiscounted)."""
    inverse = 1.0 / deviation
    for lane in range(values.size):
        distance = forwards[lane] - strike
        d = distance * inverse
        density = exp_negative(max(-0.5 * d * d, LEAST_EXPONENT))
        tail = density * upper_tail_ratio(abs(d))
        share = 1.0 - tail if d > 0.0 else tail
        values[lane] = distance * share + deviation * _DENSITY_AT_0 * density


@rounding_kernel
def _shift(terms: Terms, n: int, changes: Reals, work: Reals, floored: Booleans) -> None:
    """Write into rows of `work` the forwards of factor n, then above 0 for logs, and their logs."""
    forwards, positive, logs, row = work[0], work[1], work[2], changes[n]
    now = terms.forwards[n]
    for lane in range(LANES):
        forwards[lane] = now + row[lane]
    if terms.starts[n] < terms.normal_from[n]:
        for lane in range(LANES):
            floored[lane] |= forwards[lane] <= 0.0
            positive[lane] = max(forwards[lane], LEAST_FORWARD)
            logs[lane] = log_positive(positive[lane])


@rounding_kernel
def _values(terms: Terms, n: int, kind: int, work: Reals) -> Reals:
    """Return what a kind of call on factor n is worth more than now, in the last row of `work`."""
    values: Reals = work[3]
    strike, deviation = terms.strikes[kind], terms.deviations[kind]
    if kind < terms.normal_from[n]:
        lognormal_calls(work[1], work[2], strike, terms.log_strikes[kind], deviation, values)
    else:
        normal_calls(work[0], strike, deviation, values)
    base = terms.bases[kind]
    for lane in range(LANES):
        values[lane] -= base
    return values


@rounding_kernel
def _add(scale: float, values: Reals, profit: Reals) -> None:
    if scale != 0.0:
        for lane in range(LANES):
            profit[lane] += scale * values[lane]


@rounding_kernel
def _add_square(scale: float, values: Reals, profit: Reals) -> None:
    if scale != 0.0:
        for lane in range(LANES):
            profit[lane] += scale * values[lane] * values[lane]


@rounding_kernel
def evaluate_tile(terms: Terms, changes: Reals, work: Reals, pnl: Reals, floored: Booleans) -> None:
    """Write the profit of each book (B, lanes), and whether a Black-76 forward fell to 0."""
    factors, books = terms.forwards.size, terms.scales.shape[0]
    # written out, since assigning a slice takes seconds to compile
    for lane in range(LANES):
        floored[lane] = False
        for b in range(books):
            pnl[b, lane] = changes[factors + b, lane]
    for n in range(factors):
        for b in range(books):
            _add_square(terms.half_gammas[b, n], changes[n], pnl[b])
        if terms.starts[n] < terms.starts[n + 1]:
            _shift(terms, n, changes, work, floored)
        for kind in range(terms.starts[n], terms.starts[n + 1]):
            values = _values(terms, n, kind, work)
            for b in range(books):
                _add(terms.scales[b, kind], values, pnl[b])


@rounding_kernel
def evaluate_scenarios(
    terms: Terms, scenarios: Reals, first: int, last: int, pnl: Reals, floored: Booleans
) -> None:
    """Write the profit (B, scenarios) of rows first … last − 1 of `scenarios` (S, coordinates).

    `first` is a multiple of the lanes, so that a result does not depend on how rows are shared.
    """
    coordinates = scenarios.shape[1]
    changes, work = np.zeros((coordinates, LANES)), np.zeros((4, LANES))
    profits = np.zeros((pnl.shape[0], LANES))
    flags = np.zeros(LANES, dtype=np.bool_)
    for start in range(first, last, LANES):
        count = min(LANES, last - start)
        for lane in range(count):
            for n in range(coordinates):
                changes[n, lane] = scenarios[start + lane, n]
        evaluate_tile(terms, changes, work, profits, flags)
        for lane in range(count):
            floored[start + lane] = flags[lane]
            for b in range(pnl.shape[0]):
                pnl[b, start + lane] = profits[b, lane]


@rounding_kernel
def _dot(shares: Reals, values: Reals) -> float:
    total = 0.0
    for lane in range(LANES):
        total += shares[lane] * values[lane]
    return total


@rounding_kernel
def _average_tile(
    terms: Terms,
    changes: Reals,
    shares: Reals,
    work: Reals,
    floored: Booleans,
    averages: Reals,
    squares: Reals,
) -> None:
    for n in range(terms.forwards.size):
        row, square = changes[n], work[3]
        for lane in range(LANES):
            square[lane] = row[lane] * row[lane]
        for w in range(shares.shape[0]):
            squares[w, n] += _dot(shares[w], square)
        if terms.starts[n] < terms.starts[n + 1]:
            _shift(terms, n, changes, work, floored)
        for kind in range(terms.starts[n], terms.starts[n + 1]):
            values = _values(terms, n, kind, work)
            for w in range(shares.shape[0]):
                averages[w, kind] += _dot(shares[w], values)


@rounding_kernel
def average_kinds(
    terms: Terms, scenarios: Reals, weights: Reals, averages: Reals, squares: Reals
) -> None:
    """Add weighted sums over scenarios (S, coordinates), a row for each row of weights (W, S).

    `averages` (W, G) of the change in value of each kind of call, `squares` (W, N) of the squared
    change of each factor.
    """
    factors, sets = terms.forwards.size, weights.shape[0]
    changes, work = np.zeros((factors, LANES)), np.zeros((4, LANES))
    flags, shares = np.zeros(LANES, dtype=np.bool_), np.zeros((sets, LANES))
    for start in range(0, scenarios.shape[0], LANES):
        count = min(LANES, scenarios.shape[0] - start)
        for lane in range(LANES):
            inside = lane < count
            for n in range(factors):
                changes[n, lane] = scenarios[start + lane, n] if inside else 0.0
            for w in range(sets):
                shares[w, lane] = weights[w, start + lane] if inside else 0.0
        _average_tile(terms, changes, shares, work, flags, averages, squares)
