"""Own the form of a sealed secret: AES-256-GCM under a data key that is used once. Pure."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import VaultSealBroken

DATA_KEY_BYTES = 32
_FORMAT = b"\x01"
_ID_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES


def new_data_key() -> bytes:
    """Draw a data key."""
    return secrets.token_bytes(DATA_KEY_BYTES)


def seal(data_key: bytes, key_id: UUID, plaintext: bytes, purpose: str) -> bytes:
    """Encrypt a secret for one purpose; what is returned names the data key.

    The name of the key and the purpose are bound to it: under others it does not open.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    encrypted = AESGCM(data_key).encrypt(nonce, plaintext, _bound(key_id, purpose))
    return _FORMAT + key_id.bytes + nonce + encrypted


def open_sealed(data_key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Decrypt a secret.

    Raises:
        VaultSealBroken: it was changed, or sealed under another key or for another purpose.
    """
    key_id = key_id_of(sealed)
    nonce = sealed[len(_FORMAT) + _ID_BYTES : _HEADER_BYTES]
    try:
        return AESGCM(data_key).decrypt(nonce, sealed[_HEADER_BYTES:], _bound(key_id, purpose))
    except (InvalidTag, ValueError):
        raise VaultSealBroken from None


def key_id_of(sealed: bytes) -> UUID:
    """Return the name of the data key that a secret is sealed under.

    Raises:
        VaultSealBroken: these bytes are no sealed secret.
    """
    if len(sealed) < _HEADER_BYTES + _TAG_BYTES or not sealed.startswith(_FORMAT):
        raise VaultSealBroken
    return UUID(bytes=bytes(sealed[len(_FORMAT) : len(_FORMAT) + _ID_BYTES]))


def _bound(key_id: UUID, purpose: str) -> bytes:
    return b"heliostat.vault" + _FORMAT + key_id.bytes + purpose.encode()
