"""Own the secrets that a local stack makes for itself, kept in 0600 files of its data folder."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

_ROLES = ("owner", "app", "system")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSecrets:
    """Hold Ray's token and one database password per role."""

    ray_token: str
    database_passwords: dict[str, str]
    sandbox_api_id: str
    sandbox_password: str


def load_or_create(path: Path) -> StackSecrets:
    """Read the secrets of this stack, made at its first start."""
    if path.exists():
        kept = json.loads(path.read_text())
        known = {one.name for one in fields(StackSecrets)}
        # What an earlier version kept beside is of no use any more, such as its API key.
        return StackSecrets(**{name: value for name, value in kept.items() if name in known})
    created = StackSecrets(
        ray_token=secrets.token_hex(32),
        database_passwords={role: secrets.token_urlsafe(24) for role in _ROLES},
        sandbox_api_id="sandbox",
        sandbox_password=secrets.token_urlsafe(16),
    )
    write_private(path, json.dumps(asdict(created)))
    return created


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by this user only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
