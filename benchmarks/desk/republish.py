"""Time settlements until their forecast is announced, through an actor, a database and a cache.

A Ray head holds nothing but the ModelActor of crude, estimated on three years of the sandbox's
settlements. Settlements go one after another into the publisher that feeds use; each is over when
the cache tells of the forecast that has seen it, which is stored by then. Then the actor is killed,
and what it says afterwards is compared number by number. The update alone is timed without Ray.
"""

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.desk.republishing import settle
from benchmarks.fan_out.head import ray_head_alone
from benchmarks.feeds.children import child
from benchmarks.feeds.servers import Servers
from benchmarks.report import Report, Row
from core.clock import SystemClock

PORT = 25_200
SETTLEMENTS = 1_000
QUICK_SETTLEMENTS = 300
REPUBLISHED_MS = 50.0
UPDATED_MS = 1.0
DIFFERENCE = 1e-12
_MS = 1e3
_WITHIN_S = 900.0


def measure(*, quick: bool) -> Report:
    """Settle 1,000 prices, or 300 with `quick`, and kill the actor once."""
    found = _measured(QUICK_SETTLEMENTS if quick else SETTLEMENTS)
    republished = [each * _MS for each in found["republished_s"]]
    updated = [each * _MS for each in found["updated_s"]]
    rows = [
        _row("settlement to republished forecast, p99", "ms", _p99(republished), REPUBLISHED_MS),
        _row("update of a model, median", "ms", statistics.median(updated), UPDATED_MS),
        _row("forecast after kill -9, largest difference", "", found["difference"], DIFFERENCE),
    ]
    samples = {
        "settlement to republished forecast, ms": [round(each, 2) for each in republished],
        "update of a model, ms": [round(each, 3) for each in updated],
        "back after kill -9, s": [round(found["back_s"], 2)],
    }
    return Report(name="republish", rows=rows, samples=samples)


def _row(metric: str, unit: str, value: float, target: float) -> Row:
    return Row(metric=metric, unit=unit, ours=round(value, 3) if unit else value, target=target)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


def _measured(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hs-rep-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        servers = Servers(folder)
        servers.start()
        try:
            urls = servers.create_database("republish", SystemClock().now_ns())
            with (
                ray_head_alone(PORT, os.cpu_count() or 1) as ray,
                child(
                    folder / "driver",
                    settle,
                    ray.address,
                    dict(ray.environment),
                    urls,
                    servers.cache_url,
                ) as driver,
            ):
                driver.hear(_WITHIN_S)
                found: dict[str, Any] = driver.ask("settle", count, _WITHIN_S)
                return found
        finally:
            servers.stop()
