"""Own the sealed credentials of vendors: what a vendor wants of this stack, kept as one secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import NotFound
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn
    from storage.vault.vault import Vault

_SQL = sql.load("vault/vendor_credentials")
_PURPOSE = "vendor-credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCredentials:
    """Tell which variables of a vendor are kept, and since when; their values stay sealed."""

    vendor: str
    names: tuple[str, ...]
    kept_at: datetime


async def keep(
    conn: "WriteConn", vault: "Vault", vendor: str, variables: Mapping[str, str], now: datetime
) -> None:
    """Keep what a vendor wants, in place of all that was kept of it; needs the system role.

    Raises:
        SourceUnavailable: KMS does not answer.
    """
    await _shred(conn, vault, vendor)
    text = json.dumps(dict(variables)).encode()
    sealed = await vault.seal(conn, text, _purpose(vendor))
    await conn.execute(_SQL["keep"], vendor, sorted(variables), sealed, now)


async def list_kept(conn: "ReadConn") -> list[KeptCredentials]:
    """List of which vendors something is kept; needs the system role."""
    return [
        KeptCredentials(vendor=row["vendor"], names=tuple(row["names"]), kept_at=row["kept_at"])
        for row in await conn.fetch(_SQL["list"])
    ]


async def open_all(conn: "ReadConn", vault: "Vault") -> dict[str, dict[str, str]]:
    """Return the variables of each vendor of which something is kept; needs the system role.

    Raises:
        VaultSealBroken: one was changed.
        VaultKeyUnknown: the key that wraps its data key was not given.
        SourceUnavailable: KMS does not answer.
    """
    return {
        row["vendor"]: json.loads(await vault.open(conn, row["sealed"], _purpose(row["vendor"])))
        for row in await conn.fetch(_SQL["sealed"])
    }


async def remove(conn: "WriteConn", vault: "Vault", vendor: str) -> None:
    """Forget what is kept of a vendor, and make it unreadable in copies; needs the system role.

    Raises:
        NotFound: nothing is kept of it.
    """
    if not await _shred(conn, vault, vendor):
        raise NotFound(what="vendor", name=vendor)
    await conn.execute(_SQL["remove"], vendor)


async def _shred(conn: "WriteConn", vault: "Vault", vendor: str) -> bool:
    former = await conn.fetchval(_SQL["hold"], vendor)
    if former is not None:
        await vault.shred(conn, former)
    return former is not None


def _purpose(vendor: str) -> str:
    return f"{_PURPOSE}:{vendor}"
