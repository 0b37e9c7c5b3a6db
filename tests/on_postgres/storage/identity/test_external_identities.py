"""Check who an identity elsewhere signs in, and that it signs in one person only."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from core.errors import NotFound
from storage.identity import external_identities

if TYPE_CHECKING:
    from storage.pool import Pools, WriteConn

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ISSUER = "https://people.example"


async def person(conn: "WriteConn", email: str) -> UUID:
    user_id = uuid4()
    statement = "INSERT INTO users (user_id, email, name, created_at) VALUES ($1, $2, 'A', $3)"
    await conn.execute(statement, user_id, email, NOW)
    return user_id


async def test_an_identity_signs_in_whom_it_is_linked_to(pools: "Pools") -> None:
    async with pools.system() as conn:
        ada, bob = await person(conn, "ada@example.com"), await person(conn, "bob@example.com")
        assert await external_identities.user_of(conn, ISSUER, "1", NOW) is None
        for one in (ada, bob):
            assert await external_identities.link(conn, ISSUER, "1", one, NOW) == ada
        assert await external_identities.user_of(conn, ISSUER, "1", LATER) == ada
        assert await external_identities.user_of(conn, "https://other.example", "1", NOW) is None
        (kept,) = await external_identities.of_user(conn, ada)
        assert (kept.issuer, kept.subject) == (ISSUER, "1")
        assert (kept.created_at, kept.last_used_at) == (NOW, LATER)
        assert await external_identities.of_user(conn, bob) == []


async def test_only_its_owner_removes_an_identity(pools: "Pools") -> None:
    async with pools.system() as conn:
        ada, bob = await person(conn, "ada@example.com"), await person(conn, "bob@example.com")
        await external_identities.link(conn, ISSUER, "1", ada, NOW)
        with pytest.raises(NotFound):
            await external_identities.unlink(conn, bob, ISSUER, "1")
        await external_identities.unlink(conn, ada, ISSUER, "1")
        assert await external_identities.user_of(conn, ISSUER, "1", NOW) is None
