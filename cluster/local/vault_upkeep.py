"""Own the upkeep of a stack's vault: sealing what is plain, and replacing the wrapping key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster.local.credentials import write_private
from cluster.local.vault_keys import new_key_text
from core.audit import AuditEntry
from core.errors import VaultKeyUnknown
from core.runs import DEFAULT_ORG
from storage import webhooks
from storage.audit.trail import record
from storage.pool import DatabaseUrls, Pools, open_pools
from storage.vault import rotation
from storage.vault.rotation import WrappedCount
from storage.vault.sources import KeyRing, KeySource, VaultConfig
from storage.vault.vault import open_vault


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStatus:
    """Tell which key wraps, what each key wraps, and who holds it; None: it was not given."""

    current: str
    counts: tuple[WrappedCount, ...]
    holders: dict[str, str]

    @property
    def to_wrap(self) -> int:
        """Count the data keys that the current key does not wrap."""
        return sum(one.keys for one in self.counts if one.wrapping_key != self.current)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """Tell what a rotation did."""

    from_keys: tuple[str, ...]
    to_key: str
    wrapped: int
    made_key: bool


async def seal_what_is_plain(urls: DatabaseUrls, config: VaultConfig) -> int:
    """Seal secrets that an earlier version stored in plain, and return how many.

    Raises:
        VaultKeyUnknown: something is sealed that would not open with the keys that are given.
        StackError: a file of keys cannot be read.
    """
    vault = open_vault(config)
    pools = await open_pools(urls)
    try:
        require_known(await status(pools, config))
        sealed, batch = 0, -1
        while batch != 0:
            async with pools.system() as connection:
                batch = await webhooks.seal_plain(connection, vault)
            sealed += batch
        return sealed
    finally:
        await pools.close()


async def status(pools: Pools, config: VaultConfig) -> VaultStatus:
    """Tell how the vault stands."""
    ring = KeyRing(config)
    async with pools.system() as connection:
        counts = await rotation.counts(connection)
    return VaultStatus(current=ring.current().name, counts=tuple(counts), holders=ring.holders())


def require_known(found: VaultStatus) -> None:
    """Require that every data key can be unwrapped by some key that was given.

    Raises:
        VaultKeyUnknown: one cannot.
    """
    for one in found.counts:
        if one.wrapping_key not in found.holders:
            raise VaultKeyUnknown(key=one.wrapping_key)


async def rotate(
    pools: Pools,
    config: VaultConfig,
    own_file: Path,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> Rotated:
    """Wrap every data key by the current key, and tell of it in the audit trail.

    Where the stack's own file holds that, a new one is made first, unless an earlier rotation
    has not come to its end: then this one ends it. `on_progress` hears what is done and of how
    many.

    Raises:
        VaultKeyUnknown: a data key is wrapped by a key that was not given.
    """
    before = await status(pools, config)
    require_known(before)
    makes_key = config.current.path == own_file and before.to_wrap == 0
    if makes_key:
        _put_new_key(own_file, {one.wrapping_key for one in before.counts})
    ring = KeyRing(config)
    total = before.to_wrap or sum(one.keys for one in before.counts)
    wrapped, batch = 0, -1
    while batch != 0:
        async with pools.system() as connection:
            batch = await rotation.rotate_batch(connection, ring)
        wrapped += batch
        on_progress(wrapped, total)
    entry = AuditEntry(
        org_id=DEFAULT_ORG,
        actor="system:vault",
        action="vault.rotated",
        target=ring.current().name,
        details={"data_keys": wrapped},
    )
    async with pools.system() as connection:
        await record(connection, entry, now)
    return Rotated(
        from_keys=tuple(
            one.wrapping_key for one in before.counts if one.wrapping_key != ring.current().name
        ),
        to_key=ring.current().name,
        wrapped=wrapped,
        made_key=makes_key,
    )


def _put_new_key(path: Path, used: set[str]) -> None:
    """Put a new key before those of a file; older ones go, once they wrap nothing.

    The one before stays until the next rotation: another process may just be sealing with it.
    """
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    named = {
        line: KeyRing(VaultConfig(current=KeySource(text=line))).current().name for line in lines
    }
    kept = [line for number, line in enumerate(lines) if number == 0 or named[line] in used]
    write_private(path, "".join(f"{line}\n" for line in (new_key_text(), *kept)))
