"""Check the life of one child process with real ones: serve, break, come back, end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cluster.local.plan import answers_http, is_listening
from cluster.local.ports import taken_ports
from cluster.local.service import Service, ServiceSpec
from core.errors import StackError

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
LIMIT_S = 20.0
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from cluster.local.service import Service, ServiceSpec

async def main() -> None:
    async def ready() -> bool:
        return True
    service = Service(ServiceSpec(
        name="child", command=("sleep", "120"), environment={"PATH": "/usr/bin:/bin"},
        log=Path(sys.argv[1]), is_ready=ready, ready_within_s=5))
    await service.start()
    print(service.pid, flush=True)
    await asyncio.sleep(120)

asyncio.run(main())
"""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await condition():  # noqa: ASYNC110 - another process changes, no event here
            await asyncio.sleep(0.02)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def server(tmp_path: Path, port: int) -> ServiceSpec:
    async def serves() -> bool:
        return await is_listening(port)

    return ServiceSpec(
        name="tiny server",
        command=(sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"),
        environment={"PATH": os.environ["PATH"], "MARK": "7"},
        log=tmp_path / "logs" / "tiny.log",
        is_ready=serves,
        ready_within_s=LIMIT_S,
    )


def running_python(server: ServiceSpec, code: str) -> ServiceSpec:
    return replace(server, command=(sys.executable, "-c", code))


async def test_it_serves_comes_back_and_ends(server: ServiceSpec, port: int) -> None:
    assert Service(server).pid is None
    service = Service(server)
    await service.start()
    await service.wait_ready()
    assert await answers_http(f"http://127.0.0.1:{port}/")()
    assert taken_ports([port]) == [port]
    first = service.pid
    assert first is not None
    process = psutil.Process(first)
    assert os.getsid(first) == first
    assert process.environ() == {"PATH": os.environ["PATH"], "MARK": "7"}

    watching = asyncio.create_task(service.supervise())
    os.kill(first, signal.SIGKILL)

    async def restarted() -> bool:
        return service.pid != first

    await until(restarted)
    await service.wait_ready()
    assert service.restarts == 1
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching

    await service.stop()
    assert service.process is not None
    assert service.process.returncode == -signal.SIGTERM
    assert not await is_listening(port)
    assert taken_ports([port]) == []
    await service.stop()


async def test_the_signal_to_stop_can_be_chosen(server: ServiceSpec) -> None:
    service = Service(replace(server, stop_signal=signal.SIGINT))
    await service.start()
    await service.wait_ready()
    await service.stop()
    assert service.process is not None
    assert service.process.returncode == 0
    assert "Keyboard interrupt" in server.log.read_text()


async def test_one_that_does_not_listen_is_killed_with_its_children(
    server: ServiceSpec,
) -> None:
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen(['sleep', '120']); print(child.pid, flush=True); child.wait()"
    )

    async def told() -> bool:
        return bool(server.log.read_text().strip())

    spec = replace(running_python(server, code), is_ready=told, stop_within_s=0.2)
    service = Service(spec)
    await service.start()
    await service.wait_ready()
    child = psutil.Process(int(server.log.read_text()))
    await service.stop()
    assert service.process is not None
    assert service.process.returncode == -signal.SIGKILL

    async def gone() -> bool:
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

    await until(gone)


async def test_one_that_ends_at_once_tells_its_last_line(server: ServiceSpec) -> None:
    code = "print('first'); print('no room left\\n'); raise SystemExit(3)"
    service = Service(running_python(server, code))
    await service.start()
    with pytest.raises(StackError) as caught:
        await service.wait_ready()
    assert caught.value.context == {
        "problem": "tiny server ended with code 3: no room left",
        "remedy": f"See {server.log}.",
    }


async def test_one_that_ends_silently_is_still_named(server: ServiceSpec) -> None:
    service = Service(running_python(server, "raise SystemExit(4)"))
    await service.start()
    with pytest.raises(StackError, match=r"tiny server ended with code 4\. See "):
        await service.wait_ready()


async def test_one_that_never_serves_is_named(server: ServiceSpec) -> None:
    spec = running_python(server, "import time; time.sleep(120)")
    service = Service(replace(spec, ready_within_s=1.0))
    await service.start()
    try:
        with pytest.raises(StackError, match="tiny server did not answer within 1 s"):
            await service.wait_ready()
    finally:
        await service.stop()


async def test_one_that_may_end_is_not_started_again(server: ServiceSpec) -> None:
    service = Service(replace(running_python(server, "pass"), restart=False))
    await service.start()
    async with asyncio.timeout(LIMIT_S):
        await service.supervise()
    assert service.restarts == 0


async def test_output_of_every_start_is_kept(server: ServiceSpec) -> None:
    for word in ("one", "two"):
        service = Service(running_python(server, f"print({word!r})"))
        await service.start()
        assert service.process is not None
        await service.process.wait()
    assert server.log.read_text() == "one\ntwo\n"


def test_a_child_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
    child.wait(LIMIT_S)


def test_a_port_taken_on_every_interface_is_taken(port: int) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - what must be noticed
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen()
            assert taken_ports([port]) == [port]
    assert taken_ports([port]) == []
