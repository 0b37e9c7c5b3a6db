"""Own the risk of a book in its market: beside it, with the trades that might be added."""

from dataclasses import dataclass

import numpy as np

from core.forecasts import ModelNote
from core.risk import RiskQuestion
from quant.risk.book_market import BookMarket
from quant.risk.exposures import Exposures, exposures
from quant.risk.increments import Increment, incremental_risk
from quant.risk.measures import Measured, measured
from quant.risk.reports import RiskReport


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookRisk:
    """Hold the risk of a book, by level, and what adding trades would change of it, by level.

    `numbers` are the indices in the book of the positions in reports; `increments` is empty where
    nothing was to be added.
    """

    held: Exposures
    numbers: tuple[int, ...]
    measured: Measured
    increments: tuple[Increment, ...]
    notes: tuple[ModelNote, ...]

    @property
    def reports(self) -> tuple[RiskReport, ...]:
        """Return the report of the book itself at each level."""
        return tuple(by_book[0] for by_book in self.measured.reports)


def book_risk(
    market: BookMarket,
    question: RiskQuestion,
    *,
    held: int | None = None,
    threads: int = 1,
) -> BookRisk:
    """Measure a book; of its positions the first `held` are there, the others might be added.

    Raises:
        HistoryTooShort: there are too few days, or scenarios for a level.
        ModelNotApplicable: a model cannot take these prices or changes.
        InvalidInput: a currency has no exchange rate.
    """
    priced = market.priced
    factors = market.changes.factors
    everything = priced.trading
    kept = everything if held is None else everything.before(held)
    book = exposures(kept.positions, priced.market, factors)
    books = [book]
    if len(kept.positions) < len(everything.positions):
        books.append(exposures(everything.positions, priced.market, factors))
    found = measured(books, market.changes, question, threads=threads)
    increments = tuple(
        incremental_risk(before, after) for before, *others in found.reports for after in others
    )
    return BookRisk(
        held=book,
        numbers=kept.numbers,
        measured=found,
        increments=increments,
        notes=(*found.notes, *_short(market, question), *_approximated(book, kept.numbers)),
    )


def _short(market: BookMarket, question: RiskQuestion) -> tuple[ModelNote, ...]:
    found = len(market.changes.dates)
    if found >= question.window_days:
        return ()
    detail = f"{found} days are known of the {question.window_days} asked for"
    return (ModelNote(code="short-window", detail=detail),)


def _approximated(book: Exposures, numbers: tuple[int, ...]) -> tuple[ModelNote, ...]:
    reasons = np.unique([one.reason for one in book.approximations]).tolist()
    return tuple(
        ModelNote(
            code="approximation",
            detail=f"position {_named(book, numbers, reason)}: {reason}",
        )
        for reason in reasons
    )


def _named(book: Exposures, numbers: tuple[int, ...], reason: str) -> str:
    return ", ".join(
        str(numbers[one.position] + 1) for one in book.approximations if one.reason == reason
    )
