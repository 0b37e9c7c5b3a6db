"""Own the starting and ending of a local stack from outside it: what its commands call."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from cluster.local import postgres, preflight, reaper
from cluster.local.paths import StackPaths, make_private, stack_paths
from cluster.local.ports import PortPlan, require_free
from cluster.local.service import last_line
from cluster.local.state import StackState, StackStatus, read_state
from cluster.settings import Settings, inherited_environment, load_settings
from core.errors import StackError

MAIN_CHOOSE = 4
MAIN_OF = 12
_POLL_S = 0.05
_READY_WITHIN_S = 300.0
_DOWN_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenStack:
    """Name the stack that a command is about."""

    settings: Settings
    paths: StackPaths
    port: int

    def secrets_key(self) -> str:
        """Return the API key of the stack, empty before its first start."""
        with contextlib.suppress(FileNotFoundError):
            return str(json.loads(self.paths.client.read_text())["key"])
        return ""


def choose(data: Path | None, port: int | None) -> ChosenStack:
    """Return the stack that options, else settings, name.

    Raises:
        StackError: the temporary folder is too deep for sockets.
    """
    settings = load_settings()
    paths = stack_paths(data or settings.data)
    return ChosenStack(settings=settings, paths=paths, port=port or settings.port)


def current(chosen: ChosenStack) -> StackState | None:
    """Return the state of the stack if it runs."""
    state = read_state(chosen.paths.state)
    return state if state is not None and state.supervisor_alive else None


def _checks(chosen: ChosenStack) -> list[tuple[str, Callable[[], None]]]:
    return preflight.checks(
        chosen.paths,
        PortPlan(chosen.port),
        lambda: postgres.check_version(chosen.paths.postgres_data),
    )


def _vendor_checks(chosen: ChosenStack) -> list[tuple[str, Callable[[], None]]]:
    # Imported here, since every vendor's client takes half a second, and few commands need them.
    from cluster.venues import live_vendors

    ports = PortPlan(chosen.port)

    def vendors() -> None:
        live_vendors(chosen.settings)

    def sandbox_ports() -> None:
        require_free(ports, live_vendors(chosen.settings).sandbox_ports(ports))

    return [("vendors", vendors), ("sandbox ports", sandbox_ports)]


def examine(chosen: ChosenStack) -> list[preflight.Finding]:
    """Run the checks of a start and report each; ports that the stack itself holds are no fault."""
    own = {"ports", "sandbox ports"} if current(chosen) is not None else set()
    listed = [*_checks(chosen), *_vendor_checks(chosen)]
    return preflight.examine([entry for entry in listed if entry[0] not in own])


def failure(chosen: ChosenStack) -> StackState | None:
    """Return the state of a stack whose last start failed or which ended by itself."""
    state = read_state(chosen.paths.state)
    return state if state is not None and state.status is StackStatus.FAILED else None


def ensure_up(
    chosen: ChosenStack, report: Callable[[StackState], None], *, foreground: bool
) -> StackState:
    """Return the state of a stack that is ready, starting it if none runs.

    What an earlier stack of the same folder left behind after a crash is ended first.

    Raises:
        StackError: a check failed, or the stack could not start.
    """
    running = current(chosen)
    if running is not None and running.port != chosen.port:
        raise StackError(
            problem=f"The stack of {chosen.paths.data} already runs on port {running.port}.",
            remedy="End it first with `heliostat down`, or name another folder with --data.",
        )
    if running is not None and running.status is StackStatus.READY:
        return running
    if running is None:
        make_private(chosen.paths.data)
        reaper.end_stack(chosen.paths.stack_id)
        for _name, check in _checks(chosen):
            check()
        if chosen.settings.tells_of_vendors:
            for _name, check in _vendor_checks(chosen):
                check()
        _spawn(chosen, foreground)
    try:
        return _await_ready(chosen, report)
    except KeyboardInterrupt:
        bring_down(chosen)
        raise


def _spawn(chosen: ChosenStack, foreground: bool) -> None:
    chosen.paths.logs.mkdir(parents=True, exist_ok=True)
    chosen.paths.state.unlink(missing_ok=True)
    words = [
        sys.executable,
        "-m",
        "cluster.local.supervisor",
        "--data",
        str(chosen.paths.data),
        "--port",
        str(chosen.port),
    ]
    if foreground:
        words = ["setpriv", "--pdeathsig", "TERM", *words]
    environment = inherited_environment() | {reaper.MARKER: chosen.paths.stack_id}
    with (chosen.paths.logs / "supervisor.log").open("ab") as log:
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def _await_ready(chosen: ChosenStack, report: Callable[[StackState], None]) -> StackState:
    deadline = time.monotonic() + _READY_WITHIN_S
    seen_alive = False
    while time.monotonic() < deadline:
        time.sleep(_POLL_S)
        state = read_state(chosen.paths.state)
        if state is None:
            continue
        report(state)
        if state.status is StackStatus.READY:
            return state
        if state.status is StackStatus.FAILED:
            raise StackError(problem=state.problem, remedy=state.remedy)
        alive = state.supervisor_alive
        if seen_alive and not alive:
            log = chosen.paths.logs / "supervisor.log"
            raise StackError(
                problem=f"The supervisor ended while starting: {last_line(log)}",
                remedy=f"See {log}.",
            )
        seen_alive = seen_alive or alive
    raise StackError(
        problem=f"The stack was not ready within {_READY_WITHIN_S:.0f} s.",
        remedy="See `heliostat logs`.",
    )


def wait_until_down(chosen: ChosenStack) -> None:
    """Wait until the stack has ended by itself."""
    while current(chosen) is not None:
        time.sleep(_POLL_S)


def bring_down(chosen: ChosenStack) -> int:
    """End every process of the stack; return how many there were."""
    state = read_state(chosen.paths.state)
    before = len(reaper.stack_processes(chosen.paths.stack_id))
    if state is not None and state.supervisor_alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(state.supervisor_pid).send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_WITHIN_S
        while state.supervisor_alive and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    reaper.end_stack(chosen.paths.stack_id)
    shutil.rmtree(chosen.paths.runtime, ignore_errors=True)
    return before


def described(state: StackState, chosen: ChosenStack) -> dict[str, Any]:
    """Return a stack's state as JSON-ready values, with its addresses."""
    return {
        "status": state.status.value,
        "problem": state.problem,
        "remedy": state.remedy,
        "elapsed_s": state.elapsed_s,
        "steps": [
            {"name": step.name, "elapsed_s": step.elapsed_s, "detail": step.detail}
            for step in state.steps
        ],
        "services": state.services,
        "api": state.address,
        "documentation": f"{state.address}/docs",
        "page": f"{state.address}/",
        "sign_in_link": state.sign_in_link or None,
        "ray_dashboard": f"http://localhost:{state.port + 1}",
        "ray_token_file": str(chosen.paths.ray_token),
        "data": str(chosen.paths.data),
    }


def log_files(chosen: ChosenStack) -> dict[str, Path]:
    """Map each part's name to its log."""
    return {path.stem: path for path in sorted(chosen.paths.logs.glob("*.log"))}


class ProgressDisplay:
    """Show the steps of a start as they come: a live list on a terminal, else a line a step."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, transient=True, refresh_per_second=8)
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._live.stop()

    def show(self, state: StackState) -> None:
        """Show the steps of a state."""
        if self._live.is_started:
            self._live.update(_rendered(state))
            return
        for step in state.steps:
            if step.elapsed_s is not None and step.name not in self._said:
                self._said.add(step.name)
                self._console.print(f"{step.name}: {step.elapsed_s:.1f} s {step.detail}".rstrip())


def _rendered(state: StackState) -> Any:
    from rich.console import Group
    from rich.spinner import Spinner
    from rich.text import Text

    lines: list[Any] = []
    for step in state.steps:
        if step.elapsed_s is None:
            lines.append(Spinner("dots", text=step.name))
        else:
            lines.append(Text(f"✓ {step.name}  {step.elapsed_s:.1f} s  {step.detail}"))
    return Group(*lines)
