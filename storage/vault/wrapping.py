"""Own how data keys are wrapped: by a key held here (RFC 3394), or by one that KMS holds."""

import base64
import binascii
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from core.errors import InvalidInput, VaultSealBroken

KEY_BYTES = 32
_NAME_DIGITS = 16


class WrappingKey(Protocol):
    """Wrap data keys, under a name that tells this key from others and nothing else about it.

    `unwrap` raises VaultSealBroken for what this key did not wrap; both raise SourceUnavailable
    if whoever holds the key does not answer.
    """

    @property
    def name(self) -> str: ...

    async def wrap(self, data_key: bytes, key_id: UUID) -> bytes: ...

    async def unwrap(self, wrapped: bytes, key_id: UUID) -> bytes: ...


class LocalKey:
    """Wrap by AES key wrap with a key in this process's memory."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._name = name_of("local", key)

    @property
    def name(self) -> str:
        return self._name

    async def wrap(self, data_key: bytes, key_id: UUID) -> bytes:
        # Which data key this is, is bound by the secret's own seal: the wrap has no room for it.
        del key_id
        return aes_key_wrap(self._key, data_key)

    async def unwrap(self, wrapped: bytes, key_id: UUID) -> bytes:
        del key_id
        try:
            return aes_key_unwrap(self._key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise VaultSealBroken from None


def name_of(holder: str, identity: bytes) -> str:
    """Return the name under which a wrapping key is remembered, of which nothing can be read."""
    digest = sha256(b"heliostat.wrapping_key\0" + identity).hexdigest()
    return f"{holder}:{digest[:_NAME_DIGITS]}"


def parse_key(text: str, where: str) -> bytes:
    """Read a key of 32 bytes in base64, usual or URL-safe.

    Raises:
        InvalidInput: it is no such key; `where` is said, the text is not.
    """
    plain = text.strip().replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(field=where, reason=f"expected {KEY_BYTES} bytes in base64")
    return key
