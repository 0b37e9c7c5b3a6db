"""Own the process: `python -m integrations.ibm.sandbox --port N --seed S`."""

import asyncio
import os
import sys

from core.clock import SystemClock
from integrations.ibm.sandbox.app import IbmSandbox, SandboxConfig
from integrations.sandbox_kit import SandboxServer, sandbox_arguments


async def _serve() -> None:
    arguments = sandbox_arguments("Serve a local stand-in for IBM Quantum Platform.", None)
    # The one value that must not stand on a command line, where every user could read it.
    api_key = os.getenv("HELIOSTAT_SANDBOX_PASSWORD")
    sandbox = IbmSandbox(SandboxConfig(seed=arguments.seed, clock=SystemClock(), api_key=api_key))
    server = SandboxServer(sandbox.app(), arguments.port)
    announce = {"sandbox": "ibm", "seed": arguments.seed}
    try:
        await server.serve_until_signal(sys.stdout, announce)
    finally:
        await sandbox.close()


if __name__ == "__main__":
    asyncio.run(_serve())
