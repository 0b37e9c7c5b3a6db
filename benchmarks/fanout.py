"""Fan out 10-qubit circuits of 1,024 shots, beside tight loops of Aer, one per core, and bare Ray.

Every repetition runs each way once, in the same order, on the same cores. The tight loops run in
processes of their own, all at once, and their throughputs are added up.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fan_out.driver import drive
from benchmarks.fan_out.head import ray_head_alone
from benchmarks.fan_out.loops import tight_loop
from benchmarks.feeds.children import Child
from benchmarks.report import Report, Row, median

PORT = 25_000
REPETITIONS = 7
SHOTS = 1024
_US_PER_S = 1e6
_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Say how many circuits and chunks one repetition takes each way."""

    circuits: int = 4096
    singles: int = 512
    chunks: int = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Hold the processes: the driver of Ray, and as many loops as cores."""

    driver: Child
    loops: list[Child]


def measure(*, quick: bool) -> Report:
    """Repeat seven times, or five times with fewer circuits with `quick`."""
    counts = Counts(circuits=1024, singles=128, chunks=1000) if quick else Counts()
    samples: dict[str, list[float]] = {}
    with _crew(os.cpu_count() or 1) as crew:
        ways: dict[str, Callable[[], float]] = {
            "batched": lambda: _driven(crew, "batched", counts.circuits, shots=True),
            "tight Aer": lambda: _looped(crew, "aer", counts.circuits),
            "tight ours": lambda: _looped(crew, "ours", counts.circuits),
            "one circuit a task": lambda: _driven(crew, "single", counts.singles, shots=True),
            "chunks": lambda: _driven(crew, "chunks", counts.chunks, shots=False),
            "tasks": lambda: _driven(crew, "tasks", counts.chunks, shots=False),
        }
        for way in ways.values():
            way()
        for _ in range(5 if quick else REPETITIONS):
            for name, way in ways.items():
                samples.setdefault(name, []).append(round(way(), 1))
        cores = len(crew.loops)
    return Report(name="fanout", rows=_rows(samples, cores), samples=_named(samples))


def _rows(samples: dict[str, list[float]], cores: int) -> list[Row]:
    middle = {name: median(found) for name, found in samples.items()}
    overhead_us = median(
        [
            cores * _US_PER_S * (1 / batched - 1 / tight)
            for batched, tight in zip(samples["batched"], samples["tight ours"], strict=True)
        ]
    )

    def rate(metric: str, ours: str, peer: str, target: float, unit: str) -> Row:
        return Row(
            metric=metric,
            unit=f"{unit}/s",
            ours=middle[ours],
            peer=middle[peer],
            target=target,
            higher_is_better=True,
        )

    return [
        rate(f"circuits beside {cores} tight Aer loops", "batched", "tight Aer", 0.95, "circuits"),
        rate("circuits beside one a task", "batched", "one circuit a task", 4.0, "circuits"),
        rate("circuits beside our own loops", "batched", "tight ours", 0.75, "circuits"),
        Row(metric="overhead a batched circuit", unit="us", ours=overhead_us, target=300.0),
        rate("chunks of nothing beside bare Ray", "chunks", "tasks", 1.0, "chunks"),
    ]


def _named(samples: dict[str, list[float]]) -> dict[str, list[float]]:
    return {f"{name} a second": found for name, found in samples.items()}


@contextmanager
def _crew(cores: int) -> Iterator[Crew]:
    with (
        tempfile.TemporaryDirectory(prefix="hs-fan-") as folder,
        ray_head_alone(PORT, cores) as ray,
    ):
        log = Path(folder)
        driver = Child(log / "driver", drive, ray.address, dict(ray.environment))
        loops = [Child(log / f"loop{i}", tight_loop, i, cores) for i in range(cores)]
        try:
            for child in (driver, *loops):
                child.hear(_WITHIN_S)
            yield Crew(driver=driver, loops=loops)
        finally:
            for child in (driver, *loops):
                child.kill()


def _driven(crew: Crew, way: str, count: int, *, shots: bool) -> float:
    crew.driver.tell(way, count)
    elapsed_s, found = crew.driver.hear(_WITHIN_S)
    expected = count * SHOTS if shots else count * (count - 1) // 2
    _require_all(way, found, expected)
    return float(count / elapsed_s)


def _looped(crew: Crew, way: str, count: int) -> float:
    for child in crew.loops:
        child.tell(way, count)
    answers: list[tuple[float, int, int]] = [child.hear(_WITHIN_S) for child in crew.loops]
    _require_all(way, sum(shots for _, _, shots in answers), count * SHOTS)
    return sum(circuits / elapsed_s for elapsed_s, circuits, _ in answers)


def _require_all(way: str, found: Any, expected: int) -> None:
    if found != expected:
        message = f"{way}: the results add up to {found}, expected {expected}"
        raise RuntimeError(message)
