"""Own how entries of the audit trail are chained: what is hashed, and in which form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from core.audit import AuditEntry, Detail

GENESIS = bytes(32)
"""Be the digest before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedEntry:
    """Hold an entry at its place; `digest` covers all of it and the digest before."""

    position: int
    org_id: UUID
    at: datetime
    actor: str
    action: str
    target: str | None
    details: Mapping[str, Detail] = field(default_factory=dict)
    previous: bytes
    digest: bytes


def digest_of(position: int, entry: AuditEntry, at: datetime, previous: bytes) -> bytes:
    """Return the SHA-256 digest of an entry at its place, after the digest before it.

    What is hashed is one JSON array, its objects sorted by name, so that no two entries share it.
    `at` counts in whole microseconds, which is what the database keeps.
    """
    parts = [
        position,
        entry.org_id.hex,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.target,
        dict(entry.details),
        previous.hex(),
    ]
    return sha256(msgspec.json.encode(parts, order="deterministic")).digest()


def follows(entry: ChainedEntry, position: int, previous: bytes) -> bool:
    """Tell whether an entry is the next one after a digest, and unchanged."""
    plain = AuditEntry(
        org_id=entry.org_id,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        details=entry.details,
    )
    return (
        entry.position == position
        and entry.previous == previous
        and entry.digest == digest_of(position, plain, entry.at, previous)
    )
