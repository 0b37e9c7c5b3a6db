"""Own the deployment of a stack onto its Ray cluster: the only file that connects to Ray.

Run as a module it imports Ray at once, so that this overlaps with the head's own start, waits for
`go N` on standard input, where N is how far the sandboxes' clock is ahead, starts the actors and
both Serve applications, and ends. It says each finished step on standard output as one line of
JSON.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray import serve as ray_serve
from ray.serve.config import HTTPOptions

from actors.remote import start_actors, start_later_actors
from cluster.local.context import read_context
from cluster.local.paths import stack_paths
from cluster.local.vendor_credentials import with_kept_credentials
from cluster.settings import load_settings
from cluster.wiring import Wiring, wire
from serve.remote import applications


def connect(address: str, namespace: str) -> None:
    """Connect this process to a running cluster."""
    ray.init(address=address, namespace=namespace, log_to_driver=False, configure_logging=False)


def deploy(wiring: Wiring, port: int, report: Callable[[str, float], None]) -> None:
    """Start what does not run yet and return when every replica answers its health check.

    Safe to repeat: actors that run are kept, applications are updated in place.
    """
    started = time.perf_counter()
    actors = start_actors(wiring.actors)
    ray_serve.start(http_options=HTTPOptions(host="127.0.0.1", port=port))
    report("Serve", time.perf_counter() - started)
    started = time.perf_counter()
    targets = applications(wiring.edge, wiring.actors.namespace)
    ray_serve.run_many(targets, wait_for_applications_running=True)
    report("API and streams", time.perf_counter() - started)
    started = time.perf_counter()
    ray.get([actor.__ray_ready__.remote() for actor in actors], timeout=120)
    report("actors", time.perf_counter() - started)
    start_later_actors(wiring.actors)


def _say(step: str, elapsed_s: float) -> None:
    line: dict[str, Any] = {"step": step, "elapsed_s": round(elapsed_s, 3)}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Deploy onto the cluster of the local stack in --data."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    context = read_context(load_settings(), stack_paths(arguments.data), arguments.port)
    word, _, sandbox_ahead_ns = sys.stdin.readline().strip().partition(" ")
    if word != "go":
        sys.exit(1)
    context = replace(context, settings=asyncio.run(with_kept_credentials(context)))
    wiring = wire(context, int(sandbox_ahead_ns))
    started = time.perf_counter()
    connect(f"127.0.0.1:{context.ports.ray_gcs}", wiring.actors.namespace)
    _say("cluster connection", time.perf_counter() - started)
    deploy(wiring, context.ports.api, _say)


if __name__ == "__main__":
    main()
