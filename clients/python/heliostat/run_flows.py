"""Own the conversations about runs: submitted, found, followed to their end, and read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, Required, TypedDict, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from heliostat.answers import parse, query, segment
from heliostat.conversation import Conversation, tuple_of
from heliostat.effects import Call, Emit, Flow
from heliostat.errors import RunCancelled, RunFailed
from heliostat.files import save
from heliostat.models import ExportResult
from heliostat.readers import RunReader
from heliostat.runs import (
    Backend,
    Chunk,
    ResultForm,
    Run,
    RunEvent,
    RunPage,
    RunStatus,
    Trial,
)
from heliostat.sse import json_object

M = TypeVar("M", bound=BaseModel)

Specification = Mapping[str, Any]
_ROWS_OF_A_PAGE = 500


class PortfolioOptions(TypedDict, total=False):
    """Name what a portfolio run is asked; what is left out, the API decides.

    `of` contracts are spread evenly over `products` and `choose` of them are chosen;
    `window_days` counts business days; `risk_aversion` is q in q·xᵀΣx − μᵀx.
    """

    products: Required[list[str] | tuple[str, ...]]
    choose: Required[int]
    of: Required[int]
    source: NotRequired[str | None]
    as_of: NotRequired[date | str | None]
    seed: NotRequired[int | None]
    risk_aversion: NotRequired[float | None]
    window_days: NotRequired[int | None]
    depth: NotRequired[int | None]
    shots: NotRequired[int | None]
    starts: NotRequired[int | None]
    mixer: NotRequired[str | None]
    backend: NotRequired[str | None]


class RunChoice(TypedDict, total=False):
    """Choose runs to list; what is left out chooses all.

    `status` and `kind` may be several. A run must carry the `label`. `page_size` runs are asked
    for at once.
    """

    status: RunStatus | str | Sequence[RunStatus | str]
    kind: str | Sequence[str]
    backend: str | None
    label: str | None
    created_from: datetime | date | str | None
    created_before: datetime | date | str | None
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Hold what surrounds a specification when it is submitted."""

    fresh: bool = False
    priority: int = 0
    deadline: datetime | str | None = None
    labels: Sequence[str] = ()

    def around(self, kind: str, specification: Specification) -> bytes:
        """Return the body of a request; what is as the API assumes it is left out."""
        body: dict[str, Any] = {"kind": kind, "specification": dict(specification)}
        body["fresh"] = self.fresh
        if self.priority:
            body["priority"] = self.priority
        if self.deadline is not None:
            body["deadline"] = self.deadline
        if self.labels:
            body["labels"] = list(self.labels)
        return to_json(body)


def specification_of(given: Specification | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification with more of its fields, of which None are left to the API."""
    return dict(given or {}) | {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlows(Conversation):
    """Make the flows about runs and backends."""

    def submit(self, kind: str, specification: Specification, envelope: Envelope) -> Flow[Run]:
        body = envelope.around(kind, specification)
        return self._fetch(Run, self._keyed_post("/v1/runs", body))

    def validate(self, kind: str, specification: Specification, envelope: Envelope) -> Flow[Trial]:
        call = Call(
            method="POST",
            path="/v1/runs/validate",
            headers={"Content-Type": "application/json"},
            body=envelope.around(kind, specification),
        )
        return self._fetch(Trial, call)

    def run(self, run_id: str) -> Flow[Run]:
        return self._fetch(Run, _of_run(run_id))

    def cancel(self, run_id: str) -> Flow[Run]:
        return self._fetch(Run, self._keyed_post(f"/v1/runs/{segment(run_id)}/cancel", None))

    def runs(self, choice: RunChoice) -> Flow[None]:
        chosen = _choice_query(choice)
        before: str | None = None
        while True:
            params = query(limit=choice.get("page_size", 50), before=before)
            call = Call(method="GET", path="/v1/runs", params=(*params, *chosen))
            page = yield from self._fetch(RunPage, call)
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before

    def watch(self, run_id: str, after: int = 0) -> Flow[None]:
        return self._follow(RunReader(run_id, after, self.timeouts.silence_s))

    def events(self, run_id: str, after: int) -> Flow[tuple[RunEvent, ...]]:
        return self._items(RunEvent, _of_run(run_id, "events", after=after or None))

    def chunks(self, run_id: str, stage: str | None) -> Flow[None]:
        return self._pages(Chunk, _of_run(run_id, "chunks", stage=stage, limit=_ROWS_OF_A_PAGE))

    def result(self, run_id: str, partial: bool) -> Flow[dict[str, Any]]:
        call = _of_run(run_id, "result", form="json", partial=partial or None)
        return json_object((yield from self._send(call)))

    def result_bytes(self, run_id: str, form: ResultForm) -> Flow[bytes]:
        return self._send(_of_run(run_id, "result", form=form))

    def save_result(self, run_id: str, form: ResultForm, to: Path | BinaryIO) -> Flow[ExportResult]:
        yield from self._open(_of_run(run_id, "result", form=form))
        return (yield from save(to))

    def follow(self, run_id: str) -> Flow[Run]:
        """Emit every event until the last, and return the run that it brought."""
        reader = RunReader(run_id, 0, self.timeouts.silence_s)
        yield from self._follow(reader)
        return _succeeded(reader.run or (yield from self.run(run_id)))

    def carried_out(
        self,
        kind: str,
        specification: Specification,
        envelope: Envelope,
        on_submitted: Callable[[Run], None] | None,
    ) -> Flow[Run]:
        """Submit a run, emit every event until the last, return the whole finished run."""
        run = yield from self.submit(kind, specification, envelope)
        if on_submitted is not None:
            on_submitted(run)
        if not run.status.is_final:
            yield from self.watch(run.run_id)
            run = yield from self.run(run.run_id)
        return _succeeded(run)

    def backends(self) -> Flow[tuple[Backend, ...]]:
        return self._items(Backend, Call(method="GET", path="/v1/backends"))

    def _pages(self, model: type[M], call: Call) -> Flow[None]:
        rows = tuple_of(model)
        after: str | None = None
        while True:
            asked = replace(call, params=(*call.params, *query(after=after)))
            page = json_object((yield from self._send(asked)))
            for row in parse(rows, page.get("items")):
                yield Emit(row)
            following = page.get("next_after")
            if following is None or following == after:
                return
            after = following


def _succeeded(run: Run) -> Run:
    if run.status is RunStatus.FAILED:
        raise RunFailed(run)
    if run.status is RunStatus.CANCELLED:
        raise RunCancelled(run)
    return run


def _of_run(run_id: str, noun: str | None = None, **asked: object) -> Call:
    path = f"/v1/runs/{segment(run_id)}" + (f"/{noun}" if noun else "")
    return Call(method="GET", path=path, params=query(**asked))


def _choice_query(choice: RunChoice) -> tuple[tuple[str, str], ...]:
    several = [
        (name, str(value)) for name in ("status", "kind") for value in _listed(choice.get(name))
    ]
    one = query(
        backend=choice.get("backend"),
        label=choice.get("label"),
        created_from=_moment(choice.get("created_from")),
        created_before=_moment(choice.get("created_before")),
    )
    return (*several, *one)


def _listed(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _moment(moment: datetime | date | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, date) else moment
