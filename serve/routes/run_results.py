"""Own the results of runs over HTTP: as JSON, as rows, as circuits, and what there is so far."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pyarrow as pa
from fastapi import APIRouter, Header, Query, Response
from starlette.responses import StreamingResponse

from core.errors import ResultNotReady
from core.identity import Permission
from core.runs import Run, RunStatus
from core.specifications import specification_from_json
from jobs.kinds import kind_of
from jobs.pieces import Done
from serve.identity.access import PrincipalOf, needs
from serve.services import Services, ServicesOf
from storage import run_chunks, runs
from storage.table_files import (
    CSV_TYPE,
    JSON_TYPE,
    PARQUET_TYPE,
    encode_table,
    encode_tables,
)

router = APIRouter(tags=["runs"], dependencies=[needs(Permission.RUNS_READ)])

ResultForm = Literal["json", "csv", "parquet", "qpy"]

QPY_TYPE = "application/vnd.qiskit.qpy"
MEDIA_TYPES: dict[ResultForm, str] = {
    "json": JSON_TYPE,
    "csv": CSV_TYPE,
    "parquet": PARQUET_TYPE,
    "qpy": QPY_TYPE,
}
_ROWS_AT_ONCE = 10_000
_CHUNKS_AT_ONCE = 500
_VARY = {"Vary": "Accept"}


@router.get(
    "/runs/{run_id}/result",
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
async def read_result(
    run_id: UUID,
    caller: PrincipalOf,
    services: ServicesOf,
    form: Annotated[
        ResultForm | None, Query(description="Unset: what the Accept header names first.")
    ] = None,
    accept: Annotated[str, Header()] = "",
    partial: Annotated[
        bool, Query(description="Of a run without a result: those of its chunks so far, as JSON.")
    ] = False,
) -> Response:
    """Return the result of a run: as JSON, as rows in CSV or Parquet, or its circuits in QPY."""
    chosen = choose_form(form, accept)
    done: Done = {}
    async with services.pools.read(caller.org_id) as connection:
        run = await runs.get(connection, caller.org_id, run_id)
        if chosen != "json" and run.result is not None:
            done = await run_chunks.done(connection, caller.org_id, run_id)
    if partial and chosen == "json" and run.result is None:
        chunks = _chunks_so_far(services, run)
        return StreamingResponse(chunks, media_type=JSON_TYPE, headers=_VARY)
    if run.result is None or run.status is not RunStatus.SUCCEEDED:
        raise _not_ready(run, chosen)
    if chosen == "json":
        return Response(msgspec.json.encode(run.result), media_type=JSON_TYPE, headers=_VARY)
    if chosen == "qpy":
        circuits = await asyncio.to_thread(_qpy_of, run, done)
        return Response(circuits, media_type=QPY_TYPE, headers=_named(run, "qpy"))
    table = await asyncio.to_thread(_table_of, run, done)
    if chosen == "parquet":
        rows = await asyncio.to_thread(encode_table, table, PARQUET_TYPE)
        return Response(rows, media_type=PARQUET_TYPE, headers=_named(run, "parquet"))
    parts = encode_tables(table.schema, _slices(table), CSV_TYPE)
    return StreamingResponse(parts, media_type=CSV_TYPE, headers=_named(run, "csv"))


def choose_form(asked: ResultForm | None, accept: str) -> ResultForm:
    """Return the form asked for, else the first of the Accept header that is ours, else JSON."""
    if asked is not None:
        return asked
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        for form, ours in MEDIA_TYPES.items():
            if media_type == ours:
                return form
    return "json"


def _named(run: Run, ending: str) -> dict[str, str]:
    return _VARY | {"Content-Disposition": f'attachment; filename="{run.run_id}.{ending}"'}


def _not_ready(run: Run, form: ResultForm) -> ResultNotReady:
    return ResultNotReady(run_id=str(run.run_id), status=run.status.value, form=form)


def _table_of(run: Run, done: Done) -> pa.Table:
    specification = specification_from_json(run.kind, run.specification)
    return kind_of(run.kind).table(specification, run.problem or {}, run.result or {}, done)


def _qpy_of(run: Run, done: Done) -> bytes:
    specification = specification_from_json(run.kind, run.specification)
    kind = kind_of(run.kind)
    circuits = kind.programs(specification, run.problem or {}, run.result or {}, done)
    if not circuits:
        raise _not_ready(run, "qpy")
    from qiskit import qpy

    sink = io.BytesIO()
    qpy.dump(list(circuits), sink)
    return sink.getvalue()


async def _slices(table: pa.Table) -> AsyncIterator[pa.Table]:
    for first in range(0, table.num_rows, _ROWS_AT_ONCE):
        yield table.slice(first, _ROWS_AT_ONCE)


async def _chunks_so_far(services: Services, run: Run) -> AsyncIterator[bytes]:
    """Yield one JSON document, reading a page of chunks at a time."""
    head = {"run_id": str(run.run_id), "status": run.status.value, "is_partial": True}
    yield msgspec.json.encode(head)[:-1] + b',"chunks":['
    after: tuple[str, int] | None = None
    begun = False
    while True:
        async with services.pools.read(run.org_id) as connection:
            page = await run_chunks.of_run(
                connection, run.org_id, run.run_id, None, after, _CHUNKS_AT_ONCE
            )
        listed: list[dict[str, Any]] = [
            {"stage": chunk.stage, "index": chunk.index, "result": chunk.result}
            for chunk in page
            if chunk.result is not None
        ]
        if listed:
            yield (b"," if begun else b"") + msgspec.json.encode(listed)[1:-1]
            begun = True
        if len(page) < _CHUNKS_AT_ONCE:
            yield b"]}"
            return
        after = (page[-1].stage, page[-1].index)
