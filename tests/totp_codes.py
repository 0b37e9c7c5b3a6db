"""Be an authenticator app: six digits of HMAC-SHA-1 over steps of 30 seconds."""

import hmac
from base64 import b32decode
from datetime import datetime


def code_at(secret: str, moment: datetime) -> str:
    """Return what the app shows for a base32 key at a moment."""
    plain = secret.replace(" ", "").upper()
    key = b32decode(plain + "=" * (-len(plain) % 8))
    digest = hmac.digest(key, (int(moment.timestamp()) // 30).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
