"""Check the wrap by KMS against a server that speaks its protocol on loopback."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core.errors import SourceUnavailable, VaultSealBroken
from storage.pool import Pools
from storage.vault.sources import KeySource
from storage.vault.vault import VaultConfig, open_vault

pytestmark = pytest.mark.postgres

SECRET = b"a secret of ours"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def new_key(endpoint: str) -> str:
    client = boto3.client("kms", region_name="eu-central-1", endpoint_url=endpoint)
    return str(client.create_key()["KeyMetadata"]["Arn"])


async def test_kms_wraps_and_a_new_key_of_it_opens_with_the_old(
    pools: Pools, endpoint: str
) -> None:
    old = KeySource(kms_key=new_key(endpoint), kms_endpoint=endpoint)
    new = KeySource(kms_key=new_key(endpoint), kms_endpoint=endpoint)
    async with pools.system() as conn:
        sealed = await open_vault(VaultConfig(current=old)).seal(conn, SECRET, "x")
        vault = open_vault(VaultConfig(current=new, previous=(old,)))
        assert await vault.open(conn, sealed, "x") == SECRET
        row = await conn.fetchrow("SELECT wrapped, wrapping_key FROM vault_keys")
        assert row is not None
        assert SECRET not in row["wrapped"]
        assert "arn" not in row["wrapping_key"]


async def test_data_keys_moved_between_rows_do_not_unwrap(pools: Pools, endpoint: str) -> None:
    source = KeySource(kms_key=new_key(endpoint), kms_endpoint=endpoint)
    vault = open_vault(VaultConfig(current=source))
    async with pools.system() as conn:
        first, _ = [await vault.seal(conn, SECRET, "x") for _ in range(2)]
        await conn.execute(
            "UPDATE vault_keys SET wrapped = (SELECT wrapped FROM vault_keys AS other "
            "WHERE other.key_id <> vault_keys.key_id)"
        )
        with pytest.raises(VaultSealBroken):
            await vault.open(conn, first, "x")


async def test_a_silent_or_refusing_kms_is_told_apart_from_a_broken_seal(
    pools: Pools, endpoint: str
) -> None:
    missing = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    for source in (
        KeySource(kms_key=missing, kms_endpoint=endpoint),
        KeySource(kms_key=missing, kms_endpoint="http://127.0.0.1:9"),
    ):
        async with pools.system() as conn:
            with pytest.raises(SourceUnavailable, match="KMS"):
                await open_vault(VaultConfig(current=source)).seal(conn, SECRET, "x")
