"""Own the stored users: how they are addressed and named, and the hash of their password."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.errors import InvalidInput, NotFound
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/users")
MAX_EMAIL_CHARS = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Hold one person; an erased one has no email.

    `password_stands_alone` tells that the password is long enough without a second factor.
    """

    user_id: UUID
    email: str | None
    name: str
    password_hash: str | None
    password_stands_alone: bool
    password_changed_at: datetime | None
    created_at: datetime
    disabled_at: datetime | None


def plain_email(email: str) -> str:
    """Return the form of an address that is stored and compared.

    Raises:
        InvalidInput: it is no address.
    """
    plain = email.strip().lower()
    name, at, host = plain.rpartition("@")
    spoiled = any(letter.isspace() or not letter.isprintable() for letter in plain)
    if not (name and at and host) or spoiled or len(plain) > MAX_EMAIL_CHARS:
        raise InvalidInput(field="email", reason="expected an address such as ada@example.com")
    return plain


async def create(conn: "WriteConn", email: str, name: str, now: datetime) -> User:
    """Return the user of an address, made with `name` where there is none; needs the system role.

    Raises:
        InvalidInput: `email` is no address.
    """
    plain = plain_email(email)
    await conn.execute(_SQL["create"], uuid_utils.uuid7(), plain, name, now)
    user = await by_email(conn, plain)
    if user is None:
        raise NotFound(what="user", name=plain)
    return user


async def read(conn: "ReadConn", user_id: UUID) -> User:
    """Return one user; needs the system role.

    Raises:
        NotFound: there is none of this id.
    """
    return _required(await conn.fetchrow(_SQL["read"], user_id), user_id)


async def hold(conn: "WriteConn", user_id: UUID) -> User:
    """Return one user whom nobody else changes until the transaction ends.

    Raises:
        NotFound: there is none of this id.
    """
    return _required(await conn.fetchrow(_SQL["hold"], user_id), user_id)


async def by_email(conn: "ReadConn", email: str) -> User | None:
    """Return the user of an address as `plain_email` makes it; needs the system role."""
    row = await conn.fetchrow(_SQL["by_email"], email)
    return None if row is None else User(**row)


async def rename(conn: "WriteConn", user_id: UUID, name: str) -> None:
    """Give a user another name; needs the system role."""
    await conn.execute(_SQL["rename"], user_id, name)


async def set_password(
    conn: "WriteConn", user_id: UUID, password_hash: str, now: datetime, *, stands_alone: bool
) -> None:
    """Keep the hash of a new password; needs the system role."""
    await conn.execute(_SQL["set_password"], user_id, password_hash, stands_alone, now)


async def replace_hash(conn: "WriteConn", user_id: UUID, former: str, newer: str) -> None:
    """Keep another hash of the same password, unless the password changed meanwhile."""
    await conn.execute(_SQL["replace_hash"], user_id, former, newer)


async def disable(conn: "WriteConn", user_id: UUID, now: datetime) -> bool:
    """Let a user sign in no more, and tell whether that is new; needs the system role."""
    return await conn.fetchval(_SQL["disable"], user_id, now) is not None


async def enable(conn: "WriteConn", user_id: UUID) -> bool:
    """Let a disabled user sign in again, and tell whether that is new; needs the system role."""
    return await conn.fetchval(_SQL["enable"], user_id) is not None


def _required(row: "asyncpg.Record | None", user_id: UUID) -> User:
    if row is None:
        raise NotFound(what="user", name=str(user_id))
    return User(**row)
