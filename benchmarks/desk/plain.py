"""Own the peer of the risk benchmark: risk as one writes it with NumPy, in arrays throughout.

Linear exposures are added up by contract first, BLAS multiplies, SciPy's ndtr is the normal
distribution, logarithms are taken once a contract and not once an option, options lie in rows and
are worked on in place, tails are partitioned and not sorted, and days and paths come in chunks that
fit the cache.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from quant.risk.exposures import Exposures

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_CHUNK = 2_048
_DAYS = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """Hold value at risk, expected shortfall, and its parts by position, if they were asked."""

    value_at_risk: float
    expected_shortfall: float
    by_position: Reals | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainBook:
    """Hold a book as arrays: what lines and options there are, and where."""

    prices: Reals
    lines: Reals
    leg_positions: Indices
    leg_factors: Indices
    leg_dollars: Reals
    positions: int
    optioned: Indices
    columns: Indices
    option_positions: Indices
    dollars: Reals
    signs: Reals
    strikes: Reals
    log_strikes: Reals
    deviations: Reals
    deltas: Reals
    half_gammas: Reals

    def historical(self, changes: Reals, level: float) -> Measures:
        """Revalue every option on every day; split the tail by position."""
        now = self._options(np.zeros((1, len(self.prices))))
        gained = np.empty((len(self.dollars), len(changes)))
        for start in range(0, len(changes), _DAYS):
            part = gained[:, start : start + _DAYS]
            np.subtract(self._options(changes[start : start + _DAYS]), now, out=part)
            part *= self.dollars[:, None]
        pnl = changes @ self.lines + gained.sum(axis=0)
        rank = _rank(len(pnl), level)
        order = np.argpartition(pnl, rank)
        tail = order[: rank + 1]
        weights = _weights(len(pnl), level, rank, pnl[tail])
        lines = (weights @ changes[tail])[self.leg_factors] * self.leg_dollars
        parts = _sums(self.leg_positions, lines, self.positions)
        parts += _sums(self.option_positions, gained[:, tail] @ weights, self.positions)
        return Measures(
            value_at_risk=-float(pnl[tail].max()),
            expected_shortfall=-float(weights @ pnl[tail]),
            by_position=-parts,
        )

    def monte_carlo(
        self, covariance: Reals, level: float, paths: int, seed: int, *, full: bool
    ) -> Measures:
        """Draw normal price changes; revalue options, or expand them to second order."""
        generator = np.random.Generator(np.random.SFC64(seed))
        root = np.linalg.cholesky(covariance).T
        pnl = np.empty(paths)
        now = float(self.dollars @ self._options(np.zeros((1, len(self.prices))))[:, 0])
        normals, moved = np.empty((2, _CHUNK, len(root)))
        for start in range(0, paths, _CHUNK):
            count = min(_CHUNK, paths - start)
            draws = generator.standard_normal(out=normals[:count])
            changes = np.matmul(draws, root, out=moved[:count])
            part = pnl[start : start + count]
            if full:
                np.matmul(changes, self.lines, out=part)
                part += self.dollars @ self._options(changes) - now
            else:
                np.matmul(changes, self.deltas, out=part)
                part += changes[:, self.optioned] ** 2 @ self.half_gammas
        rank = _rank(paths, level)
        tail = np.partition(pnl, rank)[: rank + 1]
        weights = _weights(paths, level, rank, tail)
        return Measures(value_at_risk=-float(tail.max()), expected_shortfall=-float(weights @ tail))

    def _options(self, changes: Reals) -> Reals:
        """Return the undiscounted value of each option in each scenario (O, S)."""
        shocked = np.maximum(self.prices[self.optioned, None] + changes.T[self.optioned], 1e-300)
        signs, deviations = self.signs[:, None], self.deviations[:, None]
        held = np.log(shocked)[self.columns]
        held -= self.log_strikes[:, None]
        held *= 1.0 / deviations
        held += 0.5 * deviations
        paid = held - deviations
        for distances in (held, paid):
            distances *= signs
            ndtr(distances, out=distances)
        held *= shocked[self.columns]
        paid *= self.strikes[:, None]
        held -= paid
        held *= signs
        return held


def plain(book: Exposures) -> PlainBook:
    """Return the same book as plain arrays."""
    factors = len(book.factors)
    optioned, columns = np.unique(book.option_factors, return_inverse=True)
    forwards = book.prices[book.option_factors]
    halves = 0.5 * book.options.gammas(forwards) * book.option_dollars
    return PlainBook(
        prices=book.prices,
        lines=_sums(book.leg_factors, book.leg_dollars, factors),
        leg_positions=book.leg_positions,
        leg_factors=book.leg_factors,
        leg_dollars=book.leg_dollars,
        positions=len(book.labels),
        optioned=optioned,
        columns=columns,
        option_positions=book.option_positions,
        dollars=book.option_dollars,
        signs=book.options.signs,
        strikes=book.options.strikes,
        log_strikes=np.log(book.options.strikes),
        deviations=book.options.deviations,
        deltas=book.deltas(),
        half_gammas=_sums(columns, halves, len(optioned)),
    )


def _sums(places: Indices, values: Reals, size: int) -> Reals:
    return np.asarray(np.bincount(places, values, size))


def _rank(count: int, level: float) -> int:
    return int(np.ceil(count * (1.0 - level) - 1e-6)) - 1


def _weights(count: int, level: float, rank: int, tail: Reals) -> Reals:
    share = count * (1.0 - level)
    weights = np.full(rank + 1, 1.0 / share)
    weights[np.argmax(tail)] = 1.0 - rank / share
    return weights
