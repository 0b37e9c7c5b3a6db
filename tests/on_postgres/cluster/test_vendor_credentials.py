"""Check what is kept of vendors, that it reaches the settings, and that it can be forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.local import vendor_credentials
from cluster.local.context import read_context
from cluster.local.paths import stack_paths
from cluster.local.vault_keys import new_key_text, vault_config
from cluster.settings import Settings
from cluster.venues import live_vendors, sign_in_provider
from core.errors import InvalidInput, NotFound, VaultSealBroken
from core.runs import DEFAULT_ORG
from storage.audit import trail
from storage.vault import vendor_credentials as stored
from storage.vault.vault import Vault, open_vault

if TYPE_CHECKING:
    from cluster.local.context import StackContext
    from storage.pool import Pools
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
IBM = {"token": "a token of nobody", "instance": "crn:v1:a:b:c:d:e:f::"}


@pytest.fixture
def context(database: "Database", tmp_path: Path) -> "StackContext":
    """Be a stack on the database of the test, with a vault key of its own."""
    settings = Settings(data=tmp_path)
    made = read_context(settings, stack_paths(tmp_path), 8700)
    made.paths.vault_key.write_text(new_key_text() + "\n")
    return replace(made, addresses=replace(made.addresses, database=database.urls))


@pytest.fixture
def vault(context: "StackContext") -> Vault:
    return open_vault(vault_config(context.settings, context.paths))


def told_by_environment(context: "StackContext", **variables: str) -> "StackContext":
    given: Any = variables
    return replace(
        context,
        settings=context.settings.model_copy(
            update={"vendor_variables": Settings(vendor_variables=given).vendor_variables}
        ),
    )


async def put(pools: "Pools", vault: Vault, vendor: str, variables: Mapping[str, str]) -> None:
    await vendor_credentials.put(pools, vault, vendor, variables, NOW)


async def test_a_vendor_is_asked_itself_with_what_the_vault_keeps(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    assert live_vendors(
        await vendor_credentials.with_kept_credentials(context)
    ).quantum.uses_sandbox
    await put(pools, vault, "ibm", IBM)
    settings = await vendor_credentials.with_kept_credentials(context)
    quantum = live_vendors(settings).quantum
    assert (quantum.uses_sandbox, quantum.given.token) == (False, IBM["token"])
    assert IBM["token"] not in repr(settings)


async def test_people_sign_in_where_the_vault_says(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    kept = {"issuer": "https://id.example", "client_id": "c", "client_secret": "s"}
    await put(pools, vault, "oidc", kept)
    provider = sign_in_provider(await vendor_credentials.with_kept_credentials(context))
    assert provider is not None
    assert provider.client_secret == "s"


async def test_what_the_environment_says_of_a_vendor_goes_before_all_that_is_kept(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    await put(pools, vault, "ibm", IBM)
    told = told_by_environment(context, ibm_token="another")
    settings = await vendor_credentials.with_kept_credentials(told)
    assert settings.variables_of("ibm") == {"token": "another"}
    (one,) = await vendor_credentials.listed(pools, told.settings)
    assert not one.is_used
    (one,) = await vendor_credentials.listed(pools, context.settings)
    assert (one.is_used, one.kept.vendor, one.kept.names) == (
        True,
        "ibm",
        ("instance", "token"),
    )


async def test_what_is_put_again_replaces_all_and_the_former_cannot_be_opened(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    await put(pools, vault, "ibm", {**IBM, "api_url": "https://quantum.example"})
    async with pools.system() as conn:
        former = await conn.fetchval("SELECT sealed FROM vendor_credentials")
    await put(pools, vault, "ibm", {**IBM, "token": "newer"})
    settings = await vendor_credentials.with_kept_credentials(context)
    assert settings.variables_of("ibm") == {**IBM, "token": "newer"}
    async with pools.system() as conn:
        with pytest.raises(VaultSealBroken):
            await vault.open(conn, former, "vendor-credentials:ibm")
        assert await conn.fetchval("SELECT count(*) FROM vault_keys") == 1


async def test_what_is_removed_is_gone_and_both_are_written_down(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    await put(pools, vault, "ibm", IBM)
    later = NOW + timedelta(minutes=1)
    await vendor_credentials.remove(pools, vault, "ibm", later)
    assert (await vendor_credentials.with_kept_credentials(context)).vendor_variables == {}
    async with pools.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM vault_keys") == 0
        entries = await trail.page(conn, DEFAULT_ORG, limit=10)
    assert [(one.action, one.target) for one in entries] == [
        ("vault.credentials_removed", "ibm"),
        ("vault.credentials_kept", "ibm"),
    ]
    with pytest.raises(NotFound):
        await vendor_credentials.remove(pools, vault, "ibm", later)


@pytest.mark.parametrize(
    ("vendor", "variables", "field"),
    [
        ("acme", {"token": "t"}, "vendor"),
        ("ibm", {"token": "t"}, "instance"),
        ("ibm", {"tokn": "t"}, "name"),
        (
            "oidc",
            {"issuer": "http://far.example", "client_id": "c", "client_secret": "s"},
            "issuer",
        ),
    ],
)
async def test_what_lets_nobody_in_is_not_kept(
    pools: "Pools", vault: Vault, vendor: str, variables: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await put(pools, vault, vendor, variables)
    assert refused.value.context["field"] == field
    async with pools.system() as conn:
        assert await stored.list_kept(conn) == []


async def test_what_was_moved_to_another_vendor_does_not_open(
    pools: "Pools", vault: Vault, context: "StackContext"
) -> None:
    await put(pools, vault, "ibm", IBM)
    async with pools.system() as conn:
        await conn.execute("UPDATE vendor_credentials SET vendor = 'openweather'")
    with pytest.raises(VaultSealBroken):
        await vendor_credentials.with_kept_credentials(context)
