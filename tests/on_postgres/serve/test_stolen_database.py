"""Read all that a stolen copy of the database holds, and look for secrets in it (promise 38)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest

from core.clock import utc_from_ns
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.identity import passwords, sessions, totp
from storage.identity import factors, sign_in_links, users
from storage.vault import vendor_credentials
from tests.identities import KEY, add_user

if TYPE_CHECKING:
    import httpx

    from serve.services import Services
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

PASSWORD = "seven mirrors turn at noon"
SEED = b"twenty secret bytes!"


async def dump(database: "Database") -> str:
    """Return every row of every table as text, and what lies in bytes as text too."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        tables = await connection.fetch(
            "SELECT quote_ident(relname) AS name FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        rows: list[str] = []
        for form in ("hex", "escape"):
            await connection.execute("SELECT set_config('bytea_output', $1, false)", form)
            for table in tables:
                statement = f"SELECT t::text FROM {table['name']} AS t"  # noqa: S608 - quoted
                rows += [row[0] for row in await connection.fetch(statement)]
    finally:
        await connection.close()
    return "\n".join(rows)


async def test_a_stolen_database_holds_no_secret(
    client: "httpx.AsyncClient",
    services: "Services",
    database: "Database",
    tell: Callable[[str], None],
) -> None:
    now = utc_from_ns(services.clock.now_ns())
    given = {"API key": KEY}
    async with services.pools.system() as conn:
        user_id = await add_user(conn, "ada@example.com", Role.ANALYST)
        hashed = await passwords.hash_of(PASSWORD)
        await users.set_password(conn, user_id, hashed, now, stands_alone=True)
        sealed = await services.vault.seal(conn, SEED, totp.PURPOSE)
        await factors.propose_totp(conn, user_id, sealed, now)
        token = "of a vendor, and of nobody else"
        await vendor_credentials.keep(conn, services.vault, "ibm", {"token": token}, now)
        given["link"] = await sign_in_links.create(conn, user_id, now, 600)
        _, cookie = await sessions.start(
            conn, user_id, DEFAULT_ORG, ("password",), "127.0.0.1", "test", now
        )
    given |= {"vendor": token, "session": cookie, "password": PASSWORD, "TOTP seed": SEED.decode()}
    hook = await client.post("/v1/webhooks", json={"url": "https://example.com/hook"})
    given["webhook"] = hook.json()["secret"]
    invited = {"email": "grace@example.com", "role": "analyst"}
    given["invitation"] = (await client.post("/v1/invitations", json=invited)).json()["token"]
    await services.keyring.signing_key(datetime.now(UTC))
    stolen = await dump(database)
    assert "grace@example.com" in stolen
    hexed = {name: secret.encode().hex() for name, secret in given.items()}
    found = [name for name in given if given[name] in stolen or hexed[name] in stolen]
    tell(f"promise 38: {len(found)} of {len(given)} kinds of secrets found in a stolen database")
    assert found == []
    assert "PRIVATE KEY" not in stolen
    assert b"PRIVATE KEY".hex() not in stolen
