"""Read the result of a real circuit run over HTTP, in each form it leaves in."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from qiskit import qpy

from actors.circuit_parser import CircuitParser
from core.backends import Backend
from core.run_life import Step
from core.runs import DEFAULT_ORG, MANAGER, Chunk, RunKind, RunStatus
from core.specifications import specification_from_json
from jobs.backends.choice import choose
from jobs.kinds import kind_of
from jobs.remote import TASK_BODIES
from jobs.workers import body_named
from serve.api import create_api
from serve.routes.run_results import QPY_TYPE
from storage import run_chunks, runs
from tests.on_postgres.serve.conftest import HEADERS, held

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROTATED = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
qubit[2] q;
bit[2] c;
rx(theta) q[0];
cx q[0], q[1];
c = measure q;
"""
ANGLES = [0.0, 1.5707963267948966, 3.141592653589793]
SHOTS = 2_000


@pytest.fixture(scope="module")
def parser() -> Any:
    parser = CircuitParser()
    yield parser
    parser.close()


@pytest.fixture
async def http(services: "Services", parser: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of an application that reads programs as on a stack."""
    reading = replace(services, parser=parser)

    async def opened() -> "Services":
        return reading

    app = held(create_api(reading.config, opened), reading)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://edge", headers=HEADERS
    ) as client:
        yield client


async def submit(http: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    specification = {"program": ROTATED, "parameters": {"theta": ANGLES}, "shots": SHOTS, **changes}
    return await http.post("/v1/runs", json={"kind": "circuit", "specification": specification})


async def carry_out(services: "Services", run_id: UUID) -> None:
    """Carry a run out in this process: the same pieces and bodies as on workers."""
    async with services.pools.system() as connection:
        run = await runs.get(connection, DEFAULT_ORG, run_id)
    kind, problem = kind_of(RunKind.CIRCUIT), run.problem or {}
    specification = specification_from_json(run.kind, run.specification)
    memory = services.config.task_memory_bytes
    choice = choose(kind.workload(specification, problem), Backend.parse(run.backend), memory)
    plan = {**kind.plan(specification, problem, choice), "choice": choice.to_json()}
    shared = kind.shared(specification, problem, plan)
    done: dict[tuple[str, int], dict[str, Any]] = {}
    while pieces := kind.pieces(specification, problem, plan, done):
        for piece in pieces:
            body = body_named(TASK_BODIES[piece.task])
            done[piece.stage, piece.index] = await asyncio.to_thread(body, shared, *piece.arguments)
    result = json.loads(json.dumps(kind.assemble(specification, problem, plan, done)))
    chunks = [
        Chunk(run_id=run_id, stage=stage, index=index, result=found, elapsed_s=0.1)
        for (stage, index), found in done.items()
    ]
    steps = [Step.into(status, who=MANAGER) for status in list(RunStatus)[1:4]]
    async with services.pools.system() as connection:
        await run_chunks.record(connection, DEFAULT_ORG, chunks, NOW)
        await runs.take_steps(connection, DEFAULT_ORG, run_id, steps, NOW, plan=plan, result=result)


async def test_a_circuit_comes_back_in_every_form(
    http: httpx.AsyncClient, services: "Services"
) -> None:
    submitted = await submit(http)
    assert submitted.status_code == 202, submitted.text
    run_id = UUID(submitted.json()["run_id"])
    path = f"/v1/runs/{run_id}/result"
    for form in ("json", "csv", "parquet", "qpy"):
        refused = await http.get(path, params={"form": form})
        document = refused.json()
        assert (refused.status_code, document["type"].rpartition("/")[2], document["form"]) == (
            409,
            "result-not-ready",
            form,
        )
    await carry_out(services, run_id)
    result = (await http.get(path)).json()
    assert result == (await http.get(f"/v1/runs/{run_id}")).json()["result"]
    answer = await http.get(path, params={"form": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = csv.read_csv(
        io.BytesIO(answer.content),
        convert_options=csv.ConvertOptions(column_types={"outcome": "string"}),
    )
    answer = await http.get(path, headers={"Accept": "application/vnd.apache.parquet"})
    table = pq.read_table(io.BytesIO(answer.content))
    assert rows.num_rows == table.num_rows
    assert rows["count"].to_pylist() == table["count"].to_pylist()
    counts: dict[int, dict[str, int]] = {}
    for row in table.to_pylist():
        counts.setdefault(row["point"], {})[row["outcome"]] = row["count"]
    assert [sum(found.values()) for found in counts.values()] == [SHOTS] * 3
    assert counts[0] == {"00": SHOTS}
    assert counts[2] == {"11": SHOTS}
    assert set(counts[1]) == {"00", "11"}
    answer = await http.get(path, headers={"Accept": f"text/html, {QPY_TYPE};q=0.9"})
    assert answer.headers["content-type"] == QPY_TYPE
    assert f'filename="{run_id}.qpy"' in answer.headers["content-disposition"]
    (circuit,) = qpy.load(io.BytesIO(answer.content))
    assert (circuit.num_qubits, [str(name) for name in circuit.parameters]) == (2, ["theta"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"program": "OPENQASM 3.0;\nqubit[2] q;\nnonsense q;"}, "program"),
        ({"program": 'OPENQASM 2.0;\ninclude "/etc/passwd";'}, "program"),
        ({"language": "qpy", "program": "UUlTS0lU"}, "program"),
        ({"program": "a\x00b"}, "program"),
        ({"parameters": {"phi": [1.0]}}, "parameters"),
        ({"backend": "subspace"}, "backend"),
    ],
    ids=str,
)
async def test_a_program_that_is_none_makes_no_run(
    http: httpx.AsyncClient, services: "Services", changes: dict[str, Any], field: str
) -> None:
    answer = await submit(http, **changes)
    document = answer.json()
    assert answer.status_code == 422, document
    assert document["field"].partition(".")[0] == field, document
    async with services.pools.read(DEFAULT_ORG) as connection:
        assert await connection.fetchval("SELECT count(*) FROM runs") == 0


async def test_more_qubits_than_the_plan_name_the_program(http: httpx.AsyncClient) -> None:
    program = "OPENQASM 3.0;\nqubit[101] q;\n"
    answer = await submit(http, program=program, parameters={})
    document = answer.json()
    assert (answer.status_code, document["field"]) == (422, "program.qubits"), document
    assert (document["value"], document["limit"]) == (101, 100)


async def test_an_unknown_run_has_no_result(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"/v1/runs/{UUID(int=3)}/result")).status_code == 404
