"""Own the studies that either client has carried out as runs and follows to their end."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Unpack

from heliostat.book_flows import GivenPosition
from heliostat.risk_flows import OfBook, RiskOptions
from heliostat.runs import Run, RunEvent
from heliostat.study_flows import BacktestOptions

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Studies:
    """Be the part of a client that has studies carried out."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def backtest(
        self,
        *,
        fresh: bool = False,
        on_submitted: Callable[[Run], None] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **options: Unpack[BacktestOptions],
    ) -> Run:
        """Submit a backtest, follow it to its end and return it with its result.

        `frame(run.run_id)` has its rows; those of a long one are not in the result.

        Raises:
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        flow = self._flows.backtest(options, fresh, on_submitted)
        return self._transport.run(flow, on_event)

    def simulate_risk(
        self,
        of: OfBook,
        *,
        add: Sequence[GivenPosition] = (),
        fresh: bool = False,
        on_submitted: Callable[[Run], None] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **options: Unpack[RiskOptions],
    ) -> Run:
        """Simulate the risk of a book on the cluster, follow that to its end and return the run.

        `of` is the name of a stored book, or positions; what `add` would change is told as well.
        Options are those of `risk`, with up to 10,000,000 paths. The same seed gives the same
        numbers on any number of workers.

        Raises:
            BookNotFound: no book of this name is kept.
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        flow = self._flows.simulate_risk(of, add, options, fresh, on_submitted)
        return self._transport.run(flow, on_event)


class AsyncStudies:
    """Be the part of an asynchronous client that has studies carried out."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def backtest(
        self,
        *,
        fresh: bool = False,
        on_submitted: Callable[[Run], None] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **options: Unpack[BacktestOptions],
    ) -> Run:
        """Submit a backtest, follow it to its end and return it with its result.

        `frame(run.run_id)` has its rows; those of a long one are not in the result.

        Raises:
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        flow = self._flows.backtest(options, fresh, on_submitted)
        return await self._transport.run(flow, on_event)

    async def simulate_risk(
        self,
        of: OfBook,
        *,
        add: Sequence[GivenPosition] = (),
        fresh: bool = False,
        on_submitted: Callable[[Run], None] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **options: Unpack[RiskOptions],
    ) -> Run:
        """Simulate the risk of a book on the cluster, follow that to its end and return the run.

        `of` is the name of a stored book, or positions; what `add` would change is told as well.
        Options are those of `risk`, with up to 10,000,000 paths. The same seed gives the same
        numbers on any number of workers.

        Raises:
            BookNotFound: no book of this name is kept.
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        flow = self._flows.simulate_risk(of, add, options, fresh, on_submitted)
        return await self._transport.run(flow, on_event)
