"""Own the codes that stand in for a lost second factor: how they are made, written and kept."""

import secrets
from base64 import b32encode
from hashlib import sha256

COUNT = 10
_RANDOM_BYTES = 10
_GROUP = 4
# 80 random bits need no slow hash; letters and digits that look alike are read as one.
_ALIKE = str.maketrans({"0": "o", "1": "l", "8": "b"})


def new_codes() -> tuple[str, ...]:
    """Make codes; they are told once and kept as digests."""
    return tuple(_new_code() for _ in range(COUNT))


def digest_of(code: str) -> bytes:
    """Return what is kept of a code, however its groups and letters were typed."""
    return sha256(_plain(code).encode(errors="surrogatepass")).digest()


def _new_code() -> str:
    text = b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _plain(code: str) -> str:
    kept = "".join(letter for letter in code.casefold() if letter.isalnum())
    return kept.translate(_ALIKE)
