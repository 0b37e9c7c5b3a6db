"""Own a running local stack: start its parts in parallel, watch them, end them all.

Run as a module by `heliostat up`. Whatever ends this process, the watchdog ends the rest.
"""

import argparse
import asyncio
import contextlib
import fcntl
import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from cluster.local import plan, postgres
from cluster.local.addresses import postgres_config
from cluster.local.context import StackContext, read_context
from cluster.local.credentials import write_private
from cluster.local.paths import StackPaths, make_private, stack_paths
from cluster.local.ports import require_free
from cluster.local.reaper import end_stack
from cluster.local.service import Service, ServiceSpec
from cluster.local.state import StackState, StackStatus, Step, write_state
from cluster.local.vault_keys import make_vault_key, vault_config
from cluster.settings import Settings, load_settings
from core.clock import SystemClock, utc_from_ns
from core.errors import HeliostatError, StackError

if TYPE_CHECKING:
    from cluster.local.front_door import Entrance
    from cluster.venues import LiveVendors

T = TypeVar("T")

_LIVE_WITHIN_S = 90.0


class Supervisor:
    """Start the parts of one stack and end them together."""

    def __init__(self, context: StackContext, cpus: int) -> None:
        self._context = context
        self._cpus = cpus
        self._vault_is_sealed = asyncio.Event()
        self._clock = SystemClock()
        self._services: list[Service] = []
        self._sessions: list[int] = []
        self._watchdog: asyncio.subprocess.Process | None = None
        self._started = time.perf_counter()
        self._state = StackState(
            stack_id=context.paths.stack_id,
            status=StackStatus.STARTING,
            port=context.ports.api,
            supervisor_pid=os.getpid(),
            supervisor_created=psutil.Process().create_time(),
        )

    async def run(self, stop: asyncio.Event) -> int:
        """Start, watch until told to stop or a part ends for good, then end everything."""
        self._save(self._state)
        await self._start_watchdog()
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stop.wait())
        code = 0
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await self._watch(stopping)
            self._save(replace(self._state, status=StackStatus.STOPPED))
        except StackError as error:
            code = 1
            self._save(
                replace(
                    self._state,
                    status=StackStatus.FAILED,
                    problem=error.context["problem"],
                    remedy=error.context["remedy"],
                )
            )
        finally:
            starting.cancel()
            await asyncio.to_thread(self._end)
        return code

    def _save(self, state: StackState) -> None:
        self._state = replace(
            state,
            services={
                service.spec.name: service.pid
                for service in self._services
                if service.pid is not None
            },
        )
        write_state(self._context.paths.state, self._state)

    async def _start_watchdog(self) -> None:
        self._watchdog = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cluster.local.reaper",
            "--stack",
            self._context.paths.stack_id,
            stdin=asyncio.subprocess.PIPE,
            env=self._context.environment,
            start_new_session=True,
        )

    def _remember_session(self, session: int) -> None:
        self._sessions.append(session)
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{session}\n".encode())

    async def _step(self, name: str, work: Awaitable[T], detail: Callable[[T], str]) -> T:
        started = time.perf_counter()
        self._save(self._state.with_step(Step(name=name)))
        result = await work
        elapsed_s = round(time.perf_counter() - started, 3)
        step = Step(name=name, elapsed_s=elapsed_s, detail=detail(result))
        self._save(self._state.with_step(step))
        return result

    async def _launch(self, spec: ServiceSpec) -> Service:
        service = Service(spec)
        self._services.append(service)
        await service.start()
        if service.pid is not None:
            self._remember_session(service.pid)
        await service.wait_ready()
        return service

    async def _serve(self, spec: ServiceSpec) -> None:
        await self._step(spec.name, self._launch(spec), lambda _: "")

    async def _start(self) -> None:
        context = self._context
        live_url = f"http://127.0.0.1:{context.ports.api}"
        async with _unwrapped(), asyncio.TaskGroup() as group:
            deployment = group.create_task(self._start_deployment())
            ray = group.create_task(self._serve(plan.ray_spec(context, self._cpus)))
            vendors = group.create_task(self._vendors())
            stores = group.create_task(self._start_stores(vendors))
            sandboxes = group.create_task(self._start_sandboxes(vendors))
            group.create_task(self._deploy(deployment, (ray, stores), sandboxes))
        main_product = vendors.result().main_product
        self._save(replace(self._state, main_product=main_product))
        is_live = plan.has_live_curve(live_url, stores.result().key, main_product)
        await self._step("first live quote", _until(is_live, _LIVE_WITHIN_S), lambda _: "")
        elapsed_s = round(time.perf_counter() - self._started, 3)
        self._save(replace(self._state, status=StackStatus.READY, elapsed_s=elapsed_s))
        for sandbox in vendors.result().later_sandboxes:
            await self._launch(plan.sandbox_spec(context, sandbox, sandboxes.result()))
        self._save(self._state)

    async def _vendors(self) -> "LiveVendors":
        """Choose the vendors once the vault can be asked, which may hold their credentials."""
        await self._vault_is_sealed.wait()
        # Imported this late so that Ray's head does not wait for every vendor's client, and apart,
        # since that takes a second.
        await asyncio.to_thread(importlib.import_module, "cluster.venues")
        from cluster.local.vendor_credentials import with_kept_credentials
        from cluster.venues import live_vendors

        return live_vendors(await with_kept_credentials(self._context))

    async def _start_stores(self, vendors: "asyncio.Task[LiveVendors]") -> "Entrance":
        context = self._context
        async with _unwrapped(), asyncio.TaskGroup() as group:
            if context.settings.redis_url is None:
                group.create_task(self._serve(plan.cache_spec(context)))
            if not context.settings.uses_own_database:
                await asyncio.to_thread(postgres.initialise, postgres_config(context.paths))
                await self._serve(plan.database_spec(context))
            return await self._prepare_database(vendors)

    async def _prepare_database(self, vendors: "asyncio.Task[LiveVendors]") -> "Entrance":
        # Imported this late so that Ray's head does not wait for numpy and Arrow.
        from cluster.local import database, front_door, vault_upkeep

        context = self._context
        urls, owner = context.addresses.database, context.addresses.owner_url
        now_ns = self._clock.now_ns()
        now = utc_from_ns(now_ns)
        if not context.settings.uses_own_database:
            superuser = postgres.superuser_url(postgres_config(context.paths))
            await database.prepare_roles(superuser, context.secrets.database_passwords)
        await self._step(
            "migrations", database.prepare_schema(owner, urls, now), lambda n: f"{n} applied"
        )
        vault = vault_config(context.settings, context.paths)
        await self._step(
            "vault", vault_upkeep.seal_what_is_plain(urls, vault), lambda n: f"{n} secrets sealed"
        )
        self._vault_is_sealed.set()
        entrance = await front_door.open_front_door(
            urls,
            context.paths.client,
            f"http://localhost:{context.ports.api}",
            context.origin,
            context.settings.owner_email,
            now,
        )
        self._save(replace(self._state, sign_in_link=entrance.sign_in_link or ""))
        simulated = (await vendors).simulated_products
        if simulated:
            await self._step(
                "sandbox history",
                database.seed_sandbox_history(
                    urls, simulated, context.settings.sandbox_seed, now, now_ns
                ),
                lambda n: f"{n:,} settlements added",
            )
        return entrance

    async def _start_sandboxes(self, vendors: "asyncio.Task[LiveVendors]") -> int:
        """Start what stands in for vendors; return how far its clock is ahead of ours, in ns."""
        context, live = self._context, await vendors
        require_free(context.ports, live.sandbox_ports(context.ports))
        # Imported this late so that Ray's head does not wait for numpy.
        from integrations.sandbox_kit import session_offset_ns

        offset_ns = session_offset_ns(self._clock.now_ns())
        async with _unwrapped(), asyncio.TaskGroup() as group:
            for sandbox in live.sandboxes:
                group.create_task(self._serve(plan.sandbox_spec(context, sandbox, offset_ns)))
        return offset_ns

    async def _start_deployment(self) -> asyncio.subprocess.Process:
        context = self._context
        context.paths.logs.mkdir(parents=True, exist_ok=True)
        with (context.paths.logs / "deployment.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                "setpriv",
                "--pdeathsig",
                "KILL",
                *plan.deployment_command(context),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=plan.ray_environment(context),
                start_new_session=True,
            )
        self._remember_session(process.pid)
        return process

    async def _deploy(
        self,
        deployment: "asyncio.Task[asyncio.subprocess.Process]",
        needed: "tuple[asyncio.Task[Any], ...]",
        sandboxes: "asyncio.Task[int]",
    ) -> None:
        process = await deployment
        for task in needed:
            await task
        sandbox_ahead_ns = await sandboxes
        if process.stdin is None or process.stdout is None:  # pragma: no cover - both are piped
            return
        process.stdin.write(b"go %d\n" % sandbox_ahead_ns)
        async for line in process.stdout:
            with contextlib.suppress(json.JSONDecodeError, KeyError):
                said = json.loads(line)
                self._save(
                    self._state.with_step(Step(name=said["step"], elapsed_s=said["elapsed_s"]))
                )
        if await process.wait() != 0:
            log = self._context.paths.logs / "deployment.log"
            raise StackError(
                problem="The actors and the API could not be deployed.", remedy=f"See {log}."
            )

    async def _watch(self, stopping: "asyncio.Task[bool]") -> None:
        watching = {asyncio.create_task(service.supervise()): service for service in self._services}
        done, _ = await asyncio.wait({*watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in watching:
            task.cancel()
        ended = [service for task, service in watching.items() if task in done]
        if ended:
            spec = ended[0].spec
            raise StackError(problem=f"{spec.name} ended by itself.", remedy=f"See {spec.log}.")

    def _end(self) -> None:
        spare = [] if self._watchdog is None else [self._watchdog.pid]
        end_stack(self._context.paths.stack_id, self._sessions, spare)
        shutil.rmtree(self._context.paths.runtime, ignore_errors=True)


@contextlib.asynccontextmanager
async def _unwrapped():  # type: ignore[no-untyped-def]
    """Raise the first StackError of a task group instead of the group."""
    try:
        yield
    except BaseExceptionGroup as group:  # any mix: a cancelled sibling stands beside the cause
        errors = [error for error in _flatten(group) if isinstance(error, HeliostatError)]
        raise errors[0] if errors else group from None


def _flatten(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    flat: list[BaseException] = []
    for error in group.exceptions:
        flat.extend(_flatten(error) if isinstance(error, BaseExceptionGroup) else [error])
    return flat


async def _until(check: Callable[[], Awaitable[bool]], within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await check():  # noqa: ASYNC110 - another process answers, no event here
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise StackError(
            problem=f"No live quote arrived within {within_s:.0f} s.",
            remedy="See `heliostat logs`.",
        ) from None


def make_context(settings: Settings, paths: StackPaths, port: int) -> StackContext:
    """Make the folders of a stack and the files that its clients read; return what it is."""
    make_private(paths.data)
    make_private(paths.runtime)
    make_private(paths.haproxy)
    context = read_context(settings, paths, port)
    make_vault_key(settings, paths)
    write_private(paths.ray_token, context.secrets.ray_token)
    return context


async def _main(context: StackContext, cpus: int) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return await Supervisor(context, cpus).run(stop)


def main() -> None:
    """Run the local stack in --data until told to stop."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    settings = load_settings()
    paths = stack_paths(arguments.data)
    make_private(paths.data)
    with paths.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(3)
        context = make_context(settings, paths, arguments.port)
        cpus = settings.cpus or os.cpu_count() or 1
        sys.exit(asyncio.run(_main(context, cpus)))


if __name__ == "__main__":
    main()
