"""Check sealing and opening through the database: roles, other keys, moved rows, shredding."""

import base64
import os

import asyncpg
import pytest

from core.errors import VaultKeyUnknown, VaultSealBroken
from core.runs import DEFAULT_ORG
from storage.pool import Pools
from storage.vault.sources import KeySource
from storage.vault.vault import Vault, VaultConfig, open_vault

pytestmark = pytest.mark.postgres

SECRET = b"whsec_very-secret"


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


async def test_the_app_role_seals_and_the_system_role_opens(pools: Pools, vault: Vault) -> None:
    async with pools.write(DEFAULT_ORG) as conn:
        sealed = await vault.seal(conn, SECRET, "webhook")
    async with pools.system() as conn:
        assert await vault.open(conn, sealed, "webhook") == SECRET
        with pytest.raises(VaultSealBroken):
            await vault.open(conn, sealed, "signing_key")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as conn:
            await vault.open(conn, sealed, "webhook")


async def test_another_wrapping_key_opens_nothing(pools: Pools, vault: Vault) -> None:
    async with pools.system() as conn:
        sealed = await vault.seal(conn, SECRET, "x")
        other = open_vault(VaultConfig(current=KeySource(text=new_key())))
        with pytest.raises(VaultKeyUnknown, match="local:"):
            await other.open(conn, sealed, "x")


async def test_a_previous_key_opens_what_it_wrapped(pools: Pools) -> None:
    old, new = KeySource(text=new_key()), KeySource(text=new_key())
    async with pools.system() as conn:
        sealed = await open_vault(VaultConfig(current=old)).seal(conn, SECRET, "x")
        vault = open_vault(VaultConfig(current=new, previous=(old,)))
        assert await vault.open(conn, sealed, "x") == SECRET


async def test_data_keys_moved_between_rows_open_nothing(pools: Pools, vault: Vault) -> None:
    async with pools.system() as conn:
        first, second = [await vault.seal(conn, SECRET, "x") for _ in range(2)]
        await conn.execute(
            "UPDATE vault_keys SET wrapped = (SELECT wrapped FROM vault_keys AS other "
            "WHERE other.key_id <> vault_keys.key_id)"
        )
        for sealed in (first, second):
            with pytest.raises(VaultSealBroken):
                await vault.open(conn, sealed, "x")


async def test_a_shredded_secret_and_an_undone_seal_stay_closed(pools: Pools, vault: Vault) -> None:
    async with pools.system() as conn:
        sealed = await vault.seal(conn, SECRET, "x")
        await vault.shred(conn, sealed)
        with pytest.raises(VaultSealBroken):
            await vault.open(conn, sealed, "x")
