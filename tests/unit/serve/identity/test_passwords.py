"""Check which passwords are good enough, and how they are kept."""

from collections.abc import Callable

import argon2
import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from core.errors import InvalidInput
from serve.identity import passwords, recovery_codes

EMAIL = "ada.lovelace@example.com"
GOOD = "tidal oven nine"


def is_refused(password: str, *, has_second_factor: bool = False) -> bool:
    try:
        passwords.require_good(password, EMAIL, has_second_factor=has_second_factor)
    except InvalidInput:
        return True
    return False


def test_lengths() -> None:
    letters = "q7w zxm lop" * 40
    assert [n for n in range(300) if not is_refused(letters[:n])] == [*range(15, 257)]
    with_second = [n for n in range(300) if not is_refused(letters[:n], has_second_factor=True)]
    assert with_second == [*range(8, 257)]


@pytest.mark.parametrize(
    "password",
    [
        "zyqkwvjxhgpfdsb",
        "ZYQKWVJXHGPFDSB",
        "830291746552098",
        "!?%&/()=+*#;:_-",
        "плоский берег ночью",
    ],
)
def test_no_rule_asks_for_kinds_of_characters(password: str) -> None:
    assert not is_refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "heliostatheliostat",
        "Heliostat-Heliostat-2026",
        "ada.lovelace@example.com",
        "lovelace 12345678",
        "aaaaaaaaaaaaaaaaaaa",
        "passwordpassword",
        "  password        ",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert is_refused(password)


def test_every_leaked_password_is_refused(tell: Callable[[str], None]) -> None:
    """Count apart those that their length alone does not refuse, which say more."""
    leaked = FREQUENCY_LISTS["passwords"]
    long_enough = [one for one in leaked if len(one) >= passwords.MIN_CHARS_WITH_SECOND_FACTOR]
    refused = sum(is_refused(one, has_second_factor=True) for one in leaked)
    refused_by_list = sum(is_refused(one, has_second_factor=True) for one in long_enough)
    tell(
        f"promise 34: {refused:,} of {len(leaked):,} leaked passwords refused, "
        f"{refused_by_list:,} of {len(long_enough):,} that are long enough"
    )
    assert refused == len(leaked) == 30_000
    assert refused_by_list == len(long_enough) > 5_000


async def test_a_kept_password_is_found_again_and_costs_memory() -> None:
    kept = await passwords.hash_of(GOOD)
    told = argon2.extract_parameters(kept)
    assert (told.type, told.memory_cost, told.time_cost, told.parallelism) == (
        argon2.Type.ID,
        19 * 1024,
        2,
        1,
    )
    assert await passwords.is_right(kept, GOOD)
    assert not passwords.needs_new_hash(kept)
    for wrong in (GOOD + " ", " " + GOOD, GOOD.upper(), "", "x" * 5000, "\ud800"):
        assert not await passwords.is_right(kept, wrong)
    assert not await passwords.is_right(None, "")
    assert not await passwords.is_right("no hash", GOOD)


async def test_another_way_to_write_a_letter_is_the_same_password() -> None:
    kept = await passwords.hash_of("caf\u00e9 au lait noir")
    assert await passwords.is_right(kept, "cafe\u0301 au lait noir")


def test_weaker_hashes_are_to_be_replaced() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD)
    assert passwords.needs_new_hash(weak)


def test_recovery_codes_are_read_as_people_write_them() -> None:
    codes = recovery_codes.new_codes()
    assert len(set(codes)) == 10
    code = codes[0]
    assert len(code) == 19
    written = code.upper().replace("-", " ").replace("O", "0")
    assert recovery_codes.digest_of(written) == recovery_codes.digest_of(code)
    assert len({recovery_codes.digest_of(one) for one in codes}) == 10
