"""Check that secrets are masked by name and by form, and that what people need to read is not."""

import secrets
from typing import Any

import pytest

from core.api_keys import new_secret
from core.masking import MASK, masked, masked_text

TOKEN = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"


SECRETS = {
    "key": new_secret(),
    "webhook": "whsec_" + secrets.token_hex(24),
    "token": TOKEN,
    "random": secrets.token_urlsafe(32),
    "stripe": "sk_live_" + secrets.token_hex(12),
    "aws": "AKIA" + secrets.token_hex(8).upper(),
    "private key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", sorted(SECRETS))
@pytest.mark.parametrize("around", ["{}", "before {} after", "a={};", '"{}"', "({})", "/x/{}/y"])
def test_forms_are_masked_wherever_they_stand(kind: str, around: str) -> None:
    secret = SECRETS[kind]
    told = masked_text(around.format(secret))
    assert secret not in told
    assert MASK in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Authorization: Bearer abcdef-123", f"Authorization: Bearer {MASK}"),
        ("authorization basic dXNlcjpwYXNz", f"authorization basic {MASK}"),
        ("postgres://app:p%40ss@db:5432/x", f"postgres://app:{MASK}@db:5432/x"),
        ("rediss://:hunter2@cache/0", f"rediss://:{MASK}@cache/0"),
        ("GET /back?code=abc&state=s&x=1", f"GET /back?code={MASK}&state={MASK}&x=1"),
        ("/page#access_token=abc", f"/page#access_token={MASK}"),
        ("password=hunter2 user=app", f"password={MASK} user=app"),
    ],
)
def test_addresses_headers_and_parameters_lose_their_secrets_only(text: str, told: str) -> None:
    assert masked_text(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CL-202612 settled at 71.25",
        "0190a6b4-7e3a-7c1e-8a55-1c3d2e4f5a6b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "the bearer of this letter",
        "postgres://db:5432/heliostat",
        "product=CL source=sandbox",
        "/v1/products/CL/curve?as_of=2026-01-02",
        'WWW-Authenticate: Bearer realm="heliostat"',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        *("password", "new_password", "token", "access_token", "refresh_token", "client_secret"),
        *("Authorization", "Set-Cookie", "cookie", "api_key", "X-Api-Key", "code_verifier", "otp"),
    ],
)
@pytest.mark.parametrize("value", ["x", 123456, ["x"], {"a": "x"}, b"x", 1.5])
def test_names_mask_whatever_they_name(name: str, value: Any) -> None:
    assert masked({name: value}) == {name: MASK}


@pytest.mark.parametrize("name", ["tokens_made", "key_id", "prefix", "passed"])
def test_other_names_do_not(name: str) -> None:
    assert masked({name: "x"}) == {name: "x"}


def test_everything_is_walked() -> None:
    key = new_secret()
    deep: Any = key
    for _ in range(50):
        deep = {"x": deep}
    told = repr(
        masked(
            {
                "list": [key, (key, {key})],
                "mapping": {key: {"inner": key}},
                "bytes": key.encode(),
                "error": ValueError(f"no {key}"),
                "deep": deep,
            }
        )
    )
    assert key not in told


def test_numbers_and_truths_stay() -> None:
    plain = {"a": 1, "b": None, "c": True, "d": 1.5, "has_password": True}
    assert masked(plain) == plain
