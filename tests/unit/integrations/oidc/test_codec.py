"""Check what is read of a provider's words, and above all what is refused."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from core.errors import BadFrame
from integrations.oidc.codec import (
    Expected,
    Provider,
    authorization_url,
    challenge_of,
    decode_discovery,
    decode_id_token,
    decode_keys,
    decode_refusal,
    decode_token_answer,
    key_id,
)

ISSUER = "https://people.example"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EXPECTED = Expected(issuer=ISSUER, client_id="us", nonce="n-1", now=NOW)
KEY = ECKey.generate_key("P-256", auto_kid=True)
KEYS = KeySet([KEY])


def claims(**changes: Any) -> dict[str, Any]:
    now_s = int(NOW.timestamp())
    whole = {
        "iss": ISSUER,
        "aud": "us",
        "sub": "42",
        "exp": now_s + 300,
        "iat": now_s,
        "nonce": "n-1",
        "email": "Ada@Example.com",
        "email_verified": True,
        "name": "Ada",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(content: dict[str, Any], key: Any = KEY, algorithm: str = "ES256") -> str:
    header = {"alg": algorithm, "kid": KEY.kid}
    return jwt.encode(header, content, key, algorithms=[algorithm])


def described(**changes: Any) -> bytes:
    return json.dumps(
        {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **changes,
        }
    ).encode()


def test_a_good_token_names_who_signed_in() -> None:
    identity = decode_id_token(signed(claims()), KEYS, EXPECTED)
    assert (identity.issuer, identity.subject, identity.name) == (ISSUER, "42", "Ada")
    assert identity.email == "ada@example.com"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2048, {"kid": KEY.kid}), "RS256"),
        (OKPKey.generate_key("Ed25519", {"kid": KEY.kid}), "EdDSA"),
        (OKPKey.generate_key("Ed25519", {"kid": KEY.kid}), "Ed25519"),
    ],
    ids=["RS256", "EdDSA", "Ed25519"],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")  # but providers use it
def test_every_algorithm_that_is_allowed_works(key: Any, algorithm: str) -> None:
    public = decode_keys(json.dumps(KeySet([key]).as_dict(private=False)).encode())
    assert decode_id_token(signed(claims(), key, algorithm), public, EXPECTED).subject == "42"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "others"},
        {"aud": None},
        {"aud": ["us", "others"]},
        {"aud": ["us", "others"], "azp": "others"},
        {"azp": "others"},
        {"exp": int((NOW - timedelta(seconds=31)).timestamp())},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": int((NOW + timedelta(seconds=61)).timestamp())},
        {"nbf": int((NOW + timedelta(seconds=61)).timestamp())},
        {"nonce": "n-2"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 42},
    ],
    ids=str,
)
def test_a_token_meant_for_another_or_another_time_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadFrame):
        decode_id_token(signed(claims(**changes)), KEYS, EXPECTED)


def test_a_shared_audience_needs_us_as_presenter() -> None:
    token = signed(claims(aud=["us", "others"], azp="us"))
    assert decode_id_token(token, KEYS, EXPECTED).subject == "42"


def test_another_key_is_refused() -> None:
    with pytest.raises(BadFrame):
        decode_id_token(signed(claims(), ECKey.generate_key("P-256")), KEYS, EXPECTED)


def test_the_public_key_is_no_shared_secret() -> None:
    secret = OctKey.import_key(KEY.as_pem(private=False)[27:-25])
    with pytest.raises(BadFrame):
        decode_id_token(signed(claims(), secret, "HS256"), KEYS, EXPECTED)


def test_an_unsigned_token_is_refused() -> None:
    header = urlsafe_b64encode(json.dumps({"alg": "none", "kid": KEY.kid}).encode()).decode()
    _, payload, signature = signed(claims()).split(".")
    for ending in ("", signature):
        with pytest.raises(BadFrame):
            decode_id_token(f"{header.rstrip('=')}.{payload}.{ending}", KEYS, EXPECTED)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_nobody_vouches_for_is_no_address(verified: object) -> None:
    identity = decode_id_token(signed(claims(email_verified=verified)), KEYS, EXPECTED)
    assert identity.email is None


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(BadFrame):
        decode_id_token(text, KEYS, EXPECTED)


@given(st.binary(max_size=300))
def test_no_bytes_break_a_reader(content: bytes) -> None:
    for read in (decode_keys, decode_token_answer, lambda given: decode_discovery(given, ISSUER)):
        with pytest.raises(BadFrame):
            read(content)
    assert decode_refusal(content) == ""


def test_a_description_is_read() -> None:
    assert decode_discovery(described(), ISSUER) == Provider(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},
        {"token_endpoint": "http://people.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_description_that_leads_astray_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadFrame):
        decode_discovery(described(**changes), ISSUER)


def test_keys_that_do_not_sign_are_passed_over() -> None:
    public = KEY.as_dict(private=False)
    document = {"keys": [{**public, "use": "enc", "kid": "e"}, {"kty": "new"}, public]}
    assert [key.kid for key in decode_keys(json.dumps(document).encode()).keys] == [KEY.kid]
    with pytest.raises(BadFrame):
        decode_keys(b'{"keys": [{"kty": "oct", "k": "AAAA"}]}')


def test_the_address_of_a_sign_in_holds_what_binds_it() -> None:
    url = authorization_url(
        decode_discovery(described(authorization_endpoint=f"{ISSUER}/a?tenant=1"), ISSUER),
        client_id="us",
        redirect_uri="http://localhost:8700/back",
        state="s",
        nonce="n",
        challenge=challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    )
    assert url.startswith(f"{ISSUER}/a?tenant=1&response_type=code&client_id=us&")
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in url
    assert "code_challenge_method=S256" in url


def test_a_token_names_its_key() -> None:
    assert key_id(signed(claims())) == KEY.kid
    with pytest.raises(BadFrame):
        key_id("x.y")
