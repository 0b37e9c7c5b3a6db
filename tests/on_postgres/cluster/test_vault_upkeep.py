"""Check what starting and rotating do to a stack's vault, and what a stolen dump would tell."""

import base64
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.local import postgres, vault_upkeep
from cluster.local.vault_keys import new_key_text
from core.errors import VaultKeyUnknown
from core.runs import DEFAULT_ORG
from core.webhooks import SECRET_BYTES, new_secret
from storage import webhooks
from storage.audit import trail
from storage.vault.sources import KeySource
from storage.vault.vault import VaultConfig, open_vault

if TYPE_CHECKING:
    from storage.pool import Pools
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ignore(_done: int, _total: int) -> None:
    """Hear of progress."""


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    path = tmp_path / "vault.key"
    path.write_text(new_key_text() + "\n")
    return path


def keys_of(path: Path) -> list[str]:
    return path.read_text().split()


def put_first(path: Path, key: str) -> None:
    path.write_text("\n".join([key, *keys_of(path)]))


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_the_stacks_own_key_is_replaced_while_others_use_it(
    pools: "Pools", own_file: Path
) -> None:
    config = VaultConfig(current=KeySource(path=own_file))
    user = open_vault(config)
    async with pools.system() as conn:
        first = await user.seal(conn, b"first", "x")
    (old,) = keys_of(own_file)
    done = await vault_upkeep.rotate(pools, config, own_file, NOW, ignore)
    assert (done.wrapped, done.made_key, len(done.from_keys)) == (1, True, 1)
    assert keys_of(own_file)[1:] == [old]
    assert mode_of(own_file) == 0o600
    async with pools.system() as conn:
        second = await user.seal(conn, b"second", "x")
        assert await user.open(conn, first, "x") == b"first"
    again = await vault_upkeep.rotate(pools, config, own_file, NOW, ignore)
    assert again.wrapped == 2
    assert old not in keys_of(own_file)
    async with pools.system() as conn:
        assert await user.open(conn, second, "x") == b"second"
        entries = await trail.page(conn, DEFAULT_ORG, limit=10)
    assert [one.action for one in entries] == ["vault.rotated"] * 2


async def test_a_rotation_that_ended_early_is_ended_without_another_key(
    pools: "Pools", own_file: Path
) -> None:
    config = VaultConfig(current=KeySource(path=own_file))
    async with pools.system() as conn:
        sealed = await open_vault(config).seal(conn, b"secret", "x")
    put_first(own_file, new_key_text())
    before = keys_of(own_file)
    done = await vault_upkeep.rotate(pools, config, own_file, NOW, ignore)
    assert (done.wrapped, done.made_key) == (1, False)
    assert keys_of(own_file) == before
    async with pools.system() as conn:
        assert await open_vault(config).open(conn, sealed, "x") == b"secret"


async def test_a_key_that_is_given_later_takes_over_from_the_stacks_own(
    pools: "Pools", own_file: Path
) -> None:
    async with pools.system() as conn:
        own = VaultConfig(current=KeySource(path=own_file))
        sealed = await open_vault(own).seal(conn, b"secret", "x")
    given = KeySource(text=new_key_text())
    config = VaultConfig(current=given, previous=(KeySource(path=own_file),))
    before = keys_of(own_file)
    done = await vault_upkeep.rotate(pools, config, own_file, NOW, ignore)
    assert (done.wrapped, done.made_key, keys_of(own_file)) == (1, False, before)
    async with pools.system() as conn:
        alone = open_vault(VaultConfig(current=given))
        assert await alone.open(conn, sealed, "x") == b"secret"


async def test_a_start_with_another_key_is_refused_before_anything_is_sealed(
    pools: "Pools", database: "Database", own_file: Path
) -> None:
    async with pools.system() as conn:
        await open_vault(VaultConfig(current=KeySource(path=own_file))).seal(conn, b"s", "x")
    other = VaultConfig(current=KeySource(text=new_key_text()))
    with pytest.raises(VaultKeyUnknown):
        await vault_upkeep.seal_what_is_plain(database.urls, other)


async def test_a_stolen_dump_shows_no_secret(
    pools: "Pools", database: "Database", own_file: Path
) -> None:
    config = VaultConfig(current=KeySource(path=own_file))
    vault = open_vault(config)
    plain, sealed = ([os.urandom(SECRET_BYTES) for _ in range(5)] for _ in range(2))
    async with pools.system() as conn:
        for number, secret in enumerate(plain):
            await conn.execute(
                "INSERT INTO webhook_endpoints (org_id, endpoint_id, url, secret, created_at) "
                "VALUES ($1, gen_random_uuid(), $2, $3, now())",
                DEFAULT_ORG,
                f"https://example.com/{number}",
                new_secret(secret),
            )
    async with pools.write(DEFAULT_ORG) as conn:
        for number, secret in enumerate(sealed):
            url = f"https://example.com/sealed/{number}"
            await webhooks.add_endpoint(conn, vault, DEFAULT_ORG, url, new_secret(secret), NOW)
    before = dump(database)
    assert sum(found(before, secret) for secret in plain) == len(plain)
    assert await vault_upkeep.seal_what_is_plain(database.urls, config) == len(plain)
    assert await vault_upkeep.seal_what_is_plain(database.urls, config) == 0
    after = dump(database)
    assert b"webhook_endpoints" in after
    key = base64.b64decode(keys_of(own_file)[0])
    assert [secret for secret in (*plain, *sealed, key) if found(after, secret)] == []


def dump(database: "Database") -> bytes:
    words = [
        str(postgres.binaries_dir() / "pg_dump"),
        "--dbname",
        database.superuser_url,
        "--no-owner",
    ]
    return subprocess.run(words, check=True, capture_output=True).stdout


def found(text: bytes, secret: bytes) -> bool:
    """Look for a secret as it is, in hex, and in base64."""
    forms = (secret, secret.hex().encode(), base64.b64encode(secret))
    return any(form in text for form in forms)
