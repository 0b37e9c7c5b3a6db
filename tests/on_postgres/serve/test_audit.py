"""Check the audit trail over HTTP: an organisation sees its own, the verdict is about all."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest

from core.audit import AuditEntry
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage.audit import trail
from storage.audit.anchors import anchor_head

if TYPE_CHECKING:
    from uuid import UUID

    import httpx

    from serve.services import Services
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


async def record(services: "Services", org_id: "UUID", action: str) -> None:
    entry = AuditEntry(org_id=org_id, actor="user:1", action=action, details={"n": 1})
    async with services.pools.system() as conn:
        await trail.record(conn, entry, NOW)


async def test_pages_hold_ones_own_entries_newest_first(
    client: "httpx.AsyncClient", services: "Services"
) -> None:
    for number in range(5):
        await record(services, DEFAULT_ORG, f"x.made{number}")
        await record(services, MARKET_ORG, "foreign.made")
    first = (await client.get("/v1/audit", params={"limit": 3})).json()
    assert [one["action"] for one in first["items"]] == ["x.made4", "x.made3", "x.made2"]
    params = {"limit": 3, "before": first["next_before"]}
    second = (await client.get("/v1/audit", params=params)).json()
    assert [one["action"] for one in second["items"]] == ["x.made1", "x.made0"]
    assert second["next_before"] is None
    chosen = (await client.get("/v1/audit", params={"action": "x.made2"})).json()
    assert [one["action"] for one in chosen["items"]] == ["x.made2"]
    assert not (await client.get("/v1/audit", params={"action": "foreign.made"})).json()["items"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("before", "0"),
        ("before", str(2**63)),
        ("since", "yesterday"),
        ("since", "2026-01-01T00:00:00"),
        ("actor", "x" * 201),
        ("who", "me"),
    ],
)
async def test_bad_parameters_are_named(client: "httpx.AsyncClient", name: str, value: str) -> None:
    answer = await client.get("/v1/audit", params={name: value})
    assert answer.status_code == 422
    assert name in answer.text


async def test_the_verdict_names_what_was_meddled_with(
    client: "httpx.AsyncClient", services: "Services", database: "Database"
) -> None:
    await record(services, DEFAULT_ORG, "x.made")
    await record(services, MARKET_ORG, "foreign.made")
    await anchor_head(services.pools, services.config.audit_anchors, NOW)
    verdict = (await client.get("/v1/audit/verification")).json()
    assert verdict["whole"]
    assert (verdict["entries"], verdict["anchors"], verdict["last_anchored"]) == (2, 1, 2)
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("DELETE FROM audit_entries WHERE position = 2")
    await connection.close()
    verdict = (await client.get("/v1/audit/verification")).json()
    assert not verdict["whole"]
    assert verdict["faults"] == [
        {
            "position": 2,
            "kind": "truncated",
            "detail": "Entry 2 was anchored, and the trail ends before it.",
        }
    ]
