"""Own the three database roles and the database itself; run as a superuser, once or again."""

from dataclasses import dataclass

import asyncpg

DATABASE = "heliostat"
OWNER_ROLE = "heliostat_owner"
APP_ROLE = "heliostat_app"
SYSTEM_ROLE = "heliostat_system"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePasswords:
    """Hold the password of each role."""

    owner: str
    app: str
    system: str


async def create_roles(
    superuser_url: str, passwords: RolePasswords, database: str = DATABASE
) -> None:
    """Create the roles and the database, or bring those that exist to the same state.

    None of the roles is a superuser or may bypass row-level security. The owner owns the
    database and its tables, the app role sees one organisation at a time, the system role
    (feeds, runs) sees all.
    """
    connection = await asyncpg.connect(superuser_url)
    try:
        for role, password in (
            (OWNER_ROLE, passwords.owner),
            (APP_ROLE, passwords.app),
            (SYSTEM_ROLE, passwords.system),
        ):
            await _ensure_role(connection, role, password)
        await _ensure_database(connection, database)
    finally:
        await connection.close()


async def _ensure_role(
    connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str
) -> None:
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    # the server quotes both words, because this statement takes no parameters
    statement = await connection.fetchval(
        "SELECT format($1, $2::text, $3::text)",
        f"{verb} ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION "
        "PASSWORD %L",
        role,
        password,
    )
    await connection.execute(statement)


async def _ensure_database(connection: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    name = await connection.fetchval("SELECT quote_ident($1)", database)
    exists = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
    if not exists:
        await connection.execute(f"CREATE DATABASE {name} OWNER {OWNER_ROLE}")
    await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    await connection.execute(
        f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {APP_ROLE}, {SYSTEM_ROLE}"
    )
