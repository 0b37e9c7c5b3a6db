"""Start the parts of a local stack that need no Ray, as the supervisor describes them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cluster.local import plan
from cluster.local.context import StackContext, read_context
from cluster.local.paths import StackPaths
from cluster.local.ports import PORTS_PER_STACK, PortPlan, taken_ports
from cluster.local.service import Service, ServiceSpec
from cluster.settings import Settings
from cluster.venues import live_vendors

pytestmark = pytest.mark.postgres


@pytest.fixture
def context(tmp_path: Path, short_dir: Path) -> StackContext:
    base = next(
        port
        for port in range(21_000, 60_000, PORTS_PER_STACK)
        if not taken_ports(range(port, port + PORTS_PER_STACK))
    )
    paths = StackPaths(data=tmp_path, runtime=short_dir / "plan", stack_id="0123abcd")
    return read_context(Settings(), paths, base)


@pytest.fixture
async def start() -> AsyncIterator[Callable[[ServiceSpec], Service]]:
    services: list[Service] = []

    def make(spec: ServiceSpec) -> Service:
        services.append(Service(spec))
        return services[-1]

    yield make
    for service in services:
        await service.stop()


async def test_the_cache_is_ready_once_it_answers(
    context: StackContext, start: Callable[[ServiceSpec], Service]
) -> None:
    spec = plan.cache_spec(context)
    assert not await spec.is_ready()
    service = start(spec)
    await service.start()
    await service.wait_ready()
    assert await spec.is_ready()
    await service.stop()
    assert not await spec.is_ready()


async def test_every_sandbox_serves_on_the_ports_of_its_plan(
    context: StackContext, start: Callable[[ServiceSpec], Service]
) -> None:
    live = live_vendors(context.settings)
    sandboxes = (*live.sandboxes, *live.later_sandboxes)
    services = [start(plan.sandbox_spec(context, sandbox, 0)) for sandbox in sandboxes]
    for service in services:
        await service.start()
    for service in services:
        await service.wait_ready()
    assert taken_ports(live.sandbox_ports(context.ports)) == list(live.sandbox_ports(context.ports))
    assert taken_ports(PortPlan(context.ports.api).needed_at_start()) == []
    for service in services:
        assert context.secrets.sandbox_password not in " ".join(service.spec.command)
