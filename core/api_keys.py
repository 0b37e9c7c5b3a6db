"""Own the form of an API key: `hs_live_`, 32 random bytes, and a checksum.

The checksum lets a scanner of leaked secrets, and the front door, know a key from a typing error
without asking the database.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

KEY_MARK = "hs_live_"
PREFIX_CHARACTERS = 12
"""Be how much of a key is kept to be shown."""
_RANDOM_BYTES = 32
_CHECK_CHARACTERS = 6
_LENGTH = len(KEY_MARK) + 43 + _CHECK_CHARACTERS


def new_secret() -> str:
    """Make a key."""
    return secret_of(secrets.token_bytes(_RANDOM_BYTES))


def secret_of(random: bytes) -> str:
    """Return the key of 32 random bytes."""
    body = KEY_MARK + urlsafe_b64encode(random).decode().rstrip("=")
    return body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Tell whether a text can be a key at all."""
    if len(key) != _LENGTH or not key.isascii() or not key.startswith(KEY_MARK):
        return False
    body, check = key[:-_CHECK_CHARACTERS], key[-_CHECK_CHARACTERS:]
    return hmac.compare_digest(_checksum(body), check)


def digest_of(key: str) -> bytes:
    """Return what is kept of a key instead of the key: its random bytes need no slow hash."""
    return sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    return urlsafe_b64encode(sha256(body.encode()).digest()).decode()[:_CHECK_CHARACTERS]
