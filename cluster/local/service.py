"""Own one child process of the supervisor: start it, wait until it answers, restart, stop."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import StackError

_RESTART_PAUSE_S = 0.5
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """Describe a child process.

    `is_ready` answers whether it serves; `restart` whether the supervisor starts it again when
    it ends by itself. Its output goes to `log`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    is_ready: Callable[[], Awaitable[bool]]
    ready_within_s: float
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 5.0
    restart: bool = True
    death_signal: str = "KILL"


class Service:
    """Run one child process in a session of its own."""

    def __init__(self, spec: ServiceSpec) -> None:
        self.spec = spec
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    async def start(self) -> None:
        """Start the process without waiting for it to serve."""
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        with self.spec.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "setpriv",
                "--pdeathsig",
                self.spec.death_signal,
                # A shell's background jobs ignore interrupts, and so would all that they start.
                "env",
                "--default-signal=INT,TERM",
                *self.spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.spec.environment),
                start_new_session=True,
            )

    async def wait_ready(self) -> None:
        """Wait until the process serves.

        Raises:
            StackError: it ended, or did not serve in time.
        """
        try:
            async with asyncio.timeout(self.spec.ready_within_s):
                while not await self.spec.is_ready():
                    if self.process is not None and self.process.returncode is not None:
                        reason = f"ended with code {self.process.returncode}"
                        raise self._failure(reason)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            reason = f"did not answer within {self.spec.ready_within_s:.0f} s"
            raise self._failure(reason) from None

    def _failure(self, reason: str) -> StackError:
        last = last_line(self.spec.log)
        return StackError(
            problem=f"{self.spec.name} {reason}{': ' + last if last else '.'}",
            remedy=f"See {self.spec.log}.",
        )

    async def supervise(self) -> None:
        """Return when the process ends for good, restarting it as its description allows."""
        while self.process is not None:
            await self.process.wait()
            if not self.spec.restart:
                return
            self.restarts += 1
            await asyncio.sleep(_RESTART_PAUSE_S)
            await self.start()

    async def stop(self) -> None:
        """Signal the process, wait, and kill it when it does not end in time."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.spec.stop_signal)
        try:
            async with asyncio.timeout(self.spec.stop_within_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def last_line(log: Path) -> str:
    """Return the last line of a log that says something, for an error message."""
    try:
        text = log.read_bytes()[-4096:].decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
