"""Own the tasks: which function each names, and the options that Ray is given for it.

A body is named, not imported: whoever hands pieces out needs neither Qiskit nor numba.
"""

import time
from functools import cache, partial
from typing import Any

import ray

from jobs.workers import body_named

TASK_BODIES: dict[str, str] = {
    "train": "jobs.portfolio:train_start",
    "sample": "jobs.portfolio:sample_blocks",
    "classical": "jobs.portfolio:classical",
}
"""Map each task's name, as the Ray dashboard shows it, to `module:function`.

A body takes the shared value of its run, which it must not change, then the piece's arguments; it
returns JSON-ready values.
"""

_ONE_CORE: dict[str, Any] = {"num_cpus": 1, "max_retries": 3}
TASK_OPTIONS: dict[str, dict[str, Any]] = dict.fromkeys(TASK_BODIES, _ONE_CORE)


def timed(path: str, *arguments: Any) -> tuple[float, dict[str, Any]]:
    """Run the body of this name and return its seconds beside its result."""
    body = body_named(path)
    started = time.perf_counter()
    result = body(*arguments)
    return time.perf_counter() - started, result


@cache
def remote_tasks() -> dict[str, Any]:
    """Return the remote function of each task, made once per process."""
    return {
        name: ray.remote(**TASK_OPTIONS[name])(_named(name, path))
        for name, path in TASK_BODIES.items()
    }


def _named(name: str, path: str) -> Any:
    run = partial(timed, path)

    def task(*arguments: Any) -> tuple[float, dict[str, Any]]:
        return run(*arguments)

    task.__name__ = task.__qualname__ = name
    return task
