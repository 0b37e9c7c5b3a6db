"""Own where one stack keeps its files: a data folder that lasts, a runtime folder for sockets."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import StackError

# The kernel takes 107 bytes, of which HAProxy keeps ten for a name it binds to before renaming.
MAX_SOCKET_PATH_BYTES = 97
_LONGEST_TAIL = "/h/" + "0" * 56 + "/m.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPaths:
    """Name every file and folder of one stack.

    `data` lasts between starts. `runtime` lies in the temporary folder because a socket path may
    hold at most 97 bytes and a checkout often lies deeper than that leaves room for.
    """

    data: Path
    runtime: Path
    stack_id: str

    @property
    def postgres_data(self) -> Path:
        return self.data / "postgres"

    @property
    def objects(self) -> Path:
        return self.data / "objects"

    @property
    def journals(self) -> Path:
        return self.data / "journals"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def credentials(self) -> Path:
        return self.data / "credentials.json"

    @property
    def vault_key(self) -> Path:
        return self.data / "vault.key"

    @property
    def audit_anchors(self) -> Path:
        return self.data / "audit" / "anchors.jsonl"

    @property
    def client(self) -> Path:
        return self.data / "client.json"

    @property
    def state(self) -> Path:
        return self.data / "stack.json"

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    @property
    def ray_token(self) -> Path:
        return self.data / "ray_token"

    @property
    def ray_temporary(self) -> Path:
        return self.runtime / "ray"

    @property
    def haproxy(self) -> Path:
        return self.runtime / "h"

    @property
    def postgres_sockets(self) -> Path:
        return self.runtime / "postgres"

    @property
    def valkey_sockets(self) -> Path:
        return self.runtime / "valkey"


def stack_paths(data: Path, temporary: Path | None = None) -> StackPaths:
    """Lay out the files of the stack that lives in `data`.

    Raises:
        StackError: the temporary folder is too deep for a socket path.
    """
    resolved = data.expanduser().resolve()
    stack_id = hashlib.sha256(str(resolved).encode()).hexdigest()[:8]
    base = Path(tempfile.gettempdir()) if temporary is None else temporary
    runtime = base / f"hs-{os.getuid()}-{stack_id}"
    longest = len(os.fsencode(str(runtime) + _LONGEST_TAIL))
    if longest > MAX_SOCKET_PATH_BYTES:
        raise StackError(
            problem=f"The folder {base} is {longest - MAX_SOCKET_PATH_BYTES} bytes too long "
            "for socket paths.",
            remedy="Set TMPDIR to a shorter folder, such as /tmp.",
        )
    return StackPaths(data=resolved, runtime=runtime, stack_id=stack_id)


def make_private(folder: Path) -> None:
    """Create a folder that only this user may enter, or close one of theirs that is empty.

    A folder that holds something keeps its mode: somebody may have named their home with --data,
    and what we put into it is closed by itself.

    Raises:
        StackError: it cannot be written, or somebody else owns it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # lstat, so that a link which somebody else left here is seen as theirs.
        owner = folder.lstat().st_uid
    except OSError as error:
        raise StackError(
            problem=f"The folder {folder} cannot be written ({error.strerror}).",
            remedy="Name another with --data.",
        ) from error
    if owner != os.getuid():
        raise StackError(
            problem=f"The folder {folder} belongs to another user (uid {owner}).",
            remedy="Name another with --data, or remove it.",
        )
    if not any(folder.iterdir()):
        folder.chmod(0o700)
