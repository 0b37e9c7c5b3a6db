"""Own the process: `python -m integrations.oidc.sandbox --port N`."""

import asyncio
import os
import sys

from core.clock import SystemClock
from integrations.oidc.sandbox.app import OidcSandbox, SandboxConfig
from integrations.sandbox_kit import SandboxServer, sandbox_arguments

CLIENT_ID = "heliostat"


def main() -> None:
    """Serve until SIGTERM; one JSON line tells when connections are accepted."""
    arguments = sandbox_arguments("Serve a local stand-in for an OpenID provider.", None)
    # The one value that must not stand on a command line, where every user could read it.
    secret = os.getenv("HELIOSTAT_SANDBOX_PASSWORD", "sandbox")
    config = SandboxConfig(client_id=CLIENT_ID, client_secret=secret, clock=SystemClock())
    sandbox = OidcSandbox(config)
    server = SandboxServer(sandbox.app(), arguments.port)
    sandbox.issuer = server.http_url
    announce = {"sandbox": "oidc", "issuer": sandbox.issuer, "client_id": CLIENT_ID}
    asyncio.run(server.serve_until_signal(sys.stdout, announce))


if __name__ == "__main__":
    main()
