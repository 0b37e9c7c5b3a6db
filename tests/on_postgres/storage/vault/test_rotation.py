"""Check that replacing the wrapping key rewrites data keys only, may end anywhere, and scales."""

import base64
import os
import time
from collections.abc import Callable
from hashlib import sha256

import pytest

from core.errors import VaultKeyUnknown
from storage.pool import Pools, WriteConn
from storage.vault import rotation
from storage.vault.sources import KeyRing, KeySource
from storage.vault.vault import VaultConfig, open_vault

pytestmark = pytest.mark.postgres

SECRET = b"the secret of an endpoint"
PROMISED = 10_000


def new_source() -> KeySource:
    return KeySource(text=base64.b64encode(os.urandom(32)).decode())


async def store(pools: Pools, config: VaultConfig, count: int) -> list[bytes]:
    """Seal secrets and keep them in a table, as a noun would."""
    vault = open_vault(config)
    async with pools.system() as conn:
        sealed = [await vault.seal(conn, SECRET + b"%d" % n, "test") for n in range(count)]
        await conn.executemany(
            "INSERT INTO signing_keys (key_id, public_key, private_key, created_at, signs_from, "
            "signs_until, forgotten_after) VALUES ($1, '', $2, now(), now(), "
            "now() + interval '1 day', now() + interval '2 days')",
            [(str(n), one) for n, one in enumerate(sealed)],
        )
    return sealed


async def fingerprint(conn: WriteConn) -> tuple[bytes, int]:
    """Digest every sealed row, with the transaction that wrote it."""
    rows = await conn.fetch(
        "SELECT key_id, private_key, xmin::text, ctid::text FROM signing_keys ORDER BY key_id"
    )
    return sha256(repr([tuple(row) for row in rows]).encode()).digest(), len(rows)


async def rotate(pools: Pools, config: VaultConfig, rounds: int | None = None) -> int:
    ring, done = KeyRing(config), 0
    while rounds != 0:
        async with pools.system() as conn:
            batch = await rotation.rotate_batch(conn, ring)
        done += batch
        if batch == 0:
            break
        rounds = None if rounds is None else rounds - 1
    return done


async def test_ten_thousand_keys_are_wrapped_anew_and_no_secret_is_rewritten(
    pools: Pools, tell: Callable[[str], None]
) -> None:
    old, new = new_source(), new_source()
    sealed = await store(pools, VaultConfig(current=old), PROMISED)
    async with pools.system() as conn:
        before = await fingerprint(conn)
    config = VaultConfig(current=new, previous=(old,))
    started = time.perf_counter()
    assert await rotate(pools, config) == PROMISED
    elapsed_s = time.perf_counter() - started
    async with pools.system() as conn:
        assert await fingerprint(conn) == before
        (left,) = await rotation.counts(conn)
        assert (left.wrapping_key, left.keys) == (KeyRing(config).current().name, PROMISED)
        alone = open_vault(VaultConfig(current=new))
        for number in (0, 1, PROMISED // 2, PROMISED - 1):
            assert await alone.open(conn, sealed[number], "test") == SECRET + b"%d" % number
        with pytest.raises(VaultKeyUnknown):
            await open_vault(VaultConfig(current=old)).open(conn, sealed[0], "test")
    tell(f"promise 38: {PROMISED:,} data keys wrapped in {elapsed_s:.2f} s, 0 secrets rewritten")


async def test_a_rotation_that_was_interrupted_goes_on(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation.rotate_batch, "__defaults__", (10,))
    old, new = new_source(), new_source()
    sealed = await store(pools, VaultConfig(current=old), 25)
    config = VaultConfig(current=new, previous=(old,))
    assert await rotate(pools, config, rounds=1) == 10
    async with pools.system() as conn:
        assert sorted(one.keys for one in await rotation.counts(conn)) == [10, 15]
        for number, one in enumerate(sealed):
            opened = await open_vault(config).open(conn, one, "test")
            assert opened == SECRET + b"%d" % number
    assert await rotate(pools, config) == 15
    assert await rotate(pools, config) == 0


async def test_an_unknown_key_stops_a_rotation_and_changes_nothing(pools: Pools) -> None:
    await store(pools, VaultConfig(current=new_source()), 3)
    with pytest.raises(VaultKeyUnknown):
        await rotate(pools, VaultConfig(current=new_source()))
    async with pools.system() as conn:
        assert [one.keys for one in await rotation.counts(conn)] == [3]
