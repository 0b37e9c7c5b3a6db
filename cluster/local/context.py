"""Own everything that one stack is made from, gathered once and handed to its parts."""

from dataclasses import dataclass

from cluster.local.addresses import Addresses, resolve
from cluster.local.credentials import StackSecrets, load_or_create
from cluster.local.paths import StackPaths
from cluster.local.ports import PortPlan
from cluster.local.reaper import MARKER
from cluster.settings import Settings, inherited_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class StackContext:
    """Hold everything that the parts of one stack are configured from."""

    settings: Settings
    paths: StackPaths
    ports: PortPlan
    secrets: StackSecrets
    addresses: Addresses
    environment: dict[str, str]

    @property
    def origin(self) -> str:
        """Return how browsers reach the stack; WebAuthn takes no bare IP address."""
        return self.settings.public_origin or f"http://localhost:{self.ports.api}"


def read_context(settings: Settings, paths: StackPaths, port: int) -> StackContext:
    """Gather what the stack in `paths` is made from; its secrets are made at its first start."""
    secrets = load_or_create(paths.credentials)
    return StackContext(
        settings=settings,
        paths=paths,
        ports=PortPlan(port),
        secrets=secrets,
        addresses=resolve(settings, paths, secrets),
        environment=base_environment(inherited_environment(), paths, port),
    )


def base_environment(inherited: dict[str, str], paths: StackPaths, port: int) -> dict[str, str]:
    """Return the environment of every child, which marks it as this stack's."""
    kept = {
        name: value
        for name, value in inherited.items()
        # Byte code that is not kept is compiled anew by each of some twenty processes.
        if not name.startswith("RAY_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {
        **kept,
        MARKER: paths.stack_id,
        "HELIOSTAT_DATA": str(paths.data),
        "HELIOSTAT_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
