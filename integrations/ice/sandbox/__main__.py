"""Own the process: `python -m integrations.ice.sandbox --port N --control-port M --seed S`."""

import asyncio
import os
import sys

from core.clock import SystemClock
from integrations.ice.sandbox.app import IceSandbox, SandboxConfig
from integrations.ice.sandbox.session import GatewayRules
from integrations.sandbox_kit import SandboxClock, SandboxServer, sandbox_arguments


async def serve() -> None:
    """Serve until SIGTERM; one JSON line tells when connections are accepted."""
    arguments = sandbox_arguments("Serve a local stand-in for ICE futures through FIX.", None)
    # The one value that must not stand on a command line, where every user could read it.
    rules = GatewayRules(password=os.getenv("HELIOSTAT_SANDBOX_PASSWORD"))
    clock = SandboxClock(SystemClock(), arguments.offset_ns)
    sandbox = IceSandbox(SandboxConfig(seed=arguments.seed, clock=clock, rules=rules))
    control = SandboxServer(sandbox.app(), arguments.control_port)
    async with sandbox.accepting(arguments.port) as port:
        announce = {
            "sandbox": "ice",
            "port": port,
            "control_port": control.port,
            "seed": arguments.seed,
            "offset_ns": clock.offset_ns,
        }
        await control.serve_until_signal(sys.stdout, announce)


if __name__ == "__main__":
    asyncio.run(serve())
