"""Own the process: `python -m integrations.openweather.sandbox --port N --seed S`."""

import asyncio
import os
import sys

from core.clock import SystemClock
from integrations.openweather.sandbox.app import OpenWeatherSandbox, SandboxConfig
from integrations.sandbox_kit import SandboxServer, sandbox_arguments


def main() -> None:
    """Serve until SIGTERM; one JSON line tells when connections are accepted."""
    arguments = sandbox_arguments("Serve a local stand-in for OpenWeatherMap.", None)
    # The one value that must not stand on a command line, where every user could read it.
    api_key = os.getenv("HELIOSTAT_SANDBOX_PASSWORD")
    config = SandboxConfig(seed=arguments.seed, clock=SystemClock(), api_key=api_key)
    server = SandboxServer(OpenWeatherSandbox(config).app(), arguments.port)
    announce = {"sandbox": "openweather", "seed": arguments.seed}
    asyncio.run(server.serve_until_signal(sys.stdout, announce))


if __name__ == "__main__":
    main()
