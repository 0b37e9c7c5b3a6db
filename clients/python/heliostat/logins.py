"""Own the logins kept on this machine: one private file an address, written whole or not at all.

Two processes that share a login take turns by a lock on a file beside it, so that neither spends a
refresh token that the other has spent.
"""

import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from heliostat.errors import NotConfigured

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FOLDER = "heliostat"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogin:
    """Hold the tokens of one login; both stay out of `repr`. `expires_at` is in Unix seconds."""

    url: str
    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    scope: str = ""


def config_folder(variables: Mapping[str, str]) -> Path:
    """Return where this user's settings of Heliostat are: HELIOSTAT_CONFIG, else by platform.

    That is `$XDG_CONFIG_HOME/heliostat` or `~/.config/heliostat`, on macOS
    `~/Library/Application Support/heliostat`, on Windows `%APPDATA%\\heliostat`.
    """
    named = variables.get("HELIOSTAT_CONFIG")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(variables.get("APPDATA") or Path.home() / "AppData" / "Roaming") / _FOLDER
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _FOLDER
    return Path(variables.get("XDG_CONFIG_HOME") or Path.home() / ".config") / _FOLDER


@dataclass(frozen=True, slots=True)
class LoginFile:
    """Keep the login at one address in `folder`, readable by this user only."""

    folder: Path
    url: str

    @property
    def path(self) -> Path:
        return self.folder / "logins" / f"{quote(self.url, safe='')}.json"

    def read(self) -> StoredLogin | None:
        """Return the login, or None where there is none.

        Raises:
            NotConfigured: the file cannot be read, or others may read it.
        """
        try:
            mode = self.path.stat().st_mode
            login = StoredLogin(**json.loads(self.path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            message = f"{self.path} cannot be read: {error}"
            raise NotConfigured(message) from error
        # Windows has no such bits; a user's own folder is private there.
        if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
            message = f"{self.path} holds tokens and others may read it: `chmod 600` it."
            raise NotConfigured(message)
        return login

    def write(self, login: StoredLogin) -> None:
        """Replace the login in one step."""
        self._make_folder()
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(asdict(login)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    def forget(self) -> None:
        """Remove the login, if there is one."""
        self.path.unlink(missing_ok=True)

    def lock(self) -> "Lock | None":
        """Take the lock of this login, or return None while somebody else has it."""
        self._make_folder()
        path = self.path.with_name(f"{self.path.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return Lock(descriptor)

    def _make_folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold a lock until it is released, or the process ends in whatever way."""

    descriptor: int

    def release(self) -> None:
        """Let the next one in."""
        os.close(self.descriptor)


def only_address(folder: Path) -> str | None:
    """Return the address of the only login there is, or None."""
    found = sorted((folder / "logins").glob("*.json"))
    if len(found) != 1:
        return None
    try:
        return str(json.loads(found[0].read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
