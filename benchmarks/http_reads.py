"""Load `GET /v1/products/CL/curve` beside bare FastAPI, and beside Ray Serve as it comes.

Ours authenticates each request and answers through HAProxy and Ray Serve. Both peers return the
same JSON and do nothing else, FastAPI on one uvicorn worker. All share the machine's cores with one
another and with the load; they are loaded in turn.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks.feeds.children import Child, child
from benchmarks.http_sides.load import Counted, Load, load_worker
from benchmarks.http_sides.peers import bare_fastapi, serve_by_default
from benchmarks.report import Report, Row
from benchmarks.stacks import BenchStack, bench_stack, wait_until

PORT = 30300
PATH = "/v1/products/CL/curve"
CONNECTIONS = (16, 64)
OURS, BARE, DEFAULT = "ours", "bare FastAPI", "Ray Serve by default"
_BARE_PORT = 30490
_DEFAULT_PORT = 30491


def measure(*, quick: bool) -> Report:
    """Load each side five times for 5 s at 16 and 64 connections, or three for 2 s with `quick`."""
    rounds, seconds = (3, 2.0) if quick else (5, 5.0)
    rows: list[Row] = []
    samples: dict[str, list[float]] = {}
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        with _sides(stack) as (ports, load):
            for connections in CONNECTIONS:
                counted = _race(stack, ports, load, connections, rounds, seconds)
                rows += _rows(counted, connections, seconds)
                for side, each in counted.items():
                    samples[f"{side}, {connections} connections: requests/s"] = [
                        round(len(one.took) / seconds, 1) for one in each
                    ]
    return Report(name="http", rows=rows, samples=samples)


@contextmanager
def _sides(stack: BenchStack) -> Iterator[tuple[dict[str, int], Child]]:
    body = stack.data / "curve.json"
    wait_until(lambda: _saved(stack, body), 60)
    with ExitStack() as started:
        load = started.enter_context(child(stack.data / "load.log", load_worker))
        bare = child(stack.data / "bare.log", bare_fastapi, _BARE_PORT, PATH, body)
        default = child(
            stack.data / "default.log",
            serve_by_default,
            _DEFAULT_PORT,
            PATH,
            body,
            stack.data / "r",
        )
        for one in (load, started.enter_context(bare), started.enter_context(default)):
            one.hear()
        yield {OURS: stack.port, BARE: _BARE_PORT, DEFAULT: _DEFAULT_PORT}, load


def _saved(stack: BenchStack, body: Path) -> bool:
    """Save the live curve for the peers once there is a whole one."""
    answer = httpx.get(
        f"http://127.0.0.1:{stack.port}{PATH}", headers={"Authorization": f"Bearer {stack.key}"}
    )
    if answer.status_code != 200 or not answer.json()["live"]:
        return False
    body.write_bytes(answer.content)
    return True


def _race(
    stack: BenchStack,
    ports: dict[str, int],
    load: Child,
    connections: int,
    rounds: int,
    seconds: float,
) -> dict[str, list[Counted]]:
    found: dict[str, list[Counted]] = {side: [] for side in ports}
    for number in range(rounds + 1):
        for side, port in ports.items():
            order = Load(
                port=port, path=PATH, key=stack.key, connections=connections, seconds=seconds
            )
            load.tell("load", order)
            counted: Counted = load.hear()
            if counted.refused:
                message = f"{side} refused {counted.refused} of {len(counted.took)} requests"
                raise RuntimeError(message)
            if number:  # the first round warms all of them
                found[side].append(counted)
            time.sleep(0.2)
    return found


def _rows(counted: dict[str, list[Counted]], connections: int, seconds: float) -> list[Row]:
    rate = {
        side: statistics.median(len(one.took) / seconds for one in each)
        for side, each in counted.items()
    }
    p99 = {
        side: statistics.median(_p99(one.took) for one in each) for side, each in counted.items()
    }
    with_these = f"with authentication, {connections} connections"
    return [
        Row(
            metric=f"{with_these}: requests/s beside bare FastAPI",
            unit="1/s",
            ours=round(rate[OURS], 1),
            peer=round(rate[BARE], 1),
            target=1.0,
            higher_is_better=True,
        ),
        Row(
            metric=f"{with_these}: p99 beside bare FastAPI",
            unit="ms",
            ours=round(p99[OURS] * 1e3, 2),
            peer=round(p99[BARE] * 1e3, 2),
            target=1.5,
        ),
        Row(
            metric=f"{with_these}: requests/s beside Ray Serve by default",
            unit="1/s",
            ours=round(rate[OURS], 1),
            peer=round(rate[DEFAULT], 1),
            target=5.0,
            higher_is_better=True,
        ),
    ]


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]
