"""Own what either client asks of the risk of books: losses, stresses, profits, backtests."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Unpack

from heliostat.book_flows import GivenPosition
from heliostat.option_flows import GreekOptions
from heliostat.risk import BookRisk, ExplainedBook, RiskBacktest, Stress, StressedBook
from heliostat.risk_flows import GivenStress, OfBook, RiskBacktestOptions, RiskOptions

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Risks:
    """Be the part of a client that measures the risk of books.

    A book is the name of a stored one, or positions: models of this package or mappings of the
    same fields. Profits and losses are in dollars.
    """

    _transport: "SyncTransport"
    _flows: "Flows"

    def risk(
        self, of: OfBook, *, add: Sequence[GivenPosition] = (), **options: Unpack[RiskOptions]
    ) -> BookRisk:
        """Return how much a book may lose, and which positions, contracts and products would.

        `add` might be added: how much it raises the risk is told, and nothing is stored.

        Raises:
            UnknownInstrument: contracts have no price; with `strict`, some have expired.
            HistoryTooShort: there are too few days for the level.
        """
        return self._transport.run(self._flows.risk(of, add, options))

    def stresses(self) -> tuple[Stress, ...]:
        """Return the scenarios of the library."""
        return self._transport.run(self._flows.stresses())

    def stress(
        self,
        of: OfBook,
        *,
        stresses: Sequence[str] | None = None,
        custom: Sequence[GivenStress] = (),
        **options: Unpack[GreekOptions],
    ) -> StressedBook:
        """Return what a book gains in scenarios: named ones and one's own, or all of the library.

        Raises:
            InvalidInput: a name is not in the library, or a shock leaves no volatility.
        """
        flow = self._flows.stress(of, stresses, custom, options)
        return self._transport.run(flow)

    def explain(
        self,
        of: OfBook,
        since: date | str,
        *,
        deals: Sequence[tuple[GivenPosition, float]] = (),
        **options: Unpack[GreekOptions],
    ) -> ExplainedBook:
        """Return where the profit of a book since a day came from, to `as_of` or the latest.

        `deals` are what was traded since, each with the price that was paid; a roll is two.
        """
        return self._transport.run(self._flows.explain(of, since, deals, options))

    def backtest_risk(self, of: OfBook, **options: Unpack[RiskBacktestOptions]) -> RiskBacktest:
        """Return how the value at risk of today's book would have done over past days.

        Raises:
            HistoryTooShort: there are no more days than the window.
        """
        return self._transport.run(self._flows.backtest_risk(of, options))


class AsyncRisks:
    """Be the part of an asynchronous client that measures the risk of books.

    A book is the name of a stored one, or positions: models of this package or mappings of the
    same fields. Profits and losses are in dollars.
    """

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def risk(
        self, of: OfBook, *, add: Sequence[GivenPosition] = (), **options: Unpack[RiskOptions]
    ) -> BookRisk:
        """Return how much a book may lose, and which positions, contracts and products would.

        `add` might be added: how much it raises the risk is told, and nothing is stored.

        Raises:
            UnknownInstrument: contracts have no price; with `strict`, some have expired.
            HistoryTooShort: there are too few days for the level.
        """
        return await self._transport.run(self._flows.risk(of, add, options))

    async def stresses(self) -> tuple[Stress, ...]:
        """Return the scenarios of the library."""
        return await self._transport.run(self._flows.stresses())

    async def stress(
        self,
        of: OfBook,
        *,
        stresses: Sequence[str] | None = None,
        custom: Sequence[GivenStress] = (),
        **options: Unpack[GreekOptions],
    ) -> StressedBook:
        """Return what a book gains in scenarios: named ones and one's own, or all of the library.

        Raises:
            InvalidInput: a name is not in the library, or a shock leaves no volatility.
        """
        flow = self._flows.stress(of, stresses, custom, options)
        return await self._transport.run(flow)

    async def explain(
        self,
        of: OfBook,
        since: date | str,
        *,
        deals: Sequence[tuple[GivenPosition, float]] = (),
        **options: Unpack[GreekOptions],
    ) -> ExplainedBook:
        """Return where the profit of a book since a day came from, to `as_of` or the latest.

        `deals` are what was traded since, each with the price that was paid; a roll is two.
        """
        return await self._transport.run(self._flows.explain(of, since, deals, options))

    async def backtest_risk(
        self, of: OfBook, **options: Unpack[RiskBacktestOptions]
    ) -> RiskBacktest:
        """Return how the value at risk of today's book would have done over past days.

        Raises:
            HistoryTooShort: there are no more days than the window.
        """
        return await self._transport.run(self._flows.backtest_risk(of, options))
