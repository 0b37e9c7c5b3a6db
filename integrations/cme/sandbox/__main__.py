"""Own the process: `python -m integrations.cme.sandbox --port N --seed S`."""

import asyncio
import os
import sys

from core.clock import SystemClock
from integrations.cme.sandbox.app import CmeSandbox, SandboxConfig
from integrations.sandbox_kit import SandboxClock, SandboxServer, sandbox_arguments


def main() -> None:
    """Serve until SIGTERM; one JSON line tells when connections are accepted."""
    arguments = sandbox_arguments("Serve a local stand-in for CME market data.", None)
    # The one value that must not stand on a command line, where every user could read it.
    password = os.getenv("HELIOSTAT_SANDBOX_PASSWORD")
    clock = SandboxClock(SystemClock(), arguments.offset_ns)
    sandbox = CmeSandbox(SandboxConfig(seed=arguments.seed, clock=clock, password=password))
    server = SandboxServer(sandbox.app(), arguments.port)
    announce = {"sandbox": "cme", "seed": arguments.seed, "offset_ns": clock.offset_ns}
    asyncio.run(server.serve_until_signal(sys.stdout, announce))


if __name__ == "__main__":
    main()
