"""Time tiny runs from `POST /v1/runs` to the result that the event stream pushes, warm.

Beside each, in the same loop and on the same cluster: the round trip of a bare Ray task from a
driver of its own. The run is a two-qubit circuit of 1,024 shots, asked for with `fresh`, so that
no stored answer is timed.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from benchmarks.feeds.children import Child, child
from benchmarks.report import Report, Row
from benchmarks.stacks import BenchStack, bench_stack
from cluster.local.paths import stack_paths
from cluster.local.ports import PortPlan

PORT = 32100
_WARM = 20
_BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'


def measure(*, quick: bool) -> Report:
    """Time 300 runs, or 40 with `quick`."""
    count = 40 if quick else 300
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        with _session(stack) as session, _driver(stack) as driver:
            for seed in range(_WARM):
                _timed_run(session, seed)
                driver.ask("task")
            runs, tasks = [], []
            for seed in range(count):
                runs.append(_timed_run(session, seed))
                tasks.append(driver.ask("task"))
    return Report(
        name="submit_latency",
        rows=[
            Row(metric="submit to pushed result, p50", unit="s", ours=_p50(runs), target=0.1),
            Row(metric="submit to pushed result, p99", unit="s", ours=_p99(runs), target=0.4),
        ],
        samples={
            "submit to pushed result (s)": [round(value, 5) for value in runs],
            "bare Ray task round trip (s)": [round(value, 5) for value in tasks],
            "bare Ray task round trip, p50 and p99 (s)": [_p50(tasks), _p99(tasks)],
        },
    )


def _p50(values: list[float]) -> float:
    return round(statistics.median(values), 5)


def _p99(values: list[float]) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[-1], 5)


@contextmanager
def _session(stack: BenchStack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    base = f"http://127.0.0.1:{stack.port}"
    with httpx.Client(base_url=base, headers=headers, timeout=30) as session:
        yield session


@contextmanager
def _driver(stack: BenchStack) -> Iterator[Child]:
    """Lend a process connected to the stack's cluster as any researcher's driver would be."""
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(stack_paths(stack.data).ray_token),
    }
    address = f"127.0.0.1:{PortPlan(stack.port).ray_gcs}"
    with child(stack.data / "driver.log", _bare_tasks, address, environment) as driver:
        driver.hear()
        yield driver


def _bare_tasks(pipe: Any, address: str, environment: dict[str, str]) -> None:
    """Answer each order with the seconds of one round trip."""
    os.environ.update(environment)
    import ray

    ray.init(address=address, log_to_driver=False, configure_logging=False)
    task = ray.remote(_nothing)
    pipe.send("ready")
    with suppress(EOFError):
        while pipe.recv():
            started = time.perf_counter()
            ray.get(task.remote())
            pipe.send(time.perf_counter() - started)


def _nothing() -> int:
    return 0


def _timed_run(session: httpx.Client, seed: int) -> float:
    body = {
        "kind": "circuit",
        "specification": {"program": _BELL, "shots": 1024, "seed": seed},
        "fresh": True,
    }
    started = time.perf_counter()
    answer = session.post("/v1/runs", json=body)
    answer.raise_for_status()
    result = _pushed_result(session, answer.json()["run_id"])
    elapsed = time.perf_counter() - started
    if sum(result["counts"][0]["counts"].values()) != 1024:
        message = f"expected the counts of 1,024 shots, was {result}"
        raise RuntimeError(message)
    return elapsed


def _pushed_result(session: httpx.Client, run_id: str) -> dict[str, Any]:
    with session.stream("GET", f"/v1/streams/runs/{run_id}") as stream:
        stream.raise_for_status()
        for line in stream.iter_lines():
            if not line.startswith("data:"):
                continue
            event = json.loads(line.removeprefix("data:"))
            if event.get("status") == "succeeded":
                return dict(event["run"]["result"])
            if event.get("status") in {"failed", "cancelled"}:
                break
    message = f"run {run_id} did not succeed"
    raise RuntimeError(message)
