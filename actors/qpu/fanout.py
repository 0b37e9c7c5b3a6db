"""Own how pieces of a run reach quantum hardware: asked for until they are answered."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

from actors.qpu.requests import QpuOutcome, QpuRequest
from actors.runs.events import problem_of
from core.errors import BackendUnavailable, HeliostatError, SourceUnavailable
from core.logs import get_logger
from core.runs import Run
from integrations.backoff import Uniform, backoff_s
from jobs.pieces import Broken, Fanout, Finished, Outcome, Piece, TaskFanout

log = get_logger(__name__)

ASKED_AT_ONCE = 8
"""Ask for so many pieces of a run at a time, so that neither it nor many keep others waiting.

Each has its seconds of the month set aside, and holds one of the calls that who holds the hardware
takes at a time.
"""


class QpuPort(Protocol):
    """Carry requests out on quantum hardware; each is carried out once, however often asked."""

    async def check(self, device: str) -> None: ...

    async def execute(self, request: QpuRequest) -> QpuOutcome: ...

    async def cancel(self, org_id: UUID, run_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuFanout:
    """Ask for the pieces of one run, a few at a time: who holds the hardware paces them.

    While the hardware or its owner is away, a piece is asked for again after a pause.
    """

    qpu: QpuPort
    run_of: Run
    device: str
    budget_s: int
    rng: Uniform

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        """Yield each piece as it is answered; pieces that cannot be are Broken."""
        waiting = iter(pieces)
        asked = {self._ask(piece) for piece in islice(waiting, ASKED_AT_ONCE)}
        try:
            while asked:
                ended, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                asked |= {self._ask(piece) for piece in islice(waiting, len(ended))}
                for task in ended:
                    yield task.result()
        finally:
            for task in asked:
                task.cancel()
            if asked:
                await asyncio.wait(asked)

    def _ask(self, piece: Piece) -> asyncio.Task[Outcome]:
        return asyncio.create_task(self._answered(piece))

    async def _answered(self, piece: Piece) -> Outcome:
        request = self._request(piece)
        attempt = 0
        while True:
            try:
                return _finished(piece, await self.qpu.execute(request), attempt + 1)
            except (BackendUnavailable, SourceUnavailable) as error:
                log.warning("qpu.asked_again", run_id=str(request.run_id), reason=error.detail)
                await asyncio.sleep(backoff_s(attempt, self.rng))
                attempt += 1
            except HeliostatError as error:
                return Broken(
                    stage=piece.stage,
                    index=piece.index,
                    error=problem_of(error),
                    attempts=attempt + 1,
                )

    def _request(self, piece: Piece) -> QpuRequest:
        asked = piece.arguments[0]
        return QpuRequest(
            org_id=self.run_of.org_id,
            run_id=self.run_of.run_id,
            stage=piece.stage,
            index=piece.index,
            device=self.device,
            primitive="estimator" if piece.task == "estimator" else "sampler",
            qpy=asked["qpy"],
            rows=tuple(tuple(row) for row in asked["rows"]),
            seed=asked["seed"],
            budget_s=self.budget_s,
            shots=asked.get("shots"),
            precision=asked.get("precision"),
            observables=tuple(asked.get("observables", ())),
        )


def _finished(piece: Piece, outcome: QpuOutcome, attempts: int) -> Finished:
    return Finished(
        stage=piece.stage,
        index=piece.index,
        result=outcome.result,
        elapsed_s=outcome.elapsed_s,
        waited_s=outcome.waited_s,
        attempts=attempts,
        worker=str(outcome.result.get("job_id", "")),
        snapshot=outcome.snapshot,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFanouts:
    """Lend Ray's tasks and the QPU to runs; one job may use `budget_s` seconds of a device."""

    local: TaskFanout
    remote: QpuPort
    budget_s: int
    rng: Uniform

    def tasks(self) -> TaskFanout:
        return self.local

    def qpu(self, run: Run, device: str) -> Fanout:
        return QpuFanout(
            qpu=self.remote, run_of=run, device=device, budget_s=self.budget_s, rng=self.rng
        )

    async def check(self, device: str) -> None:
        try:
            await self.remote.check(device)
        except SourceUnavailable as error:
            raise BackendUnavailable(backend=f"ibm:{device}", reason=error.detail) from error

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        with contextlib.suppress(BackendUnavailable):
            await self.remote.cancel(org_id, run_id)
