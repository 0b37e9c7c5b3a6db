"""Drive a stored run to its end in this process, as the RunManager would on workers."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID

from actors.runs.driver import RunDriver
from actors.runs.metrics import Measure, RunMetrics
from actors.runs.store import RunStore
from core.clock import SystemClock
from core.runs import DEFAULT_ORG, Run
from jobs.pieces import Finished, Outcome, Piece
from jobs.remote import TASK_BODIES
from jobs.workers import body_named
from serve.services import Services
from tests.qaoa_runs import stored


class InProcess:
    """Carry pieces out one after the other, the last first; count them."""

    def __init__(self) -> None:
        self.carried_out = 0

    def tasks(self) -> "InProcess":
        return self

    def qpu(self, run: Run, device: str) -> Any:
        raise AssertionError

    async def check(self, device: str) -> None:
        raise AssertionError

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        raise AssertionError

    async def warm(self) -> None:
        return

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        for piece in reversed(pieces):
            self.carried_out += 1
            result = body_named(TASK_BODIES[piece.task])(shared, *piece.arguments)
            yield Finished(
                stage=piece.stage, index=piece.index, result=stored(result), elapsed_s=0.001
            )


class Unmeasured:
    """Keep no measures."""

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None:
        return


async def drive(services: Services, run_id: str) -> Run:
    """Carry out a run that was submitted, and return it as it is stored then."""
    clock = SystemClock()
    store = RunStore(pools=services.pools, cache=services.cache, clock=clock)
    driver = RunDriver(store, InProcess(), clock, 2 << 30, RunMetrics(Unmeasured()))
    await driver.drive(await store.load(DEFAULT_ORG, UUID(run_id)))
    return await store.load(DEFAULT_ORG, UUID(run_id))
