"""Own who may enter a new stack: its first owner, and the key of this machine's own commands."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.local.credentials import write_private
from core.api_keys import digest_of, new_secret
from core.audit import AuditEntry
from core.errors import NotFound
from core.identity import Role
from core.runs import DEFAULT_ORG
from storage.audit import trail
from storage.identity import api_keys, memberships, passkeys, sign_in_links, users
from storage.pool import DatabaseUrls, Pools, open_pools

if TYPE_CHECKING:
    from uuid import UUID

    from storage.pool import WriteConn

_ACTOR = "system:stack"
MACHINE_KEY_NAME = "this machine"
LINK_PATH = "/sign-in/link"
LINK_LIVES_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Hold the key of this machine, and the link of an owner who cannot sign in otherwise."""

    key: str
    sign_in_link: str | None


async def open_front_door(
    urls: DatabaseUrls,
    client_file: Path,
    address: str,
    origin: str,
    owner_email: str,
    now: datetime,
) -> Entrance:
    """Make the first owner, and a key for this machine where its file holds none that is good.

    The key may do what an admin may. It is told to nobody but the file, which holds it and the
    stack's `address`. The owner gets a link at `origin` until there is a password
    or a passkey.
    """
    pools = await open_pools(urls)
    try:
        async with pools.system() as conn:
            link = await _link(conn, await _owner(conn, owner_email, now), now)
            key = _kept_key(client_file)
            if key is None or await api_keys.principal_of(conn, digest_of(key)) is None:
                key = await _machine_key(conn, now)
    finally:
        await pools.close()
    write_private(client_file, json.dumps({"url": address, "key": key}))
    return Entrance(key=key, sign_in_link=None if link is None else _address_of(origin, link))


async def link_for(pools: Pools, email: str, origin: str, now: datetime) -> str:
    """Make a sign-in link for a person, at `origin`.

    Raises:
        NotFound: nobody has this address, or was disabled.
    """
    async with pools.system() as conn:
        user = await users.by_email(conn, users.plain_email(email))
        if user is None or user.disabled_at is not None:
            raise NotFound(what="person", name=email)
        token = await sign_in_links.create(conn, user.user_id, now, LINK_LIVES_S)
        await _record(conn, "sign_in_link.created", user.user_id, now)
    return _address_of(origin, token)


def _address_of(origin: str, token: str) -> str:
    return f"{origin}{LINK_PATH}#{token}"


async def _owner(conn: "WriteConn", email: str, now: datetime) -> "UUID":
    members = await memberships.members(conn, DEFAULT_ORG)
    owners = [one for one in members if one.role is Role.OWNER and one.disabled_at is None]
    if owners:
        return owners[0].user_id
    user = await users.create(conn, email, "Owner", now)
    await memberships.add(conn, DEFAULT_ORG, user.user_id, Role.OWNER, now)
    await _record(conn, "member.added", user.user_id, now)
    return user.user_id


async def _link(conn: "WriteConn", user_id: "UUID", now: datetime) -> str | None:
    if (await users.read(conn, user_id)).password_hash is not None:
        return None
    if await passkeys.of_user(conn, user_id):
        return None
    token = await sign_in_links.create(conn, user_id, now, LINK_LIVES_S)
    await _record(conn, "sign_in_link.created", user_id, now)
    return token


async def _machine_key(conn: "WriteConn", now: datetime) -> str:
    secret = new_secret()
    new = api_keys.NewKey(
        org_id=DEFAULT_ORG, name=MACHINE_KEY_NAME, role=Role.ADMIN, created_by=_ACTOR
    )
    record = await api_keys.create(conn, new, secret, now)
    await _record(conn, "api_key.created", record.key_id, now)
    return secret


async def _record(conn: "WriteConn", action: str, target: "UUID", now: datetime) -> None:
    entry = AuditEntry(org_id=DEFAULT_ORG, actor=_ACTOR, action=action, target=str(target))
    await trail.record(conn, entry, now)


def _kept_key(client_file: Path) -> str | None:
    try:
        kept = json.loads(client_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    key = kept.get("key") if isinstance(kept, dict) else None
    return key if isinstance(key, str) else None
