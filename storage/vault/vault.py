"""Own sealing and opening: the data keys in the database, the wrapping key outside of it."""

from typing import TYPE_CHECKING

import uuid_utils.compat as uuid_utils

from core.errors import VaultKeyUnknown, VaultSealBroken
from storage import sql
from storage.vault import envelope
from storage.vault.sources import KeyRing, VaultConfig

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

__all__ = ["Vault", "VaultConfig", "open_vault"]

_SQL = sql.load("vault/vault")


class Vault:
    """Seal secrets for one purpose each, and open them for no other."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def seal(self, conn: "WriteConn", plaintext: bytes, purpose: str) -> bytes:
        """Seal a secret; its data key is stored in the transaction of `conn`.

        Raises:
            SourceUnavailable: KMS does not answer.
            StackError: the file of the wrapping key cannot be read.
        """
        key_id, data_key = uuid_utils.uuid7(), envelope.new_data_key()
        wrapping = self._keys.current()
        wrapped = await wrapping.wrap(data_key, key_id)
        await conn.execute(_SQL["insert_key"], key_id, wrapped, wrapping.name)
        return envelope.seal(data_key, key_id, plaintext, purpose)

    async def open(self, conn: "ReadConn", sealed: bytes, purpose: str) -> bytes:
        """Open a sealed secret; needs the system role.

        Raises:
            VaultSealBroken: it was changed, its data key is gone, or its purpose is another.
            VaultKeyUnknown: the key that wraps its data key was not given.
            SourceUnavailable: KMS does not answer.
        """
        key_id = envelope.key_id_of(sealed)
        row = await conn.fetchrow(_SQL["key"], key_id)
        if row is None:
            raise VaultSealBroken
        wrapping = self._keys.named(row["wrapping_key"])
        if wrapping is None:
            raise VaultKeyUnknown(key=row["wrapping_key"])
        data_key = await wrapping.unwrap(row["wrapped"], key_id)
        return envelope.open_sealed(data_key, sealed, purpose)

    async def shred(self, conn: "WriteConn", sealed: bytes) -> None:
        """Make a secret unreadable wherever it is copied to, by deleting its data key.

        Needs the system role.
        """
        await conn.execute(_SQL["forget_key"], envelope.key_id_of(sealed))


def open_vault(config: VaultConfig) -> Vault:
    """Open the vault that a configuration tells of; its wrapping keys are read when first used."""
    return Vault(KeyRing(config))
