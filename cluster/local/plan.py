"""Own what a local stack is made of: the child processes, and when each one serves."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import httpx

from cluster.local import postgres, ray_head, valkey
from cluster.local.addresses import postgres_config, valkey_config
from cluster.local.context import StackContext
from cluster.local.service import ServiceSpec

if TYPE_CHECKING:
    from cluster.venues import Sandbox


def database_spec(context: StackContext) -> ServiceSpec:
    """Describe the embedded PostgreSQL; its folders are initialised already."""
    config = postgres_config(context.paths)
    url = postgres.superuser_url(config)

    async def answers() -> bool:
        try:
            connection = await asyncpg.connect(url, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    return ServiceSpec(
        name="PostgreSQL",
        command=tuple(postgres.server_command(config)),
        environment=context.environment,
        log=context.paths.logs / "postgres.log",
        is_ready=answers,
        ready_within_s=60,
        stop_signal=signal.SIGINT,
        stop_within_s=15,
        death_signal="INT",
    )


def cache_spec(context: StackContext) -> ServiceSpec:
    """Describe the embedded Valkey."""
    config = valkey_config(context.paths)
    valkey.initialise(config)

    # Asked by hand, since Ray's head waits until this module and what it needs are imported, and
    # the client package takes a sixth of a second.
    async def answers() -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(config.socket_path)
            writer.write(b"PING\r\n")
            answer = await reader.readline()
        except OSError:
            return False
        writer.close()
        return answer == b"+PONG\r\n"

    return ServiceSpec(
        name="Valkey",
        command=tuple(valkey.server_command(config)),
        environment=context.environment,
        log=context.paths.logs / "valkey.log",
        is_ready=answers,
        ready_within_s=30,
    )


def sandbox_spec(context: StackContext, sandbox: "Sandbox", offset_ns: int) -> ServiceSpec:
    """Describe the sandbox of one vendor; it serves once its fault switch answers."""
    control_port = sandbox.control_port(context.ports)
    return ServiceSpec(
        name=sandbox.name,
        command=(
            sys.executable,
            "-m",
            sandbox.module,
            "--port",
            str(sandbox.port(context.ports)),
            "--control-port",
            str(control_port),
            "--seed",
            str(context.settings.sandbox_seed),
            # So that one which is restarted does not step back in time.
            "--offset-ns",
            str(offset_ns),
        ),
        environment={
            **context.environment,
            "HELIOSTAT_SANDBOX_PASSWORD": context.secrets.sandbox_password,
        },
        log=context.paths.logs / f"{sandbox.code}-sandbox.log",
        is_ready=answers_http(f"http://127.0.0.1:{control_port}/_sandbox/state"),
        ready_within_s=60,
    )


def ray_spec(context: StackContext, cpus: int) -> ServiceSpec:
    """Describe the Ray head; it serves once its control service listens."""
    port = context.ports.ray_gcs
    log = context.paths.logs / "ray.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    already = log.stat().st_size if log.exists() else 0

    async def answers() -> bool:
        started = b"Ray runtime started" in log.read_bytes()[already:]
        return started and await is_listening(port)

    return ServiceSpec(
        name="Ray",
        command=tuple(ray_head.command(context.paths, context.ports, cpus)),
        environment=ray_environment(context),
        log=log,
        is_ready=answers,
        ready_within_s=120,
        restart=False,
    )


def ray_environment(context: StackContext) -> dict[str, str]:
    """Return what the Ray head and the deployment onto it run with."""
    return ray_head.environment(
        context.environment, context.paths, context.ports, context.settings.trusted_proxies
    )


def deployment_command(context: StackContext) -> tuple[str, ...]:
    """Return the words that deploy actors and applications onto the running head."""
    return (
        sys.executable,
        "-m",
        "cluster.bootstrap",
        "--data",
        str(context.paths.data),
        "--port",
        str(context.ports.api),
    )


async def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on this loopback port."""
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def answers_http(url: str, headers: dict[str, str] | None = None) -> Callable[[], Awaitable[bool]]:
    """Return a check that is true when a GET of `url` answers 200."""

    async def check() -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = await client.get(url, headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    return check


def has_live_curve(base_url: str, key: str, product: str) -> Callable[[], Awaitable[bool]]:
    """Return a check that is true when the API answers with a live curve of the product."""

    async def check() -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = await client.get(
                    f"{base_url}/v1/products/{product}/curve",
                    headers={"Authorization": f"Bearer {key}"},
                )
        except httpx.HTTPError:
            return False
        if answer.status_code != 200:
            return False
        curve = answer.json()
        return bool(curve["live"] and curve["points"])

    return check
