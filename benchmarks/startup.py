"""Compare a warm start of the whole stack with the least that Ray Serve can start.

Ours: `make up` until the API answers with a live curve. The peer: `ray start --head` and
`serve.run` of one route, in the same Serve mode (HAProxy ingress, throughput mode) with token
authentication, until the route answers.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.report import Report, Row, median
from benchmarks.stacks import ROOT, BenchStack, bench_stack, wait_until
from cluster.local import ray_head
from cluster.local.paths import make_private, stack_paths
from cluster.local.ports import PortPlan
from cluster.local.reaper import MARKER, end_stack

OUR_PORT = 9300
PEER_PORT = 9400
TARGET_RATIO = 1.5
_WITHIN_S = 300.0


def measure(*, quick: bool) -> Report:
    """Start both in turn; `quick` takes three pairs instead of five."""
    ours: list[float] = []
    peer: list[float] = []
    with bench_stack(OUR_PORT) as stack:
        _start_ours(stack)
        for _ in range(3 if quick else 5):
            peer.append(_start_peer())
            ours.append(_start_ours(stack))
    row = Row(
        metric="warm start until a live quote",
        unit="s",
        ours=median(ours),
        peer=median(peer),
        target=TARGET_RATIO,
    )
    return Report(name="startup", rows=[row], samples={"ours": ours, "peer": peer})


def _start_ours(stack: BenchStack) -> float:
    started = time.perf_counter()
    make = subprocess.Popen(
        ["make", "--silent", "up", f"DATA={stack.data}", f"PORT={stack.port}"],
        cwd=ROOT,
        env=stack.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _has_live_curve(stack), _WITHIN_S)
        elapsed_s = time.perf_counter() - started
        if make.wait(timeout=_WITHIN_S) != 0:
            message = "make up failed"
            raise RuntimeError(message)
    finally:
        make.kill()
        stack.must("down")
    return round(elapsed_s, 3)


def _has_live_curve(stack: BenchStack) -> bool:
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{stack.port}/v1/products/CL/curve",
            headers={"Authorization": f"Bearer {stack.key}"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            curve = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return bool(curve["live"] and curve["points"])


def _start_peer() -> float:
    with tempfile.TemporaryDirectory(prefix="hs-peer-") as folder:
        paths = stack_paths(Path(folder) / "d")
        plan = PortPlan(PEER_PORT)
        for private in (paths.data, paths.runtime, paths.haproxy):
            make_private(private)
        paths.ray_token.write_text("p" * 64)
        paths.ray_token.chmod(0o600)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
        inherited = {**kept, MARKER: paths.stack_id}
        environment = {**inherited, **ray_head.environment(inherited, paths, plan)}
        words = [
            word for word in ray_head.command(paths, plan, os.cpu_count() or 1) if word != "--block"
        ]
        try:
            started = time.perf_counter()
            _run(words, environment)
            module = [sys.executable, "-m", "benchmarks.peers.one_route"]
            _run([*module, f"127.0.0.1:{plan.ray_gcs}", str(plan.api)], environment)
            wait_until(lambda: _answers(f"http://127.0.0.1:{plan.api}/"), _WITHIN_S)
            return round(time.perf_counter() - started, 3)
        finally:
            end_stack(paths.stack_id)
            shutil.rmtree(paths.runtime, ignore_errors=True)


def _run(words: list[str], environment: dict[str, str]) -> None:
    subprocess.run(
        words,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_WITHIN_S,
        check=True,
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
