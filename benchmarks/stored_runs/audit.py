"""Own the audit after kills: which runs, chunks and jobs of a QPU were lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from benchmarks.stacks import BenchStack
from cluster.local.addresses import resolve
from cluster.local.credentials import load_or_create
from cluster.local.launch import choose
from cluster.local.paths import stack_paths
from cluster.local.ports import PortPlan
from cluster.settings import load_settings
from cluster.venues import live_vendors


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Count what was lost, or done twice."""

    runs_lost: int
    chunks_missing: int
    chunks_twice: int
    jobs_orphaned: int
    jobs_left_running: int
    jobs_carried_out_twice: int
    jobs_recorded_twice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Count the vendor's jobs: all, and the second ones of an intent."""

    all: int
    second: int


def loss_of(stack: BenchStack, submitted: Sequence[str]) -> Loss:
    """Compare the database with itself and with what the sandbox of IBM says it was given.

    A run is lost that was accepted and did not succeed. A job is orphaned that no intent names, be
    it as the one that counts or as one to be cancelled; one is left running that has not ended when
    all runs have. One is carried out twice if the second job of an intent ended before it could be
    cancelled.
    """
    runs = query(
        stack,
        """
        SELECT run_id, status, (plan ->> 'chunks')::integer AS planned,
            (SELECT count(*) FROM run_chunks AS c WHERE c.run_id = r.run_id) AS stored,
            (SELECT count(DISTINCT (stage, chunk_index)) FROM run_chunks AS c
                WHERE c.run_id = r.run_id) AS different
        FROM runs AS r WHERE run_id = ANY($1::uuid[])
        """,
        submitted,
    )
    recorded = _recorded_jobs(stack, submitted)
    jobs = sandbox_state(stack)["jobs"]
    intents = _intents(stack)
    seconds = {job for row in intents for job in row["duplicates"]}
    named = seconds | {row["job_id"] for row in intents}
    carried_out = {job["id"] for job in jobs if job["status"] == "Completed"}
    return Loss(
        runs_lost=len(set(submitted)) - sum(run["status"] == "succeeded" for run in runs),
        chunks_missing=sum(max(0, (run["planned"] or 0) - run["different"]) for run in runs),
        chunks_twice=sum(run["stored"] - run["different"] for run in runs),
        jobs_orphaned=len({job["id"] for job in jobs} - named),
        jobs_left_running=sum(job["status"] in {"Queued", "Running"} for job in jobs),
        jobs_carried_out_twice=len(seconds & carried_out),
        jobs_recorded_twice=sum(count - 1 for count in recorded.values()),
    )


def jobs_of(stack: BenchStack) -> Jobs:
    """Count the vendor's jobs by what became of them."""
    seconds = {job for row in _intents(stack) for job in row["duplicates"]}
    return Jobs(all=len(sandbox_state(stack)["jobs"]), second=len(seconds))


def _intents(stack: BenchStack) -> list[Any]:
    return query(stack, "SELECT job_id, duplicates FROM qpu_intents")


def reasons(stack: BenchStack, submitted: Sequence[str]) -> list[str]:
    """Say of each run that did not succeed what became of it."""
    statement = """
        SELECT run_id, kind, backend, status, waiting_for, error FROM runs
        WHERE run_id = ANY($1::uuid[]) AND status <> 'succeeded'
    """
    return [str(dict(row)) for row in query(stack, statement, submitted)]


def unfinished(stack: BenchStack, submitted: Sequence[str]) -> int:
    """Count the runs that have not ended; all while the database is away."""
    statement = """
        SELECT count(*) FROM runs
        WHERE run_id = ANY($1::uuid[]) AND status IN ('queued', 'planning', 'running')
    """
    try:
        return int(query(stack, statement, submitted)[0][0])
    except (OSError, asyncpg.PostgresError):
        return len(submitted)


def sandbox_state(stack: BenchStack) -> dict[str, Any]:
    """Return what the sandbox of IBM says of its jobs and faults."""
    answer = httpx.get(f"{sandbox_url(stack)}/state", timeout=30)
    return dict(answer.raise_for_status().json())


def sandbox_answers(stack: BenchStack) -> bool:
    """Tell whether the sandbox of IBM answers; it starts after the stack is ready."""
    try:
        return bool(sandbox_state(stack))
    except httpx.ConnectError:
        return False


def sandbox_url(stack: BenchStack) -> str:
    """Return where the sandbox of IBM is steered."""
    chosen = choose(stack.data, stack.port)
    vendor = live_vendors(chosen.settings).quantum
    return f"http://127.0.0.1:{vendor.sandbox.control_port(PortPlan(stack.port))}/_sandbox"


def query(stack: BenchStack, statement: str, *arguments: Any) -> list[Any]:
    """Ask the stack's database as the role that sees every organisation."""
    paths = stack_paths(stack.data)
    addresses = resolve(load_settings(), paths, load_or_create(paths.credentials))

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(addresses.database.system)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _recorded_jobs(stack: BenchStack, submitted: Sequence[str]) -> Counter[str]:
    statement = """
        SELECT result ->> 'job_id' FROM run_chunks
        WHERE run_id = ANY($1::uuid[]) AND result ? 'job_id'
    """
    return Counter(str(row[0]) for row in query(stack, statement, submitted))
