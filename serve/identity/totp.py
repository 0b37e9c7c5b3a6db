"""Own one-time codes by time: RFC 6238 over RFC 4226, and the address an app reads a seed from."""

import hmac
import secrets
from base64 import b32encode
from typing import Literal
from urllib.parse import quote, urlencode

Digest = Literal["sha1", "sha256", "sha512"]

STEP_S = 30
DIGITS = 6
WINDOW_STEPS = 1
"""Be how many steps a phone's clock may be off, either way."""
SEED_BYTES = 20
PURPOSE = "totp"
"""Be what the vault seals seeds for."""


def new_seed() -> bytes:
    """Make the secret that an app and we share."""
    return secrets.token_bytes(SEED_BYTES)


def hotp(seed: bytes, counter: int, digits: int = DIGITS, digest: Digest = "sha1") -> str:
    """Return the code of a counter."""
    mac = hmac.digest(seed, counter.to_bytes(8, "big"), digest)
    at = mac[-1] & 0x0F
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_at(time_s: float) -> int:
    """Return the number of the step that a moment of Unix time falls into."""
    return int(time_s // STEP_S)


def matching_step(seed: bytes, code: str, time_s: float) -> int | None:
    """Return the step whose code it is, of those near a moment; None if of none.

    Every step is compared, in the same time for each code.
    """
    offered = "".join(code.split())
    if len(offered) != DIGITS or not (offered.isascii() and offered.isdigit()):
        return None
    now = step_at(time_s)
    steps = range(max(0, now - WINDOW_STEPS), now + WINDOW_STEPS + 1)
    matches = [step for step in steps if hmac.compare_digest(hotp(seed, step), offered)]
    return matches[-1] if matches else None


def seed_text(seed: bytes) -> str:
    """Return a seed as a person types it."""
    return b32encode(seed).decode().rstrip("=")


def uri_of(seed: bytes, account: str, issuer: str) -> str:
    """Return the address that an app reads from a picture."""
    values = {
        "secret": seed_text(seed),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_S,
    }
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{urlencode(values, quote_via=quote)}"
