"""Check signatures against the specification's published example, and by another implementation."""

import base64
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from core.webhooks import new_secret, signature


def test_the_published_example() -> None:
    # The example that the reference libraries of the Standard Webhooks specification test with.
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_openssl_signs_alike() -> None:
    key = bytes(range(32))
    hexed = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"],
        input=b"msg_1.1700000000.{}",
        capture_output=True,
        check=True,
    ).stdout
    expected = "v1," + base64.b64encode(hexed).decode()
    assert signature(new_secret(key), "msg_1", 1_700_000_000, b"{}") == expected


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=64), st.binary(max_size=64))
def test_other_bytes_have_another_signature(key: bytes, one: bytes, other: bytes) -> None:
    signed = [signature(new_secret(key), "m", 1, body) for body in (one, other)]
    assert (signed[0] == signed[1]) == (one == other)
