"""Check one-time codes against the vectors of RFC 6238 and RFC 4226."""

import pytest

from serve.identity import totp
from serve.identity.totp import Digest

SEED = b"12345678901234567890"
SEEDS: dict[Digest, bytes] = {
    "sha1": SEED,
    "sha256": (SEED * 2)[:32],
    "sha512": (SEED * 4)[:64],
}
TIMED = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}
COUNTED = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


@pytest.mark.parametrize(("time_s", "codes"), TIMED.items())
def test_codes_by_time(time_s: int, codes: tuple[str, ...]) -> None:
    step = totp.step_at(time_s)
    found = [totp.hotp(seed, step, 8, digest) for digest, seed in SEEDS.items()]
    assert found == [*codes]


def test_codes_by_count() -> None:
    assert [totp.hotp(SEED, counter) for counter in range(10)] == COUNTED


def test_a_code_is_good_one_step_early_or_late_and_no_more() -> None:
    assert totp.matching_step(SEED, "287 082", 59) == 1
    good = [t for t in range(200) if totp.matching_step(SEED, "287082", t) is not None]
    assert good == [*range(90)]


@pytest.mark.parametrize("code", ["", "28708", "2870822", "٢٨٧٠٨٢", "28708x", "-28708"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(SEED, code, 59) is None


def test_apps_read_the_seed_from_an_address() -> None:
    uri = totp.uri_of(SEED, "ada@example.com", "Heliostat")
    assert uri == (
        "otpauth://totp/Heliostat%3Aada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Heliostat&algorithm=SHA1&digits=6&period=30"
    )
    assert len(totp.new_seed()) == 20
