"""Check that the views of results show what the tables of the same runs hold."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuid_utils
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from core.backends import Backend
from core.run_life import Step
from core.runs import (
    DEFAULT_ORG,
    MANAGER,
    BackendSnapshot,
    Chunk,
    NewRun,
    RunKind,
    RunStatus,
)
from core.specifications import specification_from_json
from jobs.backends.choice import choose
from jobs.kinds import kind_of
from jobs.kinds.kind import ParsedCircuit
from jobs.remote import TASK_BODIES
from jobs.tasks.program_facts import circuit_facts
from jobs.workers import body_named
from storage import run_chunks, runs, snapshots
from storage.pool import Pools
from tests.qaoa_runs import CHOICE, TASK_BYTES, Carried, Posed, carry_out, stored

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
SNAPSHOT = BackendSnapshot(digest=b"\x00\xff", backend="aer", body={})
GRID = {"parameters": {"b": [0.3, 1.1, 0.2], "a": [0.1, 2.0]}, "grid": "product"}


def circuit() -> QuantumCircuit:
    made = QuantumCircuit(3)
    made.ry(Parameter("a"), 0)
    made.ry(Parameter("b"), 2)
    made.cx(0, 1)
    return made


def carry_out_circuit(kind_name: RunKind, values: dict[str, Any], **grouped: list[int]) -> Carried:
    """Carry a run of a brought circuit out in this process, grouped as told."""
    given = {"program": "as given", **values}
    return carry_out_here(kind_name, given, circuit_facts(circuit()), **grouped)


def carry_out_here(
    kind_name: RunKind, values: dict[str, Any], read: ParsedCircuit | None, **grouped: list[int]
) -> Carried:
    """Carry a run that needs no prices out in this process."""
    asked = specification_from_json(kind_name, values)
    kind = kind_of(kind_name)
    problem = stored(kind.pose(asked, None, read).problem)
    posed = Posed(kind=kind, specification=asked, problem=problem)
    choice = choose(kind.workload(asked, problem), Backend.parse("auto"), TASK_BYTES)
    plan = stored({**kind.plan(asked, problem, choice), "choice": choice.to_json(), **grouped})
    shared = kind.shared(asked, problem, plan)
    done: dict[tuple[str, int], dict[str, Any]] = {}
    while pieces := kind.pieces(asked, problem, plan, done):
        for piece in pieces:
            body = body_named(TASK_BODIES[piece.task])
            done[piece.stage, piece.index] = stored(body(shared, *piece.arguments))
    result = stored(kind.assemble(asked, problem, plan, done))
    return Carried(posed=posed, plan=plan, done=done, stages=[], result=result)


async def store(pools: Pools, kind: RunKind, carried: Carried, *, is_finished: bool = True) -> UUID:
    """Store a run as it was carried out, its chunks in some other order."""
    new = NewRun(
        org_id=DEFAULT_ORG,
        run_id=uuid_utils.uuid7(),
        kind=kind,
        specification=carried.posed.specification.to_json(),
        specification_hash=b"hash",
        problem=carried.posed.problem,
        backend="auto",
        seed=7,
        code_version="abc",
        vintage="2026-01-02",
        submitted_by="a key",
        labels=("studied",),
    )
    chunks = [
        Chunk(
            run_id=new.run_id,
            stage=stage,
            index=index,
            result=result,
            elapsed_s=0.5,
            waited_s=0.25,
            worker=f"node, {index % 2}",
            snapshot_id=SNAPSHOT.digest,
        )
        for (stage, index), result in carried.done.items()
    ]
    way = [RunStatus.PLANNING, RunStatus.RUNNING, *([RunStatus.SUCCEEDED] * is_finished)]
    async with pools.system() as connection:
        await snapshots.remember(connection, SNAPSHOT, NOW)
        await runs.create(connection, new, None, b"", NOW, 1000)
        await run_chunks.record(connection, DEFAULT_ORG, chunks, NOW)
        await runs.take_steps(
            connection,
            DEFAULT_ORG,
            new.run_id,
            [Step.into(status, who=MANAGER) for status in way],
            NOW + timedelta(seconds=3),
            plan=carried.plan,
            result=carried.result if is_finished else None,
            backend=carried.plan["choice"]["backend"],
        )
    return new.run_id


async def rows_of(
    pools: Pools, view: str, run_id: UUID, order: str, org_id: UUID = DEFAULT_ORG
) -> list[dict[str, Any]]:
    statement = f"SELECT * FROM {view} WHERE run_id = $1 ORDER BY {order}"  # noqa: S608
    async with pools.read(org_id) as connection:
        return [dict(row) for row in await connection.fetch(statement, run_id)]


def columns(rows: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


async def test_an_overview_tells_of_choice_and_times(pools: Pools) -> None:
    carried = carry_out_circuit(RunKind.CIRCUIT, {**GRID, "shots": 100})
    run_id = await store(pools, RunKind.CIRCUIT, carried)
    (row,) = await rows_of(pools, "run_overview", run_id, "run_id")
    choice = carried.plan["choice"]
    told = {name: row[name] for name in ("backend", "method", "why", "estimated_s")}
    assert told == {name: choice[name] for name in told}
    assert (row["kind"], row["status"], row["labels"]) == ("circuit", "succeeded", ["studied"])
    assert (row["queued_s"], row["ran_s"], row["error_code"]) == (3.0, 0.0, None)


async def test_a_run_that_did_not_begin_has_an_overview_without_times(pools: Pools) -> None:
    async with pools.system() as connection:
        new = NewRun(
            org_id=DEFAULT_ORG,
            run_id=uuid_utils.uuid7(),
            kind=RunKind.CIRCUIT,
            specification={},
            specification_hash=b"hash",
            problem={},
            backend="auto",
            seed=7,
            code_version="abc",
            vintage=None,
            submitted_by="a key",
        )
        await runs.create(connection, new, None, b"", NOW, 10)
        steps = [Step.into(RunStatus.FAILED, who=MANAGER)]
        error = {"code": "run-failed", "detail": "why"}
        await runs.take_steps(connection, DEFAULT_ORG, new.run_id, steps, NOW, error=error)
    (row,) = await rows_of(pools, "run_overview", new.run_id, "run_id")
    assert (row["method"], row["queued_s"], row["ran_s"]) == (None, None, None)
    assert (row["error_code"], row["error_detail"]) == ("run-failed", "why")


async def test_chunks_and_stages_tell_of_their_times(pools: Pools) -> None:
    carried = carry_out_circuit(RunKind.CIRCUIT, {**GRID, "shots": 100}, edges=[0, 2, 4, 6])
    run_id = await store(pools, RunKind.CIRCUIT, carried)
    async with pools.system() as connection:
        broken = Chunk(
            run_id=run_id,
            stage="sample",
            index=99,
            result=None,
            elapsed_s=2.0,
            error={"code": "chunk-failed", "detail": "why"},
            attempts=4,
        )
        await run_chunks.record(connection, DEFAULT_ORG, [broken], NOW)
    found = await rows_of(pools, "run_chunk_outcomes", run_id, "chunk_index")
    names = ("chunk_index", "is_finished", "backend", "snapshot", "error_code", "attempts")
    assert columns(found, *names) == [
        (0, True, "aer", "00ff", None, 1),
        (1, True, "aer", "00ff", None, 1),
        (2, True, "aer", "00ff", None, 1),
        (99, False, None, None, "chunk-failed", 4),
    ]
    (stage,) = await rows_of(pools, "run_stage_times", run_id, "stage")
    assert columns([stage], "stage", "chunks", "broken", "attempts", "workers") == [
        ("sample", 4, 1, 7, 3)
    ]
    assert columns([stage], "elapsed_s", "longest_s", "waited_s") == [(3.5, 2.0, 0.75)]


@pytest.mark.parametrize("is_finished", [True, False])
async def test_counts_of_a_circuit_are_those_of_its_table(
    pools: Pools, *, is_finished: bool
) -> None:
    values = {**GRID, "shots": 3000, "seed": 5}
    carried = carry_out_circuit(RunKind.CIRCUIT, values, edges=[0, 1, 4, 6], block_edges=[0, 2, 3])
    assert len(carried.done) == 6
    run_id = await store(pools, RunKind.CIRCUIT, carried, is_finished=is_finished)
    names = ("point", "outcome", "count", "probability")
    found = await rows_of(pools, "circuit_counts", run_id, "point, outcome")
    assert columns(found, *names) == columns(carried.rows(), *names)
    points = await rows_of(pools, "circuit_points", run_id, "point, parameter")
    expected = {(row["point"], name): row[name] for row in carried.rows() for name in ("a", "b")}
    assert len(points) == len(expected) == 12
    assert {(row["point"], row["parameter"]): row["value"] for row in points} == expected


async def test_points_side_by_side_are_those_of_the_table(pools: Pools) -> None:
    values = {"parameters": {"b": [0.3, 1.1, 0.2], "a": [0.1, 2.0, 0.7]}, "shots": 50}
    carried = carry_out_circuit(RunKind.CIRCUIT, values)
    run_id = await store(pools, RunKind.CIRCUIT, carried)
    points = await rows_of(pools, "circuit_points", run_id, "point, parameter")
    expected = [
        (point, name, values["parameters"][name][point]) for point in range(3) for name in "ab"
    ]
    assert columns(points, "point", "parameter", "value") == expected


@pytest.mark.parametrize("precision", [0.0, 0.1])
async def test_values_of_observables_are_those_of_their_table(
    pools: Pools, precision: float
) -> None:
    values = {**GRID, "observables": [{"ZZI": 1.0, "IIX": -0.5}, {"XII": 2.0}]}
    carried = carry_out_circuit(
        RunKind.OBSERVABLE, {**values, "precision": precision}, edges=[0, 1, 4, 6]
    )
    run_id = await store(pools, RunKind.OBSERVABLE, carried)
    found = await rows_of(pools, "observable_values", run_id, "point, observable")
    names = ("point", "observable", "value")
    assert columns(found, *names) == columns(carried.rows(), *names)
    errors = [row.get("standard_error") for row in carried.rows()]
    assert [row["standard_error"] for row in found] == errors


async def test_estimates_of_amplitudes_are_those_of_their_table(pools: Pools) -> None:
    option = {"spot": 70.0, "strike": 72.0, "volatility": 0.35, "years": 0.25}
    asked = {"measure": "option", "option": option, "qubits": 3, "repetitions": 3}
    carried = carry_out_here(RunKind.AMPLITUDE, {**asked, "accuracy": 0.05, "shots": 64}, None)
    run_id = await store(pools, RunKind.AMPLITUDE, carried)
    found = await rows_of(pools, "amplitude_estimates", run_id, "repetition")
    names = tuple(carried.rows()[0])
    assert len(found) == 3
    assert columns(found, *names) == columns(carried.rows(), *names)
    assert {(row["measure"], row["estimator"]) for row in found} == {("option", "iterative")}


@pytest.mark.parametrize("kind", [RunKind.PORTFOLIO, RunKind.HEDGE])
async def test_what_was_chosen_stands_beside_its_classical_company(
    pools: Pools, kind: RunKind
) -> None:
    exposed = {"exposure": [{"product": "CL", "contracts": -3.0}]}
    values = {**CHOICE, **(exposed if kind is RunKind.HEDGE else {}), "depth": 1, "starts": 2}
    carried = carry_out(kind, {**values, "shots": 300})
    run_id = await store(pools, kind, carried)
    (row,) = await rows_of(pools, "chosen_subsets", run_id, "run_id")
    result = carried.result
    shared = sorted(set(row) & set(result))
    assert {"chosen", "objective", "approximation_ratio", "feasible_fraction"} < set(shared)
    assert columns([row], *shared) == columns([result], *shared)
    assert row["classical_objective"] == result["classical_optimum"]["objective"]
    assert row["random_objective"] == result["random_baseline"]["objective"]


async def test_points_of_a_sweep_are_those_of_its_result(pools: Pools) -> None:
    values = {
        **CHOICE,
        "mixers": ["ring", "grover"],
        "depths": [1, 2],
        "seeds": [3, 4],
        "backends": ["subspace", "aer"],
        "shots": 200,
        "starts": 1,
    }
    carried = carry_out(RunKind.SWEEP, values)
    run_id = await store(pools, RunKind.SWEEP, carried)
    found = await rows_of(pools, "sweep_points", run_id, "point")
    expected = carried.result["rows"]
    assert len(found) == len(expected) == 16
    assert set(found[0]) == set(expected[0]) | {"org_id", "run_id"}
    assert columns(found, *expected[0]) == columns(expected, *expected[0])


async def test_points_of_a_landscape_are_those_of_its_table(pools: Pools) -> None:
    axes = {
        "gamma": {"low": -1.0, "high": 2.0, "points": 4},
        "beta": {"low": 0.0, "high": 0.7, "points": 3},
    }
    carried = carry_out(RunKind.LANDSCAPE, {**CHOICE, **axes})
    run_id = await store(pools, RunKind.LANDSCAPE, carried)
    found = await rows_of(pools, "landscape_points", run_id, "point")
    expected = carried.rows()
    assert [row["point"] for row in found] == list(range(12))
    assert [row["expectation"] for row in found] == [row["expectation"] for row in expected]
    for name in ("gamma", "beta"):
        assert [row[name] for row in found] == pytest.approx([row[name] for row in expected])


@pytest.mark.parametrize("kind", [RunKind.SWEEP, RunKind.LANDSCAPE])
async def test_a_result_without_rows_has_none_in_its_view(pools: Pools, kind: RunKind) -> None:
    values = {**CHOICE, "depths": [1], "starts": 1, "shots": 100}
    small = {"gamma": {"low": 0.0, "high": 1.0, "points": 2}}
    carried = carry_out(kind, values if kind is RunKind.SWEEP else {**CHOICE, **small})
    name, view = (
        ("rows", "sweep_points") if kind is RunKind.SWEEP else ("expectations", "landscape_points")
    )
    assert carried.result[name]
    carried.result[name] = None
    run_id = await store(pools, kind, carried)
    assert await rows_of(pools, view, run_id, "run_id") == []


async def view_names(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = "
        "'public'::regnamespace ORDER BY 1"
    )
    return [row["relname"] for row in rows]


async def test_every_view_says_what_it_shows_and_asks_as_its_reader(database: Any) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    names = await view_names(connection)
    assert {"run_overview", "circuit_counts", "sweep_points"} < set(names)
    for name in names:
        comment, options = await connection.fetchrow(
            "SELECT obj_description(oid, 'pg_class'), reloptions FROM pg_class WHERE relname = $1",
            name,
        )
        assert comment, name
        assert "security_invoker=true" in options, name
    await connection.close()


async def test_a_foreign_organisation_sees_nothing_in_any_view(pools: Pools) -> None:
    carried = carry_out_circuit(RunKind.CIRCUIT, {**GRID, "shots": 100})
    run_id = await store(pools, RunKind.CIRCUIT, carried)
    shown = set()
    async with pools.read(DEFAULT_ORG) as connection:
        names = await view_names(connection)
    for name in names:
        async with pools.read(DEFAULT_ORG) as connection:
            if await connection.fetchval(f"SELECT count(*) FROM {name}"):  # noqa: S608
                shown.add(name)
        async with pools.read(OTHER_ORG) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0  # noqa: S608
    assert {"run_overview", "run_chunk_outcomes", "circuit_counts", "circuit_points"} < shown
    assert await rows_of(pools, "circuit_counts", run_id, "point", OTHER_ORG) == []
