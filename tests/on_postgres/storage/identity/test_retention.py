"""Check that what is old goes, what is young stays, and what is overdue is counted."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuid_utils

from core.identity import Role
from core.retention import RETENTION, RetentionRule
from core.runs import DEFAULT_ORG
from storage.identity import retention
from storage.pool import Pools
from tests.identities import add_user

if TYPE_CHECKING:
    from storage.pool import WriteConn

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NEVER = datetime(2099, 1, 1, tzinfo=UTC)


TABLES = {"unconfirmed_factors": "totp_factors", "used_recovery_codes": "recovery_codes"}
"""Name the table of a rule where the rule has another name."""


def row_of(rule: str, user_id: UUID, session_id: UUID, ended_at: datetime) -> dict[str, Any]:
    """Return a row of a rule that ended at a moment."""
    unique = uuid_utils.uuid7()
    text, digest = str(unique), unique.bytes
    spanned = {"created_at": LONG_AGO, "expires_at": ended_at}
    asked = {"digest": digest, "client_id": "c", "scopes": [], **spanned}
    owned = {"user_id": user_id, "org_id": DEFAULT_ORG}
    rows: dict[str, dict[str, Any]] = {
        "sessions": {
            "session_id": unique,
            **owned,
            "cookie_digest": digest,
            "methods": [],
            "authenticated_at": LONG_AGO,
            "last_seen_at": LONG_AGO,
            **spanned,
            "address": "a",
            "user_agent": "b",
        },
        "authorization_codes": {
            **asked,
            "session_id": session_id,
            "redirect_uri": "u",
            "challenge": "x",
        },
        "device_grants": {**asked, "user_code": text, "user_agent": "a", "interval_s": 5},
        "token_families": {
            "family_id": unique,
            "client_id": "c",
            **owned,
            "session_id": session_id,
            "scopes": [],
            **spanned,
        },
        "sign_in_links": {"digest": digest, "user_id": user_id, **spanned},
        "challenges": {"digest": digest, "purpose": "p", "data": {}, **spanned},
        "throttles": {"subject": text, "failures": 1, "last_failed_at": ended_at},
        "kept_answers": {
            "org_id": DEFAULT_ORG,
            "actor": text,
            "key_digest": digest,
            "attempt": 1,
            "claimed_at": ended_at,
            "held_until": ended_at,
        },
        "revocations": {"kind": "user", "subject": text, "revoked_at": ended_at},
        "invitations": {
            "org_id": DEFAULT_ORG,
            "invitation_id": unique,
            "email": text,
            "role": "analyst",
            "token_digest": digest,
            "invited_by": "x",
            **spanned,
        },
        "api_keys": {
            "org_id": DEFAULT_ORG,
            "key_id": unique,
            "digest": digest,
            "prefix": "p",
            "name": "n",
            "role": "analyst",
            "created_by": "x",
            **spanned,
        },
        "unconfirmed_factors": {"user_id": user_id, "secret": b"", "created_at": ended_at},
        "used_recovery_codes": {
            "user_id": user_id,
            "digest": digest,
            "created_at": LONG_AGO,
            "used_at": ended_at,
        },
    }
    return rows[rule]


async def insert(conn: "WriteConn", rule: str, row: dict[str, Any]) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    table = TABLES.get(rule, rule)
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - our names
    await conn.execute(statement, *row.values())


async def session_of(conn: "WriteConn", user_id: UUID, ends_at: datetime) -> UUID:
    row = row_of("sessions", user_id, user_id, ends_at)
    await insert(conn, "sessions", row)
    session_id: UUID = row["session_id"]
    return session_id


@pytest.mark.parametrize("rule", RETENTION, ids=lambda rule: rule.name)
async def test_what_is_old_goes_and_what_is_young_stays(pools: Pools, rule: RetentionRule) -> None:
    edge = NOW - rule.keep
    async with pools.system() as conn:
        old = await add_user(conn, "old@example.com", Role.ANALYST)
        young = await add_user(conn, "young@example.com", Role.ANALYST)
        for user_id, ended_at in ((old, edge - SECOND), (young, edge + SECOND)):
            session_id = await session_of(conn, user_id, NEVER)
            await insert(conn, rule.name, row_of(rule.name, user_id, session_id, ended_at))
        assert (await retention.overdue(conn, NOW, timedelta(0)))[rule.name] == 1
        assert (await retention.overdue(conn, NOW, 2 * SECOND))[rule.name] == 0
        assert await retention.forget(conn, NOW) == {rule.name: 1}
        assert await retention.forget(conn, NOW) == {}
        assert set((await retention.overdue(conn, NOW, timedelta(0))).values()) == {0}


async def test_a_session_stays_while_its_tokens_do(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        session = await session_of(conn, user_id, LONG_AGO)
        await insert(conn, "token_families", row_of("token_families", user_id, session, NEVER))
        assert await retention.forget(conn, NOW) == {}
        await conn.execute("UPDATE token_families SET revoked_at = $1", LONG_AGO)
        assert await retention.forget(conn, NOW) == {"token_families": 1, "sessions": 1}
