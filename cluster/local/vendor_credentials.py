"""Own what the vault says of vendors: how it stands for settings, and how it is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cluster.local.context import StackContext
from cluster.local.vault_keys import vault_config
from cluster.settings import Settings
from cluster.venues import readers_by_vendor
from core.audit import AuditEntry
from core.errors import InvalidInput
from core.runs import DEFAULT_ORG
from storage.audit import trail
from storage.pool import PoolConfig, Pools, open_pools
from storage.vault import vendor_credentials
from storage.vault.vault import Vault, open_vault
from storage.vault.vendor_credentials import KeptCredentials

if TYPE_CHECKING:
    from storage.pool import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCredentials:
    """Hold what is kept of a vendor; it is not used where the environment says something of it."""

    kept: KeptCredentials
    is_used: bool


async def with_kept_credentials(context: StackContext) -> Settings:
    """Return the settings of a stack with what its vault keeps of vendors.

    Raises:
        VaultSealBroken: something was changed.
        VaultKeyUnknown: a key that wraps was not given.
    """
    vault = open_vault(vault_config(context.settings, context.paths))
    pools = await open_pools(context.addresses.database, PoolConfig(max_size=1))
    try:
        async with pools.system() as conn:
            kept = await vendor_credentials.open_all(conn, vault)
    finally:
        await pools.close()
    return context.settings.with_credentials(kept)


async def put(
    pools: Pools, vault: Vault, vendor: str, variables: Mapping[str, str], now: datetime
) -> None:
    """Keep what a vendor wants, in place of all that was kept of it.

    Raises:
        InvalidInput: the vendor is unknown, something is missing, or a value cannot be one.
    """
    require_whole(vendor, variables)
    async with pools.system() as conn:
        await vendor_credentials.keep(conn, vault, vendor, variables, now)
        await _note(conn, "vault.credentials_kept", vendor, now)


async def remove(pools: Pools, vault: Vault, vendor: str, now: datetime) -> None:
    """Forget what is kept of a vendor.

    Raises:
        NotFound: nothing is kept of it.
    """
    async with pools.system() as conn:
        await vendor_credentials.remove(conn, vault, vendor)
        await _note(conn, "vault.credentials_removed", vendor, now)


async def listed(pools: Pools, settings: Settings) -> list[ListedCredentials]:
    """List of which vendors something is kept, and whether it is used."""
    async with pools.system() as conn:
        found = await vendor_credentials.list_kept(conn)
    return [
        ListedCredentials(kept=one, is_used=not settings.variables_of(one.vendor)) for one in found
    ]


def require_whole(vendor: str, variables: Mapping[str, str]) -> None:
    """Refuse what would not let a stack in at a vendor.

    Raises:
        InvalidInput: the vendor is unknown, something is missing, or a value cannot be one.
    """
    readers = readers_by_vendor()
    if vendor not in readers:
        raise InvalidInput(
            field="vendor", reason=f"unknown; known are {', '.join(sorted(readers))}"
        )
    if readers[vendor](variables) is None:
        given = ", ".join(variables)
        raise InvalidInput(field="name", reason=f"{given} is nothing that {vendor} wants")


async def _note(conn: "WriteConn", action: str, vendor: str, now: datetime) -> None:
    entry = AuditEntry(org_id=DEFAULT_ORG, actor="system:vault", action=action, target=vendor)
    await trail.record(conn, entry, now)
