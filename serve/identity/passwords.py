"""Own what makes a password good enough, and how it is kept and checked.

Lengths are those of NIST SP 800-63B-4: 15 characters alone, 8 beside a second factor. No rule says
which kinds of characters there must be. Passwords are compared in Unicode's form NFKC, so that
another keyboard's way to write the same letter works; spaces count wherever they stand.
"""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

from core.errors import InvalidInput

MIN_CHARS_ALONE = 15
MIN_CHARS_WITH_SECOND_FACTOR = 8
MAX_CHARS = 256
"""Be where a password ends to be one; longer ones are refused, never cut."""
PRODUCT = "heliostat"
MEMORY_KIB = 19 * 1024
ROUNDS = 2
LANES = 1
AT_ONCE = 2
"""Be how many hashes one process computes at a time; each takes `MEMORY_KIB`."""

_HASHER = PasswordHasher(
    time_cost=ROUNDS,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=32,
    salt_len=16,
    type=Type.ID,
)
_HASH_OF_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}$" + "A" * 22 + "$" + "A" * 43
"""Stand in for the hash of a user who does not exist, or has no password."""
_SHORTEST_NAME = 3
_workers = ThreadPoolExecutor(AT_ONCE, "argon2")


def plain(password: str) -> str:
    """Return the form of a password that is hashed and compared."""
    return unicodedata.normalize("NFKC", password)


def stands_alone(password: str) -> bool:
    """Tell whether a password is long enough without a second factor."""
    return len(plain(password)) >= MIN_CHARS_ALONE


def require_good(
    password: str, email: str, *, has_second_factor: bool, field: str = "password"
) -> None:
    """Refuse a password that is too short, too long, or one of the first to be guessed.

    Raises:
        InvalidInput: it is; names `field` and says why, and never the password.
    """
    reason = _fault(plain(password), email, has_second_factor=has_second_factor)
    if reason is not None:
        raise InvalidInput(field=field, reason=reason)


def _fault(password: str, email: str, *, has_second_factor: bool) -> str | None:
    fewest = MIN_CHARS_WITH_SECOND_FACTOR if has_second_factor else MIN_CHARS_ALONE
    if len(password) < fewest:
        return f"expected at least {fewest} characters"
    if len(password) > MAX_CHARS:
        return f"expected at most {MAX_CHARS} characters"
    try:
        password.encode()
    except UnicodeEncodeError:
        return "expected characters that can be written down"
    folded = password.casefold().strip()
    if {folded, _repeated(folded)} & _common() or len(_repeated(folded)) == 1:
        return "it is one of the passwords that are guessed first"
    if _repeated(_bare(folded)) in _names(email):
        return "it is little more than a name that can be guessed"
    return None


@cache
def _common() -> frozenset[str]:
    """Return the 30,000 most used passwords that have leaked."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def _names(email: str) -> set[str]:
    local, _, host = email.casefold().partition("@")
    told = {PRODUCT, email.casefold(), local, host, *local.replace("+", ".").split(".")}
    return {name for name in map(_bare, told) if len(name) >= _SHORTEST_NAME}


def _bare(text: str) -> str:
    """Return the letters of a text, which is what is left of a name that was dressed up."""
    return "".join(letter for letter in text if letter.isalpha())


def _repeated(text: str) -> str:
    """Return the shortest text whose repetition is `text`."""
    return text[: (text + text).find(text, 1)] if text else text


async def hash_of(password: str) -> str:
    """Return what is kept of a password; takes about as long as checking one."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_workers, _HASHER.hash, plain(password))


async def is_right(kept: str | None, password: str) -> bool:
    """Tell whether a password is the kept one; takes as long where none is kept."""
    offered = plain(password)
    too_long = len(offered) > MAX_CHARS
    matches = await asyncio.get_running_loop().run_in_executor(
        _workers, _verify, kept or _HASH_OF_NOBODY, "" if too_long else offered
    )
    return matches and kept is not None and not too_long


def needs_new_hash(kept: str) -> bool:
    """Tell whether a hash was made with less effort than is due now."""
    return _HASHER.check_needs_rehash(kept)


def _verify(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password.encode(errors="surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
