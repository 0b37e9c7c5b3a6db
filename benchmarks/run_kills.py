"""Kill parts of a stack with SIGKILL at random while runs are under way, and count what is lost.

Each seed submits 200 runs (chunked circuits, portfolios, and circuits on sandboxed IBM devices),
and kills a Ray worker, the RunManager, the QpuActor, a Serve replica or PostgreSQL every second
or two until all runs have been submitted and some more. Then it waits for every run to end, and
compares the database with itself and with what the sandbox of IBM says that it was given.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import psutil

from benchmarks.report import Report, Row
from benchmarks.stacks import BenchStack, bench_stack, wait_until
from cluster.local.addresses import resolve
from cluster.local.credentials import load_or_create
from cluster.local.launch import choose
from cluster.local.paths import stack_paths
from cluster.local.ports import PortPlan
from cluster.local.reaper import stack_processes
from cluster.settings import load_settings
from cluster.venues import live_vendors

PORT = 32200
SEEDS = 20
RUNS = 200
"""Submit this many runs for each seed."""

_SUBMITTERS = 8
_SUBMIT_WITHIN_S = 120.0
_ENDED_WITHIN_S = 900.0
_KILLS_AFTER = 3
_STANZA = "rx(a) q[0]; cx q[0], q[1]; rz(a) q[1]; cx q[1], q[2]; rx(a) q[3]; cx q[3], q[4];"
_CHUNKED = f'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[8] q; h q; {_STANZA}'
_BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
_DEVICES = ("ibm:ibm_manila", "ibm:ibm_fez")
_PACE = {"HELIOSTAT_QPU_SUBMISSIONS_PER_MINUTE": "6000", "HELIOSTAT_QPU_JOB_LIMIT_S": "30"}
_TITLES = {
    "worker": ("ray::IDLE", "ray::sample", "ray::circuit", "ray::train"),
    "RunManager": ("ray::RunManager",),
    "QpuActor": ("ray::QpuActor",),
    "Serve replica": ("ray::SERVE_REPLICA::api",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Count what one seed lost or did twice; `kills` is how often each part was killed."""

    kills: Counter[str]
    runs_lost: int
    chunks_missing: int
    chunks_twice: int
    jobs_orphaned: int
    jobs_twice: int


def measure(*, quick: bool) -> Report:
    """Kill through 20 seeds of 200 runs, or one seed of 40 with `quick`."""
    losses = []
    for seed in range(1 if quick else SEEDS):
        with bench_stack(PORT) as stack:
            stack.must("up", "--no-job", environment={**stack.environment(), **_PACE})
            # The largest plan has the seconds of quantum hardware that so many jobs reserve.
            _query(stack, "UPDATE organisations SET plan = 'enterprise'")
            losses.append(_kill_through(stack, seed, RUNS // 5 if quick else RUNS))
    names = ("runs_lost", "chunks_missing", "chunks_twice", "jobs_orphaned", "jobs_twice")
    kills: Counter[str] = sum((loss.kills for loss in losses), Counter())
    return Report(
        name="run_kills",
        rows=[
            Row(
                metric=name.replace("_", " "),
                unit=name.partition("_")[0],
                ours=sum(getattr(loss, name) for loss in losses),
                target=0,
            )
            for name in names
        ],
        samples={f"kills of {name}": [float(count)] for name, count in kills.items()},
    )


def _kill_through(stack: BenchStack, seed: int, count: int) -> Loss:
    rng = random.Random(seed)  # noqa: S311 - picks moments, not secrets
    submitted: list[str] = []
    kills: Counter[str] = Counter()
    bodies = [_body(rng, number) for number in range(count)]
    with ThreadPoolExecutor(_SUBMITTERS) as submitters:
        waiting = [submitters.submit(_submit, stack, *body) for body in bodies]
        while not all(future.done() for future in waiting):
            _kill_one(stack, rng, kills)
            time.sleep(rng.uniform(1.0, 3.0))
        submitted = [future.result() for future in waiting]
    for _ in range(_KILLS_AFTER * len(_TITLES)):
        _kill_one(stack, rng, kills)
        time.sleep(rng.uniform(1.0, 3.0))
    wait_until(lambda: _unfinished(stack, submitted) == 0, _ENDED_WITHIN_S)
    return _loss(stack, submitted, kills)


def _body(rng: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    draw = rng.random()
    if draw < 0.6:
        angles = [rng.uniform(0.0, 6.0) for _ in range(rng.choice((1, 100, 400)))]
        return "circuit", {"program": _CHUNKED, "parameters": {"a": angles}, "seed": number}
    if draw < 0.8:
        asked = {"products": ["CL"], "choose": 3, "of": 8, "depth": 2, "starts": 3}
        return "portfolio", {**asked, "shots": 4096, "seed": number}
    return "circuit", {"program": _BELL, "backend": rng.choice(_DEVICES), "seed": number}


def _submit(stack: BenchStack, kind: str, specification: dict[str, Any]) -> str:
    """Submit one run under one idempotency key, again and again until it is accepted."""
    headers = {"Authorization": f"Bearer {stack.key}", "Idempotency-Key": uuid4().hex}
    body = {"kind": kind, "specification": specification, "fresh": True}
    deadline = time.monotonic() + _SUBMIT_WITHIN_S
    while True:
        try:
            url = f"http://127.0.0.1:{stack.port}/v1/runs"
            answer = httpx.post(url, json=body, headers=headers, timeout=30)
            if answer.status_code in {200, 202}:
                return str(answer.json()["run_id"])
            reason = answer.text
            if 400 <= answer.status_code < 500 and answer.status_code not in {404, 409, 429}:
                raise RuntimeError(reason)
        except httpx.HTTPError as error:
            reason = repr(error)
        if time.monotonic() > deadline:
            message = f"no run could be submitted: {reason}"
            raise TimeoutError(message)
        time.sleep(0.2)


def _kill_one(stack: BenchStack, rng: random.Random, kills: Counter[str]) -> None:
    victim = rng.choice([*_TITLES, "PostgreSQL"])
    found = _postmasters(stack) if victim == "PostgreSQL" else _titled(stack, _TITLES[victim])
    if not found:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        rng.choice(found).kill()
        kills[victim] += 1


def _titled(stack: BenchStack, titles: tuple[str, ...]) -> list[psutil.Process]:
    found = []
    for process in stack_processes(stack_paths(stack.data).stack_id):
        with contextlib.suppress(psutil.NoSuchProcess):
            if " ".join(process.cmdline()).startswith(titles):
                found.append(process)
    return found


def _postmasters(stack: BenchStack) -> list[psutil.Process]:
    pid_file = stack_paths(stack.data).postgres_data / "postmaster.pid"
    try:
        return [psutil.Process(int(pid_file.read_text().split()[0]))]
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return []


def _query(stack: BenchStack, statement: str, *arguments: Any) -> list[Any]:
    paths = stack_paths(stack.data)
    addresses = resolve(load_settings(), paths, load_or_create(paths.credentials))

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(addresses.database.system)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _unfinished(stack: BenchStack, submitted: list[str]) -> int:
    statement = """
        SELECT count(*) FROM runs
        WHERE run_id = ANY($1::uuid[]) AND status IN ('queued', 'planning', 'running')
    """
    try:
        return int(_query(stack, statement, submitted)[0][0])
    except (OSError, asyncpg.PostgresError):
        return len(submitted)


def _loss(stack: BenchStack, submitted: list[str], kills: Counter[str]) -> Loss:
    runs = _query(
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
    kept = [job for job in _sandbox_jobs(stack) if job["status"] != "Cancelled"]
    by_tag = Counter(tag for job in kept for tag in job["tags"])
    return Loss(
        kills=kills,
        runs_lost=len(set(submitted)) - sum(run["status"] == "succeeded" for run in runs),
        chunks_missing=sum(max(0, (run["planned"] or 0) - run["different"]) for run in runs),
        chunks_twice=sum(run["stored"] - run["different"] for run in runs),
        jobs_orphaned=len({job["id"] for job in kept} - recorded.keys()),
        jobs_twice=sum(count - 1 for count in by_tag.values())
        + sum(count - 1 for count in recorded.values()),
    )


def _recorded_jobs(stack: BenchStack, submitted: list[str]) -> Counter[str]:
    statement = """
        SELECT result ->> 'job_id' FROM run_chunks
        WHERE run_id = ANY($1::uuid[]) AND result ? 'job_id'
    """
    return Counter(str(row[0]) for row in _query(stack, statement, submitted))


def _sandbox_jobs(stack: BenchStack) -> list[dict[str, Any]]:
    chosen = choose(stack.data, stack.port)
    vendor = live_vendors(chosen.settings).quantum
    control = vendor.sandbox.control_port(PortPlan(stack.port))
    state = httpx.get(f"http://127.0.0.1:{control}/_sandbox/state", timeout=30).json()
    return list(state["jobs"])
