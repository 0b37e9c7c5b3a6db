"""Kill parts of a stack with SIGKILL at random while runs are under way, and count what is lost.

Each seed submits 200 runs (chunked circuits, portfolios, and circuits on sandboxed IBM devices),
and every second or two kills a Ray worker, the RunManager, the QpuActor, a Serve replica or
PostgreSQL, or has IBM's answer to an accepted job lost, until all runs have been submitted and some
more. Then it waits for every run to end, and in the end compares the database with itself and with
what the sandbox of IBM says that it was given.
"""

import contextlib
import random
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import httpx
import psutil

from benchmarks.report import Report, Row
from benchmarks.stacks import BenchStack, bench_stack, wait_until
from benchmarks.stored_runs.audit import (
    jobs_of,
    loss_of,
    query,
    reasons,
    sandbox_answers,
    sandbox_url,
    unfinished,
)
from cluster.local.paths import stack_paths
from cluster.local.reaper import stack_processes
from integrations.ibm.sandbox.app import ACCEPTED_BUT_ERROR
from integrations.ibm.sandbox.job_queue import LONG
from jobs.remote import TASK_BODIES

PORT = 32200
SEEDS = 20
RUNS = 200
"""Submit this many runs for each seed."""

_SUBMITTERS = 8
_SUBMIT_WITHIN_S = 120.0
_ENDED_WITHIN_S = 900.0
_KILLS_AFTER = 12
_STANZA = "rx(a) q[0]; cx q[0], q[1]; rz(a) q[1]; cx q[1], q[2]; rx(a) q[3]; cx q[3], q[4];"
_CHUNKED = f'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[8] q; h q; {_STANZA}'
_BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
_DEVICES = ("ibm:ibm_manila", "ibm:ibm_fez")
_PACE = {"HELIOSTAT_QPU_SUBMISSIONS_PER_MINUTE": "6000", "HELIOSTAT_QPU_JOB_LIMIT_S": "30"}
_TITLES = {
    "worker": ("ray::IDLE", *(f"ray::{name}" for name in TASK_BODIES)),
    "RunManager": ("ray::RunManager",),
    "QpuActor": ("ray::QpuActor",),
    "Serve replica": ("ray::ServeReplica:api",),
}
_FAULT = "the answer to a job that IBM accepted"


def measure(*, quick: bool) -> Report:
    """Kill through 20 seeds of 200 runs on one stack, or through one seed of 40 with `quick`."""
    count, seeds = (RUNS // 5, 1) if quick else (RUNS, SEEDS)
    submitted: list[str] = []
    kills: Counter[str] = Counter()
    seconds: list[float] = []
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job", environment={**stack.environment(), **_PACE})
        # The largest plan has the seconds of quantum hardware that so many jobs reserve.
        query(stack, "UPDATE organisations SET plan = 'enterprise'")
        wait_until(lambda: sandbox_answers(stack), 60.0)
        # No device is free at once: without a queue a second job ends before it can be cancelled.
        _arm(stack, LONG, -1)
        for seed in range(seeds):
            began = time.monotonic()
            submitted += _kill_through(stack, seed, count, kills)
            seconds.append(round(time.monotonic() - began, 1))
            left_s = statistics.mean(seconds) * (seeds - len(seconds))
            loss, jobs = loss_of(stack, submitted), jobs_of(stack)
            print(f"seed {seed}: {seconds[-1]} s, {left_s:.0f} s to go, {loss}", file=sys.stderr)
        for reason in reasons(stack, submitted):
            print(reason, file=sys.stderr)
    return Report(
        name="run_kills",
        rows=[
            Row(metric=name.replace("_", " "), unit=name.partition("_")[0], ours=lost, target=0)
            for name, lost in asdict(loss).items()
        ],
        samples={
            "seconds a seed": seconds,
            "runs": [float(len(submitted))],
            **{f"jobs at IBM, {name}": [float(count)] for name, count in asdict(jobs).items()},
            **{f"kills of {name}": [float(times)] for name, times in kills.items()},
        },
    )


def _kill_through(stack: BenchStack, seed: int, count: int, kills: Counter[str]) -> list[str]:
    """Submit runs, kill meanwhile and some more, and wait until all runs have ended."""
    rng = random.Random(seed)  # noqa: S311 - picks moments, not secrets
    bodies = [_body(rng, number) for number in range(count)]
    with ThreadPoolExecutor(_SUBMITTERS) as submitters:
        waiting = [submitters.submit(_submit, stack, *body) for body in bodies]
        while not all(future.done() for future in waiting):
            _kill_one(stack, rng, kills)
            time.sleep(rng.uniform(1.0, 3.0))
        submitted = [future.result() for future in waiting]
    for _ in range(_KILLS_AFTER):
        _kill_one(stack, rng, kills)
        time.sleep(rng.uniform(1.0, 3.0))
    with contextlib.suppress(TimeoutError):  # what has not ended by then counts as lost
        wait_until(lambda: unfinished(stack, submitted) == 0, _ENDED_WITHIN_S)
    return submitted


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
    victim = rng.choice([*_TITLES, "PostgreSQL", _FAULT])
    if victim == _FAULT:
        _arm(stack, ACCEPTED_BUT_ERROR, 1)
        kills[victim] += 1
        return
    found = _postmasters(stack) if victim == "PostgreSQL" else _titled(stack, _TITLES[victim])
    if not found:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        rng.choice(found).kill()
        kills[victim] += 1


def _arm(stack: BenchStack, fault: str, times: int) -> None:
    url = f"{sandbox_url(stack)}/faults/{fault}"
    httpx.post(url, params={"times": times}, timeout=30).raise_for_status()


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
