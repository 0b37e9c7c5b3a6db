"""Break every control in turn: its check must see that, and must not see it before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from core.audit import AuditEntry
from core.clock import ShiftedClock, utc_from_ns
from core.runs import DEFAULT_ORG
from serve.compliance import data_checks
from serve.compliance.controls import CONTROLS
from serve.compliance.finding import Inspection
from serve.compliance.report import inspect
from storage.audit import trail
from storage.audit.anchors import anchor_head
from storage.audit.chain import GENESIS, digest_of

if TYPE_CHECKING:
    import httpx

    from serve.services import Services
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

ENTRY = AuditEntry(org_id=DEFAULT_ORG, actor="user:1", action="x.made")
PEOPLE = """
    INSERT INTO users (user_id, email, name, password_hash, password_changed_at, created_at)
    VALUES (
        current_setting('test.user')::uuid, 'ada@example.com', 'Ada',
        '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', now(), now()
    );
    INSERT INTO memberships
    VALUES (current_setting('test.org')::uuid, current_setting('test.user')::uuid, 'owner', now());
    INSERT INTO totp_factors VALUES (current_setting('test.user')::uuid, 'x', now(), now());
    INSERT INTO sessions VALUES (
        gen_random_uuid(), current_setting('test.user')::uuid, current_setting('test.org')::uuid,
        'x', '{password}', now(), now(), now(), now() + interval '1 day', NULL, '127.0.0.1', 'test'
    );
    INSERT INTO audit_entries VALUES (
        1, current_setting('test.org')::uuid, '2026-01-01', 'user:1', 'x.made', NULL, '{}',
        decode(repeat('00', 32), 'hex'), decode(current_setting('test.digest'), 'hex')
    );
    UPDATE api_keys SET created_at = now();
"""
BREAK = {
    "tenant-isolation": "ALTER TABLE books NO FORCE ROW LEVEL SECURITY",
    "strong-authentication": "DELETE FROM totp_factors",
    "access-removal": "UPDATE users SET disabled_at = now()",
    "access-review": "UPDATE api_keys SET created_at = now() - interval '91 days'",
    "encryption-at-rest": """
        INSERT INTO webhook_endpoints (org_id, endpoint_id, url, secret, created_at)
        VALUES (
            current_setting('test.org')::uuid, gen_random_uuid(), 'https://x', 'whsec_x', now()
        )
    """,
    "password-storage": "UPDATE users SET password_hash = '$argon2id$v=19$m=4096,t=2,p=1$a$b'",
    "key-rotation": """
        INSERT INTO signing_keys VALUES (
            'k', 'x', 'x', now(), now(), now() + interval '1 year', now() + interval '2 years'
        )
    """,
    "storage-limitation": "UPDATE sessions SET expires_at = now() - interval '200 days'",
    "erasure": "UPDATE users SET email = NULL, erased_at = now()",
    "audit-immutability": "GRANT UPDATE ON audit_entries TO heliostat_system",
    "audit-integrity": "UPDATE audit_entries SET actor = 'user:2'",
    "audit-anchoring": """
        INSERT INTO audit_entries VALUES (
            2, current_setting('test.org')::uuid, '2026-01-01', 'user:1', 'x.made', NULL, '{}',
            'x', 'y'
        )
    """,
}
ELSEWHERE = {"least-privilege", "encryption-in-transit", "log-masking", "clock-synchronisation"}


def inspection(services: "Services", **changes: Any) -> Inspection:
    plain = Inspection(
        services=services,
        org_id=DEFAULT_ORG,
        now=utc_from_ns(services.clock.now_ns()),
        operations=1,
        undeclared=(),
    )
    return replace(plain, **changes)


async def found(given: Inspection) -> dict[str, bool]:
    return {one.control.control_id: one.finding.holds for one in await inspect(given)}


async def as_superuser(database: "Database", *statements: str) -> None:
    """Do what nobody of ours may, with the names that statements refer to."""
    digest = digest_of(1, ENTRY, datetime(2026, 1, 1, tzinfo=UTC), GENESIS)
    named = {"org": str(DEFAULT_ORG), "user": str(UUID(int=10)), "digest": digest.hex()}
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute("SET TIME ZONE 'UTC'")
        for name, value in named.items():
            await connection.execute("SELECT set_config($1, $2, false)", f"test.{name}", value)
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def kept(services: "Services", database: "Database") -> "Services":
    """Have a house in which every control holds."""
    await as_superuser(database, PEOPLE)
    now = utc_from_ns(services.clock.now_ns())
    await anchor_head(services.pools, services.config.audit_anchors, now)
    return replace(services, config=replace(services.config, origin="https://desk.example"))


def test_every_control_is_broken_by_some_test() -> None:
    assert {one.control_id for one in CONTROLS} == BREAK.keys() | ELSEWHERE
    assert len({one.control_id for one in CONTROLS}) == len(CONTROLS)
    assert all(one.clauses for one in CONTROLS)


async def test_all_controls_hold_in_a_kept_house(kept: "Services") -> None:
    given = inspection(kept)
    told = {one.control.control_id: one.finding.evidence for one in await inspect(given)}
    assert {name for name, holds in (await found(given)).items() if not holds} == set(), told


@pytest.mark.parametrize("control", sorted(BREAK))
async def test_a_broken_control_is_seen_and_no_other(
    kept: "Services", database: "Database", control: str
) -> None:
    before = await found(inspection(kept))
    assert before[control]
    try:
        await as_superuser(database, BREAK[control])
        after = await inspect(inspection(kept))
    finally:
        # Roles belong to the server, and other tests share it.
        await as_superuser(database, "REVOKE UPDATE ON audit_entries FROM heliostat_system")
    failing = {one.control.control_id for one in after if not one.finding.holds}
    # An entry that is made up is no link of the chain either.
    also = {"audit-anchoring": {"audit-integrity"}}
    assert failing == {control} | also.get(control, set())
    (told,) = [one.finding for one in after if one.control.control_id == control]
    assert told.evidence
    assert told.remedy


async def test_an_operation_that_declares_nothing_is_named(kept: "Services") -> None:
    after = await inspect(inspection(kept, undeclared=("GET /v1/secret",)))
    (told,) = [one.finding for one in after if not one.finding.holds]
    assert "GET /v1/secret" in told.evidence


async def test_plain_http_from_elsewhere_is_named(kept: "Services") -> None:
    for origin, holds in (
        ("http://desk.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost:8700", True),
        ("https://desk.example", True),
    ):
        moved = replace(kept, config=replace(kept.config, origin=origin))
        assert (await found(inspection(moved)))["encryption-in-transit"] is holds, origin


async def test_clocks_that_differ_are_named(kept: "Services") -> None:
    shifted = replace(kept, clock=ShiftedClock(-5_000_000_000))
    assert not (await found(inspection(shifted)))["clock-synchronisation"]


async def test_a_log_that_tells_a_key_is_named(
    kept: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_checks, "masked", lambda event: event)
    assert not (await found(inspection(kept)))["log-masking"]


async def test_a_check_that_cannot_be_carried_out_fails(kept: "Services") -> None:
    kept.config.audit_anchors.write_text("no anchor\n")
    failing = {name for name, holds in (await found(inspection(kept))).items() if not holds}
    assert failing == {"audit-integrity", "audit-anchoring"}


async def test_a_late_anchor_is_no_fault_for_five_minutes(kept: "Services") -> None:
    now = utc_from_ns(kept.clock.now_ns())
    async with kept.pools.system() as conn:
        await trail.record(conn, ENTRY, now)
    assert (await found(inspection(kept)))["audit-anchoring"]
    later = inspection(kept, now=now + timedelta(minutes=6))
    assert not (await found(later))["audit-anchoring"]


async def test_the_report_counts_the_operations_of_the_api(client: "httpx.AsyncClient") -> None:
    report = (await client.get("/v1/compliance")).json()
    named = {one["control_id"]: one for one in report["items"]}
    assert named.keys() == {one.control_id for one in CONTROLS}
    assert named["least-privilege"]["holds"]
    assert "GDPR Art. 25(2)" in named["least-privilege"]["clauses"]
    assert report["holds"] == all(one["holds"] for one in report["items"])
