"""Make users, members and keys in a test's database, and the headers that speak for them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.api_keys import new_secret, secret_of
from core.errors import Unauthenticated
from core.identity import Principal, Role, permissions_of
from core.runs import DEFAULT_ORG
from storage.identity import api_keys, memberships

if TYPE_CHECKING:
    from storage.pool import Pools, WriteConn

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = secret_of(bytes(32))
"""Be the owner's key of tests that need no other."""
HEADERS = {"Authorization": f"Bearer {KEY}"}
OWNER = Principal(
    org_id=DEFAULT_ORG,
    actor="key:00000000-0000-7000-8000-0000000000aa",
    role=Role.OWNER,
    permissions=permissions_of(Role.OWNER),
)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")


@dataclass
class KnownKeys:
    """Let in who a test puts in, until the test refuses all."""

    principals: dict[str, Principal] = field(default_factory=lambda: {f"bearer {KEY}": OWNER})
    refuses: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, authorization: str | None) -> Principal:
        scheme, _, key = (authorization or "").partition(" ")
        principal = self.principals.get(f"{scheme.lower()} {key}")
        if principal is None or self.refuses.is_set():
            raise Unauthenticated
        return principal

    async def until_refused(self, _authorization: str | None) -> None:
        await self.refuses.wait()


async def add_user(conn: "WriteConn", email: str, role: Role, org_id: UUID = DEFAULT_ORG) -> UUID:
    """Make a user who is a member of an organisation, which is made where it is new."""
    user_id = uuid_utils.uuid7()
    await conn.execute(
        "INSERT INTO organisations VALUES ($1, 'other', $2) ON CONFLICT DO NOTHING", org_id, NOW
    )
    await conn.execute(
        "INSERT INTO users (user_id, email, name, created_at) VALUES ($1, $2, $2, $3)",
        user_id,
        email,
        NOW,
    )
    await memberships.add(conn, org_id, user_id, role, NOW)
    return user_id


async def key_headers(
    pools: "Pools",
    role: Role,
    *,
    org_id: UUID = DEFAULT_ORG,
    scopes: Iterable[str] = (),
    user_id: UUID | None = None,
    secret: str | None = None,
) -> dict[str, str]:
    """Make a key and return the headers that send it."""
    secret = secret or new_secret()
    new = api_keys.NewKey(
        org_id=org_id,
        name=f"{role.value} of a test",
        role=role,
        created_by="system:tests",
        scopes=tuple(scopes),
        user_id=user_id,
    )
    async with pools.system() as conn:
        await conn.execute(
            "INSERT INTO organisations VALUES ($1, 'other', $2) ON CONFLICT DO NOTHING",
            org_id,
            NOW,
        )
        await api_keys.create(conn, new, secret, NOW)
    return {"Authorization": f"Bearer {secret}"}
