"""Own a Ray head without anything around it, on loopback and in a temporary folder."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.local import ray_head
from cluster.local.paths import make_private, stack_paths
from cluster.local.ports import PortPlan, require_free
from cluster.local.reaper import MARKER, end_stack

ROOT = Path(__file__).resolve().parents[2]
_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Hold where a head listens, and the environment that its drivers need."""

    address: str
    environment: Mapping[str, str]


@contextlib.contextmanager
def ray_head_alone(port: int, cpus: int, path: Path = ROOT) -> Iterator[Head]:
    """Lend a head set up as the stack's is; it is ended by process, and its folder removed.

    Workers import modules from `path` besides the checkout.
    """
    with tempfile.TemporaryDirectory(prefix="hs-head-") as folder:
        paths, plan = stack_paths(Path(folder) / "d"), PortPlan(port)
        require_free(plan, plan.needed_at_start())
        for private in (paths.data, paths.runtime, paths.haproxy):
            make_private(private)
        paths.ray_token.write_text("h" * 64)
        paths.ray_token.chmod(0o600)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "HELIOSTAT_"))}
        environment = ray_head.environment(kept, paths, plan)
        found = os.pathsep.join([str(path), str(ROOT), environment.get("PYTHONPATH", "")])
        environment = {**environment, MARKER: paths.stack_id, "PYTHONPATH": found}
        try:
            _start(ray_head.command(paths, plan, cpus), environment)
            yield Head(address=f"127.0.0.1:{plan.ray_gcs}", environment=environment)
        finally:
            end_stack(paths.stack_id)
            shutil.rmtree(paths.runtime, ignore_errors=True)


def _start(words: list[str], environment: Mapping[str, str]) -> None:
    subprocess.run(
        [word for word in words if word != "--block"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_WITHIN_S,
        check=True,
    )
