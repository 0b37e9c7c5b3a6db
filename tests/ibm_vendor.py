"""Run the IBM sandbox in a thread of its own, so that synchronous clients may ask it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from core.clock import SystemClock
from integrations.ibm.config import IbmConfig, environment, sandbox_config
from integrations.ibm.sandbox.app import IbmSandbox, SandboxConfig
from integrations.ibm.sandbox.jobs import Job
from integrations.sandbox_kit import SandboxServer
from integrations.venue import SandboxAddress

KEY = "open sesame"
WAIT_S = 50.0


class RunningVendor:
    """Hold a sandbox that serves, and tell what it knows."""

    def __init__(self, sandbox: IbmSandbox, port: int) -> None:
        self.sandbox = sandbox
        self.port = port

    @property
    def faults(self) -> Any:
        return self.sandbox.faults

    @property
    def jobs(self) -> list[Job]:
        return list(self.sandbox.store.jobs.values())

    def tagged(self, tag: str) -> list[Job]:
        return [job for job in self.jobs if tag in job.tags]

    def config(self, **changed: Any) -> IbmConfig:
        address = SandboxAddress(host="127.0.0.1", port=self.port, user="", password=KEY)
        return replace(sandbox_config(address), **changed)

    def reset(self) -> None:
        """Forget every fault, job and batch."""
        self.faults.clear()
        self.faults.happened = dict.fromkeys(self.faults.known, 0)
        for job in self.jobs:
            if not job.is_final:
                job.status = "Cancelled"
        self.sandbox.store.jobs.clear()
        self.sandbox.store.sessions.clear()


@contextmanager
def running_vendor(**changed: Any) -> Iterator[RunningVendor]:
    """Serve a sandbox until the block ends, with the variables that its client needs."""
    ready: list[tuple[IbmSandbox, int]] = []
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        values: dict[str, Any] = {"seed": 5, "clock": SystemClock(), "api_key": KEY, "queue_s": 0.0}
        sandbox = IbmSandbox(SandboxConfig(**{**values, **changed}))
        async with SandboxServer(sandbox.app()) as server:
            ready.append((sandbox, server.port))
            started.set()
            await stop.wait()
        await sandbox.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        vendor = RunningVendor(*ready[0])
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(vendor.config()).items():
                patch.setenv(name, value)
            yield vendor
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def until(check: Callable[[], Any], within_s: float = WAIT_S) -> Any:
    """Return what a check answers once it is true; what is asked tells of no event."""
    ends = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.05)
    return found
