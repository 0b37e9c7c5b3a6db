"""Own the options of every Ray task; no other file states one."""

import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import ray

from jobs import portfolio

TASK_OPTIONS: dict[str, dict[str, Any]] = {
    "train": {"num_cpus": 1, "max_retries": 3},
    "sample": {"num_cpus": 1, "max_retries": 3},
    "classical": {"num_cpus": 1, "max_retries": 3},
}

_BODIES: dict[str, Callable[..., dict[str, Any]]] = {
    "train": portfolio.train_start,
    "sample": portfolio.sample_blocks,
    "classical": portfolio.classical,
}


def timed(body: Callable[..., dict[str, Any]], *arguments: Any) -> tuple[float, dict[str, Any]]:
    """Run a task body and return its seconds beside its result."""
    started = time.perf_counter()
    result = body(*arguments)
    return time.perf_counter() - started, result


@cache
def remote_tasks() -> dict[str, Any]:
    """Return the remote function of each task, made once per process."""
    return {
        name: ray.remote(**TASK_OPTIONS[name])(_named(name, body)) for name, body in _BODIES.items()
    }


def _named(name: str, body: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    run = partial(timed, body)

    def task(*arguments: Any) -> tuple[float, dict[str, Any]]:
        return run(*arguments)

    task.__name__ = task.__qualname__ = name
    return task
