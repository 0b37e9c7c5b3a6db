"""Own the tasks: which function each names, and the options that Ray is given for it.

A body is named, not imported: whoever hands pieces out needs neither Qiskit nor numba.
"""

from functools import cache
from typing import Any

import ray

from jobs.workers import carry_out, step_back

TASK_BODIES: dict[str, str] = {
    "train": "jobs.tasks.qaoa:train_start",
    "score": "jobs.tasks.qaoa:score",
    "compose": "jobs.tasks.qaoa:compose",
    "sample": "jobs.tasks.qaoa:sample_blocks",
    "classical": "jobs.tasks.classical:compare",
    "sweep_train": "jobs.tasks.sweeps:train_points",
    "sweep_score": "jobs.tasks.sweeps:score_points",
    "sweep_compose": "jobs.tasks.sweeps:compose_points",
    "sweep_sample": "jobs.tasks.sweeps:sample_points",
    "landscape": "jobs.tasks.landscapes:expect_points",
    "circuit_compose": "jobs.tasks.circuits:compose",
    "circuit_sample": "jobs.tasks.circuits:sample_points",
    "observable_compose": "jobs.tasks.observables:compose",
    "observable_expect": "jobs.tasks.observables:expect_points",
    "observable_estimate": "jobs.tasks.observables:estimate_points",
    "amplitude_estimate": "jobs.tasks.amplitudes:estimate",
    "amplitude_compare": "jobs.tasks.amplitudes:compare",
    "backtest_score": "jobs.tasks.backtests:score",
    "model_fit": "jobs.tasks.models:fit",
    "risk_draw": "jobs.tasks.risks:draw",
    "risk_report": "jobs.tasks.risks:report",
    "warm": "jobs.tasks.warming:import_bodies",
}
"""Map each task's name, as the Ray dashboard shows it, to `module:function`.

A body takes the shared value of its run, which it must not change, then the piece's arguments; it
returns JSON-ready values.
"""

# Whoever fans out tries again by itself: it counts, and takes a piece that kills for what it is.
_ONE_CORE: dict[str, Any] = {"num_cpus": 1, "max_retries": 0}
# An estimate takes what the cores have left, and must not keep a run waiting for one.
_NO_CORE: dict[str, Any] = {**_ONE_CORE, "num_cpus": 0}
TASK_OPTIONS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(TASK_BODIES, _ONE_CORE),
    "model_fit": _NO_CORE,
}


@cache
def remote_task(name: str, path: str) -> Any:
    """Return the remote function that carries a body out under a name, made once per process."""

    def task(digest: bytes, content: Any, pieces: Any) -> Any:
        step_back()
        return carry_out(path, digest, content, pieces)

    task.__name__ = task.__qualname__ = name
    task.__doc__ = f"Carry out {path}."
    return ray.remote(**TASK_OPTIONS.get(name, _ONE_CORE))(task)
