"""Own the process that fans out: by our fan-out, and as a competent user of Ray would."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_WINDOW = 64
_AT_ONCE = 16
_MEMORY_BYTES = 1 << 32


def drive(pipe: Any, address: str, environment: Mapping[str, str]) -> None:
    """Answer each order, a name and a number of circuits or chunks, with seconds and a check."""
    os.environ.update(environment)
    import ray

    ray.init(address=address, log_to_driver=False, configure_logging=False)
    ways: dict[str, Callable[[int], tuple[float, int]]] = {
        "batched": _batched,
        "single": _singles(),
        "chunks": _chunks,
        "tasks": _tasks(),
    }
    pipe.send("ready")
    while True:
        word, count = pipe.recv()
        pipe.send(ways[word](count))


def _batched(circuits: int) -> tuple[float, int]:
    """Carry out a run of the kind `circuit`, from its plan to the counts of every chunk."""
    from benchmarks.fan_out.work import ansatz, specification
    from core.backends import Backend
    from jobs.backends.choice import choose
    from jobs.fanout import RayFanout
    from jobs.kinds.circuit import KIND
    from jobs.tasks.program_facts import circuit_facts

    asked = specification(circuits)
    problem = KIND.pose(asked, None, circuit_facts(ansatz())).problem
    started = time.perf_counter()
    choice = choose(KIND.workload(asked, problem), Backend.parse(asked.backend), _MEMORY_BYTES)
    plan = KIND.plan(asked, problem, choice)
    shared = KIND.shared(asked, problem, plan)
    pieces = KIND.pieces(asked, problem, plan, {})
    results = asyncio.run(_carried_out(RayFanout(), shared, pieces))
    elapsed_s = time.perf_counter() - started
    return elapsed_s, sum(sum(one.values()) for found in results for one in found["counts"])


def _chunks(count: int) -> tuple[float, int]:
    from jobs.fanout import RayFanout
    from jobs.pieces import Piece

    fanout = RayFanout(bodies={"nothing": "benchmarks.fan_out.bodies:nothing"})
    pieces = [
        Piece(stage="chunks", index=index, task="nothing", arguments=(index,))
        for index in range(count)
    ]
    started = time.perf_counter()
    results = asyncio.run(_carried_out(fanout, None, pieces))
    elapsed_s = time.perf_counter() - started
    return elapsed_s, sum(found["index"] for found in results)


async def _carried_out(fanout: Any, shared: Any, pieces: Sequence[Any]) -> list[dict[str, Any]]:
    return [outcome.result async for outcome in fanout.run(shared, pieces)]


def _singles() -> Callable[[int], tuple[float, int]]:
    import ray

    from benchmarks.fan_out.bodies import one_circuit
    from benchmarks.fan_out.work import ansatz, rows

    task = ray.remote(num_cpus=1)(one_circuit)

    def run(circuits: int) -> tuple[float, int]:
        points = rows(circuits)
        started = time.perf_counter()
        circuit = ray.put(ansatz())
        calls = (lambda i=i: task.remote(circuit, points[i], i) for i in range(circuits))
        shots = sum(sum(counts.values()) for counts in _windowed(calls))
        return time.perf_counter() - started, shots

    return run


def _tasks() -> Callable[[int], tuple[float, int]]:
    import ray

    from benchmarks.fan_out.bodies import nothing

    task = ray.remote(num_cpus=1)(nothing)

    def run(count: int) -> tuple[float, int]:
        started = time.perf_counter()
        calls = (lambda i=i: task.remote(None, i) for i in range(count))
        total = sum(found["index"] for found in _windowed(calls))
        return time.perf_counter() - started, total

    return run


def _windowed(calls: Iterator[Callable[[], Any]]) -> Iterator[Any]:
    """Keep a window of tasks under way and fetch what has ended many at a time."""
    import ray

    waiting: list[Any] = []
    more = True
    while more or waiting:
        while more and len(waiting) < _WINDOW:
            call = next(calls, None)
            if call is None:
                more = False
            else:
                waiting.append(call())
        if waiting:
            at_once = min(_AT_ONCE, len(waiting))
            done, waiting = ray.wait(waiting, num_returns=at_once)
            yield from ray.get(done)
