"""Own the reduction of books to what scenarios need: few coordinates, and few kinds of options.

All linear exposure of a book is one coordinate, its profit; only factors with options keep their
own. A put is a call and a future, so options of one strike and expiry are one kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import Instrument
from quant.risk.exposures import Exposures, sums_at
from quant.risk.kernels.evaluation import Terms
from quant.risk.option_values import OptionTerms

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


class Revaluation(StrEnum):
    """Say how options follow prices: valued anew, or by their first two derivatives."""

    FULL = "full"
    DELTA_GAMMA = "delta-gamma"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Hold the profit of one book as a sum over its positions.

    Line l gains `line_dollars` per point of a factor. Curved part c gains `curved_dollars` times
    what kind `curved_places` changes by; under delta-gamma, times the square of the change of the
    coordinate `curved_places`. `curved_factors` are the factors behind.
    """

    line_positions: Indices
    line_factors: Indices
    line_dollars: Reals
    curved_positions: Indices
    curved_factors: Indices
    curved_places: Indices
    curved_dollars: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aggregate:
    """Hold B books on F common factors, reduced to m = N + B coordinates.

    Coordinates are the changes of the N factors in `optioned`, then the linear profit of each book
    by `linear` (B, F), dollars per point. `terms` value the rest.
    """

    revaluation: Revaluation
    factors: tuple[Instrument, ...]
    labels: tuple[tuple[str, ...], ...]
    optioned: Indices
    linear: Reals
    terms: Terms
    parts: tuple[Parts, ...]

    @property
    def books(self) -> int:
        return len(self.linear)

    @property
    def coordinates(self) -> int:
        return len(self.optioned) + self.books

    def projection(self) -> Reals:
        """Return the matrix (F, m) that takes price changes (S, F) to coordinates (S, m)."""
        matrix = np.zeros((len(self.factors), self.coordinates))
        matrix[self.optioned, np.arange(len(self.optioned))] = 1.0
        matrix[:, len(self.optioned) :] = self.linear.T
        return matrix

    def project(self, changes: Reals) -> Reals:
        """Return the coordinates (S, m) of price changes (S, F)."""
        coordinates = np.empty((len(changes), self.coordinates))
        coordinates[:, : len(self.optioned)] = changes[:, self.optioned]
        np.matmul(changes, self.linear.T, out=coordinates[:, len(self.optioned) :])
        return coordinates


def aggregate(books: Sequence[Exposures], revaluation: Revaluation = Revaluation.FULL) -> Aggregate:
    """Reduce books to one set of coordinates, so that scenarios can be common to all.

    Raises:
        InvalidInput: there is no book, or books disagree about factors or their prices.
    """
    if not books:
        raise InvalidInput(field="books", reason="expected at least one")
    first = books[0]
    for book in books:
        if book.factors != first.factors or not np.array_equal(book.prices, first.prices):
            raise InvalidInput(field="books", reason="expected the same factors at the same prices")
    full = revaluation is Revaluation.FULL
    return _revalued(books) if full else _expanded(books)


def _revalued(books: Sequence[Exposures]) -> Aggregate:
    """Keep each kind of option; a put of a kind is a call less discounted (F − K)."""
    sizes = np.cumsum([0, *(len(book.option_dollars) for book in books)])
    options = _joined_options(books)
    factors = np.concatenate([book.option_factors for book in books])
    kinds, first = _kinds(factors, options)
    optioned, starts = np.unique(factors[first], return_index=True)
    ends = np.append(starts[1:], len(first)).astype(np.int64)
    lognormal = options.lognormal[first]
    parts = tuple(
        _parts(book, kinds[sizes[b] : sizes[b + 1]], book.option_dollars, -book.option_dollars)
        for b, book in enumerate(books)
    )
    strikes, deviations = options.strikes[first], options.deviations[first]
    calls = OptionTerms(
        signs=np.ones(len(first)), strikes=strikes, deviations=deviations, lognormal=lognormal
    )
    counts = np.add.reduceat(lognormal.astype(np.int64), starts) if len(first) else starts
    terms = Terms(
        forwards=books[0].prices[optioned],
        starts=np.append(starts, len(first)).astype(np.int64),
        normal_from=np.append(starts + counts, ends[-1:]).astype(np.int64),
        strikes=strikes,
        log_strikes=np.log(np.where(lognormal, strikes, 1.0)),
        deviations=deviations,
        bases=calls.values(books[0].prices[factors[first]]),
        scales=np.array(
            [sums_at(part.curved_places, part.curved_dollars, len(first)) for part in parts]
        ),
        half_gammas=np.zeros((len(books), len(optioned))),
    )
    return _aggregate(books, Revaluation.FULL, optioned, terms, parts)


def _expanded(books: Sequence[Exposures]) -> Aggregate:
    """Keep the first two derivatives of options: dollars per point, and half of the second."""
    optioned = np.unique(np.concatenate([book.option_factors for book in books]))
    parts = []
    for book in books:
        forwards = book.prices[book.option_factors]
        deltas = book.options.deltas(forwards) * book.option_dollars
        halves = 0.5 * book.options.gammas(forwards) * book.option_dollars
        places = np.searchsorted(optioned, book.option_factors)
        parts.append(_parts(book, places, halves, deltas, puts_only=False))
    none = np.zeros(0)
    terms = Terms(
        forwards=books[0].prices[optioned],
        starts=np.zeros(len(optioned) + 1, dtype=np.int64),
        normal_from=np.zeros(len(optioned) + 1, dtype=np.int64),
        strikes=none,
        log_strikes=none,
        deviations=none,
        bases=none,
        scales=np.zeros((len(books), 0)),
        half_gammas=np.array(
            [sums_at(part.curved_places, part.curved_dollars, len(optioned)) for part in parts]
        ),
    )
    return _aggregate(books, Revaluation.DELTA_GAMMA, optioned, terms, tuple(parts))


def _aggregate(
    books: Sequence[Exposures],
    revaluation: Revaluation,
    optioned: Indices,
    terms: Terms,
    parts: tuple[Parts, ...],
) -> Aggregate:
    factors = books[0].factors
    return Aggregate(
        revaluation=revaluation,
        factors=factors,
        labels=tuple(book.labels for book in books),
        optioned=optioned,
        linear=np.array(
            [sums_at(part.line_factors, part.line_dollars, len(factors)) for part in parts]
        ),
        terms=terms,
        parts=parts,
    )


def _parts(
    book: Exposures, places: Indices, curved: Reals, lines: Reals, *, puts_only: bool = True
) -> Parts:
    """Put legs and what is linear of options together: of puts only, or of all."""
    chosen = book.options.signs < 0.0 if puts_only else np.ones(len(lines), dtype=bool)
    return Parts(
        line_positions=np.concatenate([book.leg_positions, book.option_positions[chosen]]),
        line_factors=np.concatenate([book.leg_factors, book.option_factors[chosen]]),
        line_dollars=np.concatenate([book.leg_dollars, lines[chosen]]),
        curved_positions=book.option_positions,
        curved_factors=book.option_factors,
        curved_places=places.astype(np.int64),
        curved_dollars=curved,
    )


def _joined_options(books: Sequence[Exposures]) -> OptionTerms:
    return OptionTerms(
        signs=np.concatenate([book.options.signs for book in books]),
        strikes=np.concatenate([book.options.strikes for book in books]),
        deviations=np.concatenate([book.options.deviations for book in books]),
        lognormal=np.concatenate([book.options.lognormal for book in books]),
    )


def _kinds(factors: Indices, options: OptionTerms) -> tuple[Indices, Indices]:
    """Return the kind of each option (O,), and an option of each kind, in the order of kinds.

    Kinds are sorted by factor, lognormal ones first, then by strike and deviation.
    """
    keys = (options.deviations, options.strikes, ~options.lognormal, factors)
    order = np.lexsort(keys)
    if not len(order):
        return order, order
    begins = np.zeros(len(order), dtype=bool)
    begins[0] = True
    for key in keys:
        sorted_key = key[order]
        begins[1:] |= sorted_key[1:] != sorted_key[:-1]
    kinds = np.empty(len(order), dtype=np.int64)
    kinds[order] = np.cumsum(begins) - 1
    return kinds, order[begins]
