"""Own the shortest way from a question to a data frame, for notebooks and scripts."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from heliostat.progress import bar as bar_of
from heliostat.run_flows import Envelope, Specification, specification_of

if TYPE_CHECKING:
    import pandas as pd

    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Frames:
    """Be the part of a client that answers with data frames."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def frame(self, run_id: str) -> "pd.DataFrame":
        """Return the rows of a run's result; `attrs` names the run and its backend.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
            ResultNotReady: the run has no result.
        """
        return self._transport.run(self._flows.frame(run_id))

    def run_to_frame(
        self,
        kind: str,
        specification: Specification | None = None,
        *,
        bar: bool | None = None,
        fresh: bool = False,
        priority: int = 0,
        deadline: datetime | str | None = None,
        labels: Sequence[str] = (),
        **fields: Any,
    ) -> "pd.DataFrame":
        """Submit a run, show how far it is, and return the rows of its result.

        Whatever `submit` takes; the `bar` appears on terminals and in notebooks unless False.

        Raises:
            NotInstalled: pandas or pyarrow is not there; nothing was submitted.
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        envelope = Envelope(fresh=fresh, priority=priority, deadline=deadline, labels=labels)
        asked = specification_of(specification, fields)
        with bar_of(bar) as on_event:
            return self._transport.run(self._flows.run_to_frame(kind, asked, envelope), on_event)


class AsyncFrames:
    """Be the part of an asynchronous client that answers with data frames."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def frame(self, run_id: str) -> "pd.DataFrame":
        """Return the rows of a run's result; `attrs` names the run and its backend.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
            ResultNotReady: the run has no result.
        """
        return await self._transport.run(self._flows.frame(run_id))

    async def run_to_frame(
        self,
        kind: str,
        specification: Specification | None = None,
        *,
        bar: bool | None = None,
        fresh: bool = False,
        priority: int = 0,
        deadline: datetime | str | None = None,
        labels: Sequence[str] = (),
        **fields: Any,
    ) -> "pd.DataFrame":
        """Submit a run, show how far it is, and return the rows of its result.

        Whatever `submit` takes; the `bar` appears on terminals and in notebooks unless False.

        Raises:
            NotInstalled: pandas or pyarrow is not there; nothing was submitted.
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        envelope = Envelope(fresh=fresh, priority=priority, deadline=deadline, labels=labels)
        asked = specification_of(specification, fields)
        with bar_of(bar) as on_event:
            flow = self._flows.run_to_frame(kind, asked, envelope)
            return await self._transport.run(flow, on_event)
