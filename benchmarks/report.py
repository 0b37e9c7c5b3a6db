"""Own the shape of every benchmark's answer."""

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one figure. `ratio` is ours over the peer's; `target` bounds it or, without a peer,
    ours, from above unless `higher_is_better`."""

    metric: str
    unit: str
    ours: float
    target: float
    peer: float | None = None
    higher_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.ours / self.peer

    @property
    def met(self) -> bool:
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.target if self.higher_is_better else value <= self.target

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        values = asdict(self)
        del values["higher_is_better"]
        return {**values, "ratio": self.ratio, "met": self.met}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Hold every row of one benchmark, and what it could not measure."""

    name: str
    rows: Sequence[Row]
    skipped: Sequence[dict[str, str]] = ()
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return bool(self.rows) and all(row.met for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the benchmarks' contract states it."""
        return {
            "name": self.name,
            "commit": _commit(),
            "machine": {
                "cpus": os.cpu_count(),
                "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
                "python": platform.python_version(),
                "system": platform.system(),
            },
            "rows": [row.to_json() for row in self.rows],
            "skipped": list(self.skipped),
            "samples": self.samples,
        }


def median(values: Sequence[float]) -> float:
    """Return the median, rounded to a millisecond."""
    return round(statistics.median(values), 3)


def _commit() -> str:
    finished = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return finished.stdout.strip() or "unknown"
