"""Check roles, migrations, and that no organisation reaches another's rows."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.errors import StackError
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage import migrate, partitions
from storage.bootstrap import RolePasswords, create_roles
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
RUN = UUID("019a0000-0000-7000-8000-000000000001")
USER = UUID("019a0000-0000-7000-8000-000000000002")

SYSTEM_TABLES = {"sessions", "token_families"}
"""Be those that name an organisation and that no organisation is shown."""
CHAINED_TABLES = {"audit_entries"}
"""Be those with one order over all organisations."""

TENANT_ROWS: dict[str, dict[str, Any]] = {
    "settlements": {
        "source": "import:x",
        "product": "CL",
        "trade_date": NOW.date(),
        "position": 1,
        "price": 1,
        "stage": "final",
        "recorded_at": NOW,
    },
    "runs": {
        "run_id": RUN,
        "kind": "portfolio",
        "status": "queued",
        "specification": {},
        "specification_hash": b"",
        "backend": "auto",
        "seed": 7,
        "code_version": "",
        "submitted_by": "",
        "created_at": NOW,
    },
    "run_labels": {
        "run_id": RUN,
        "label": "l",
        "status": "queued",
        "kind": "portfolio",
        "backend": "auto",
        "created_at": NOW,
    },
    "run_chunks": {
        "run_id": RUN,
        "stage": "train",
        "chunk_index": 0,
        "result": {},
        "elapsed_s": 1.0,
        "recorded_at": NOW,
    },
    "run_events": {
        "run_id": RUN,
        "sequence": 1,
        "at": NOW,
        "kind": "queued",
        "status": "queued",
        "who": "a",
        "detail": {},
    },
    "idempotency_keys": {
        "key": "k",
        "operation": "runs.create",
        "request_hash": b"",
        "run_id": RUN,
        "created_at": NOW,
    },
    "kept_answers": {
        "actor": "a",
        "key_digest": b"k",
        "attempt": 1,
        "claimed_at": NOW,
        "held_until": NOW,
    },
    "qpu_intents": {
        "run_id": RUN,
        "stage": "sample",
        "chunk_index": 0,
        "tag": "t",
        "device": "ibm_fez",
        "primitive": "sampler",
        "budget_s": 10,
        "state": "open",
        "created_at": NOW,
    },
    "webhook_endpoints": {
        "endpoint_id": RUN,
        "url": "https://example.com",
        "secret": "whsec_AA==",
        "created_at": NOW,
    },
    "webhook_deliveries": {
        "delivery_id": RUN,
        "endpoint_id": RUN,
        "event": "run.succeeded",
        "run_id": RUN,
        "created_at": NOW,
        "next_attempt_at": NOW,
    },
    "books": {"book_id": RUN, "name": "desk", "created_at": NOW},
    "book_versions": {
        "book_id": RUN,
        "version": 1,
        "title": "Desk",
        "positions": [],
        "recorded_at": NOW,
    },
    "model_fits": {
        "source": "sandbox",
        "product": "CL",
        "fit_id": RUN,
        "fitted_at": NOW,
        "parameters": "{}",
        "card": {},
    },
    "model_checkpoints": {
        "source": "sandbox",
        "product": "CL",
        "trade_date": NOW.date(),
        "version": 1,
        "fit_id": RUN,
        "state": "{}",
        "recorded_at": NOW,
    },
    "model_forecasts": {
        "source": "sandbox",
        "product": "CL",
        "trade_date": NOW.date(),
        "version": 1,
        "fit_id": RUN,
        "settlements": "[]",
        "forecast": {},
        "recorded_at": NOW,
    },
    "memberships": {"user_id": USER, "role": "analyst", "created_at": NOW},
    "invitations": {
        "invitation_id": RUN,
        "email": "a@example.com",
        "role": "analyst",
        "token_digest": b"t",
        "invited_by": "",
        "created_at": NOW,
        "expires_at": NOW,
    },
    "api_keys": {
        "key_id": RUN,
        "digest": b"k",
        "prefix": "hs_",
        "name": "k",
        "role": "analyst",
        "created_by": "",
        "created_at": NOW,
    },
    "oauth_clients": {
        "client_id": "c",
        "name": "c",
        "grants": [],
        "created_by": "",
        "created_at": NOW,
    },
    "audit_entries": {
        "position": 1,
        "at": NOW,
        "actor": "",
        "action": "",
        "details": {},
        "previous": b"",
        "digest": b"",
    },
}


async def insert(connection: Any, table: str, org_id: UUID) -> None:
    row = {"org_id": org_id, **TENANT_ROWS[table]}
    if "user_id" in row:
        await connection.execute(
            "INSERT INTO users (user_id, email, name, created_at) "
            "VALUES ($1, 'a@example.com', 'A', $2) ON CONFLICT DO NOTHING",
            USER,
            NOW,
        )
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608
    await connection.execute(statement, *row.values())


async def tenant_tables(connection: Any) -> set[str]:
    rows = await connection.fetch(
        "SELECT table_name FROM information_schema.columns JOIN pg_class ON relname = table_name "
        "WHERE column_name = 'org_id' AND table_schema = 'public' AND NOT relispartition "
        "AND relkind IN ('r', 'p')"
    )
    return {row[0] for row in rows} - {"organisations"}


async def test_every_tenant_table_forces_row_security_and_leads_its_key_with_the_organisation(
    database: Any,
) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    tables = await tenant_tables(connection)
    assert tables == set(TENANT_ROWS) | SYSTEM_TABLES
    for table in tables | {"organisations"}:
        flags = await connection.fetchrow(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = $1", table
        )
        assert tuple(flags) == (True, True), table
        first = await connection.fetchval(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
            "AND attnum = indkey[0] WHERE indisprimary AND indrelid = $1::regclass",
            table,
        )
        if table not in SYSTEM_TABLES | CHAINED_TABLES:
            assert first == "org_id", table
    await connection.close()


async def test_no_role_of_ours_may_step_over_row_security(database: Any) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'heliostat%' "
        "AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
    )
    assert len(rows) == 3
    await connection.close()


@pytest.mark.parametrize("table", sorted(TENANT_ROWS))
async def test_a_foreign_organisation_sees_and_changes_nothing(pools: Pools, table: str) -> None:
    async with pools.system() as connection:
        await insert(connection, table, DEFAULT_ORG)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1  # noqa: S608
    async with pools.write(OTHER_ORG) as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
        if table == "runs":
            status = await connection.execute("UPDATE runs SET status = 'failed'")
            assert status == "UPDATE 0"
    for verb in ("DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pools.write(OTHER_ORG) as connection:
                await connection.execute(verb.format(table))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(OTHER_ORG) as connection:
            await insert(connection, table, DEFAULT_ORG)


async def test_without_an_organisation_the_app_role_sees_nothing(
    pools: Pools, database: Any
) -> None:
    async with pools.system() as connection:
        for table in TENANT_ROWS:
            await insert(connection, table, DEFAULT_ORG)
        await insert(connection, "settlements", MARKET_ORG)
    connection = await asyncpg.connect(database.urls.app)
    for table in TENANT_ROWS:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
    await connection.close()


IDENTITY_TABLES = (
    "users",
    "sessions",
    "sign_in_links",
    "token_families",
    "refresh_tokens",
    "authorization_codes",
    "device_grants",
    "signing_keys",
    "totp_factors",
    "recovery_codes",
    "passkeys",
    "challenges",
    "throttles",
    "external_identities",
    "revocations",
    "vault_keys",
    "vendor_credentials",
)


@pytest.mark.parametrize("table", IDENTITY_TABLES)
async def test_the_app_role_reads_nothing_that_proves_who_someone_is(
    pools: Pools, table: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await connection.execute(f"SELECT FROM {table}")


@pytest.mark.parametrize(
    ("table", "column"),
    [("invitations", "token_digest"), ("api_keys", "digest"), ("oauth_clients", "secret_digest")],
)
async def test_the_app_role_reads_no_digest(pools: Pools, table: str, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await connection.execute(f"SELECT {column} FROM {table}")  # noqa: S608


@pytest.mark.parametrize(
    "change", ["UPDATE audit_entries SET at = at", "DELETE FROM audit_entries"]
)
async def test_nobody_rewrites_the_audit_trail(pools: Pools, change: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.system() as connection:
            await connection.execute(change)


async def test_market_rows_are_read_by_all_and_written_by_the_system_only(pools: Pools) -> None:
    async with pools.system() as connection:
        await insert(connection, "settlements", MARKET_ORG)
        await insert(connection, "idempotency_keys", MARKET_ORG)
    async with pools.read(OTHER_ORG) as connection:
        assert await connection.fetchval("SELECT count(*) FROM settlements") == 1
        assert await connection.fetchval("SELECT count(*) FROM idempotency_keys") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(OTHER_ORG) as connection:
            await insert(connection, "settlements", MARKET_ORG)


async def test_partitions_of_tenant_tables_cannot_be_read_around_the_policy(pools: Pools) -> None:
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
    for partition in ("run_events_default", "run_events_202612", "run_chunks_202612"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pools.read(DEFAULT_ORG) as connection:
                await connection.execute(f"SELECT FROM {partition}")


async def test_a_settlement_has_a_month_or_a_position(pools: Pools) -> None:
    for month, position in ((0, 0), (202612, 1)):
        with pytest.raises(asyncpg.CheckViolationError, match="month_or_position"):
            async with pools.system() as connection:
                await connection.execute(
                    "INSERT INTO settlements VALUES "
                    "($1, 'cme', 'CL', '2026-01-02', $2, $3, 0, 1, 'final', now())",
                    MARKET_ORG,
                    month,
                    position,
                )


async def test_migrations_go_up_and_down_and_up(database: Any) -> None:
    url = database.owner_url
    assert await migrate.pending(url) == []
    versions = [path.name.partition("_")[0] for path in sorted(migrate.MIGRATIONS.glob("*.sql"))]
    for _ in versions:
        await migrate.roll_back(url)
    assert await migrate.pending(url) == versions
    connection = await asyncpg.connect(database.superuser_url)
    left = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND relname <> 'schema_migrations'"
    )
    assert left == []
    await connection.close()
    first, second = await asyncio.gather(migrate.apply(url), migrate.apply(url))
    assert sorted([first, second]) == [[], versions]


async def test_a_failing_migration_is_told(database: Any) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("DELETE FROM schema_migrations")
    await connection.close()
    with pytest.raises(StackError, match='relation "organisations" already exists'):
        await migrate.apply(database.owner_url)


async def test_roles_are_brought_to_the_given_passwords_again(database: Any) -> None:
    changed = RolePasswords(owner="o'1%", app="a$2", system='s"3')
    restored = database.passwords
    await create_roles(database.superuser_url, changed)
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(database.urls.app)
    finally:
        await create_roles(database.superuser_url, restored)
    await (await asyncpg.connect(database.urls.app)).close()
