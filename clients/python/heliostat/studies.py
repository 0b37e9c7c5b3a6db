"""Own the studies that either client has carried out as runs and follows to their end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from heliostat.run_flows import Envelope, specification_of
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
        asked, envelope = specification_of(None, options), Envelope(fresh=fresh)
        flow = self._flows.carried_out("backtest", asked, envelope, on_submitted)
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
        asked, envelope = specification_of(None, options), Envelope(fresh=fresh)
        flow = self._flows.carried_out("backtest", asked, envelope, on_submitted)
        return await self._transport.run(flow, on_event)
