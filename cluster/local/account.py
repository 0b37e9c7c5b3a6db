"""Own the ordinary account that a server takes when the stack is started by root.

PostgreSQL refuses to run as root, and no system user may be added for it: a free numeric user id
is enough. The folders above the data may be closed to that id (`/root` is 0700); the server then
keeps one capability, the one to look past folder permissions for reading.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import StackError

_FIRST_USER_ID = 47_011
_LAST_USER_ID = 47_999
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))
"""Prefer the reading one; default containers grant only the other. Numbers: linux/capability.h."""


def is_root() -> bool:
    """Tell whether this process would start servers as root."""
    return os.geteuid() == 0


def free_user_id() -> int:
    """Return the first numeric user id of our range that the machine has given to nobody.

    Raises:
        StackError: every id of the range is taken.
    """
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for user_id in range(_FIRST_USER_ID, _LAST_USER_ID + 1):
        if user_id not in taken:
            return user_id
    raise StackError(
        problem=f"No user id from {_FIRST_USER_ID} to {_LAST_USER_ID} is free for PostgreSQL.",
        remedy="Start the stack as an ordinary user.",
    )


def named_user_id() -> int:
    """Return an ordinary user id that has a name, which `initdb` insists on; `nobody` first.

    Raises:
        StackError: the machine knows no user but root.
    """
    entries = sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")
    for entry in entries:
        if entry.pw_uid != 0:
            return entry.pw_uid
    raise StackError(
        problem="PostgreSQL cannot be initialised by root, and no other user exists.",
        remedy="Start the stack as an ordinary user.",
    )


def command_prefix(user_id: int, paths: Iterable[Path]) -> list[str]:
    """Return the words before a command that make it run as `user_id`, able to reach `paths`.

    The command ends with an interrupt when its parent dies.

    Raises:
        StackError: a path cannot be reached by that id, and we hold no capability to lend.
    """
    closed = next((folder for folder in _folders(paths) if not _is_open_to(folder, user_id)), None)
    # without the bit, access(2) would disregard the capability, and initdb asks access(2)
    securebits = [] if closed is None else ["--securebits=+no_setuid_fixup"]
    kept = "-all" if closed is None else f"-all,+{_lendable_capability(closed)}"
    return [
        "setpriv",
        f"--reuid={user_id}",
        f"--regid={user_id}",
        "--clear-groups",
        *securebits,
        f"--inh-caps={kept}",
        f"--ambient-caps={kept}",
        f"--bounding-set={kept}",
        "--no-new-privs",
        "--pdeathsig=INT",
    ]


def give_to(user_id: int, *paths: Path) -> None:
    """Make `user_id` the owner of each path and of all below it."""
    for path in paths:
        os.chown(path, user_id, user_id, follow_symlinks=False)
        for folder, folder_names, file_names in os.walk(path):
            for name in (*folder_names, *file_names):
                os.chown(Path(folder) / name, user_id, user_id, follow_symlinks=False)


def _folders(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from (path.resolve(), *path.resolve().parents)


def _is_open_to(path: Path, user_id: int) -> bool:
    status = path.stat()
    mask = (
        stat.S_IRUSR | stat.S_IXUSR
        if status.st_uid == user_id
        else stat.S_IXOTH | (0 if path.is_dir() else stat.S_IROTH)
    )
    return status.st_mode & mask == mask


def _lendable_capability(closed: Path) -> str:
    bounding_set = _bounding_set()
    for name, number in _CAPABILITIES:
        if bounding_set >> number & 1:
            return name
    raise StackError(
        problem=f"PostgreSQL cannot run as root, and {closed} is closed to other users.",
        remedy="Use --data with a folder whose parents are open to all, or an ordinary user.",
    )


def _bounding_set() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    return 0
