"""Refuse whatever is not exactly an access token of ours."""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64encode

from core.errors import Unauthenticated
from core.identity import Permission, Role
from serve.identity import tokens
from serve.identity.tokens import ACCESS_TOKEN_S, AccessClaims, SigningKey, mint, verify

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
ISSUER = "https://desk.example"
KEY = SigningKey(key_id="k1", private=OKPKey.generate_key("Ed25519"))
KEYS = {"k1": OKPKey.import_key(KEY.private.as_dict(private=False))}
PERSON = AccessClaims(
    issuer=ISSUER,
    org_id=UUID(int=1),
    role=Role.ANALYST,
    client_id="heliostat-web",
    scopes=("books:read", "runs:submit"),
    issued_at=NOW,
    token_id="t1",
    user_id=UUID(int=2),
    session_id=UUID(int=3),
    family_id=UUID(int=4),
    methods=("password", "totp"),
    authenticated_at=NOW - timedelta(minutes=3),
)
MACHINE = AccessClaims(
    issuer=ISSUER,
    org_id=UUID(int=1),
    role=Role.OPERATOR,
    client_id="meter",
    scopes=("runs:read",),
    issued_at=NOW,
    token_id="t2",
)
HEADER = {"alg": "Ed25519", "kid": "k1", "typ": "at+jwt"}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return claims


def signed(payload: bytes, header: dict[str, Any] | None = None, key: OKPKey | None = None) -> str:
    return raw(json.dumps(header or HEADER).encode(), payload, key)


def raw(header: bytes, payload: bytes, key: OKPKey | None = None) -> str:
    """Sign what no library would."""
    text = urlsafe_b64encode(header) + b"." + urlsafe_b64encode(payload)
    private: Any = (key or KEY.private).private_key
    return (text + b"." + urlsafe_b64encode(private.sign(text))).decode()


GOOD = claims_of(mint(PERSON, KEY))
PAYLOAD = json.dumps(GOOD).encode()


def changed(**claims: Any) -> str:
    return signed(json.dumps({**GOOD, **claims}).encode())


def forged_headers() -> Iterator[tuple[str, str]]:
    public = KEYS["k1"]
    text = urlsafe_b64encode(b'{"alg":"none","kid":"k1","typ":"at+jwt"}') + b"."
    text += urlsafe_b64encode(PAYLOAD)
    yield "alg none", text.decode() + "."
    yield "alg none, signed", signed(PAYLOAD, {**HEADER, "alg": "none"})
    secrets: list[tuple[str, bytes]] = [
        ("pem", public.as_pem()),
        ("raw", public.public_key.public_bytes_raw()),
    ]
    for name, secret in secrets:
        text = urlsafe_b64encode(b'{"alg":"HS256","kid":"k1","typ":"at+jwt"}') + b"."
        text += urlsafe_b64encode(PAYLOAD)
        digest = urlsafe_b64encode(hmac.digest(secret, text, "sha256"))
        yield f"hs256 with the {name} public key", (text + b"." + digest).decode()
    elliptic = ECKey.generate_key("P-256")
    yield (
        "swapped key type",
        jws.serialize_compact({**HEADER, "alg": "ES256"}, PAYLOAD, elliptic),
    )
    yield "another key", signed(PAYLOAD, key=OKPKey.generate_key("Ed25519"))
    headers: dict[str, dict[str, Any]] = {
        "unknown kid": {**HEADER, "kid": "k2"},
        "kid a number": {**HEADER, "kid": 1},
        "kid a list": {**HEADER, "kid": ["k1"]},
        "no kid": {"alg": "Ed25519", "typ": "at+jwt"},
        "typ JWT": {**HEADER, "typ": "JWT"},
        "no typ": {"alg": "Ed25519", "kid": "k1"},
        "no alg": {"kid": "k1", "typ": "at+jwt"},
        "alg EdDSA": {**HEADER, "alg": "EdDSA"},
        "alg Ed448": {**HEADER, "alg": "Ed448"},
        "a key of its own": {**HEADER, "jwk": public.as_dict(private=False)},
        "a key elsewhere": {**HEADER, "jku": "https://evil.example/jwks"},
        "critical": {**HEADER, "crit": ["b64"], "b64": False},
    }
    for name, header in headers.items():
        yield name, signed(PAYLOAD, header)
    yield "alg twice", raw(b'{"alg":"none","alg":"Ed25519","kid":"k1","typ":"at+jwt"}', PAYLOAD)
    yield "header a list", raw(b"[]", PAYLOAD)
    yield "header not json", raw(b"{", PAYLOAD)
    yield "header deep", raw(b"[" * 5_000, PAYLOAD)


def forged_claims() -> Iterator[tuple[str, str]]:
    at = NOW.timestamp()
    for name in GOOD:
        yield (
            f"no {name}",
            signed(json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()),
        )
        yield f"{name} null", changed(**{name: None})
        yield f"{name} an object", changed(**{name: {}})
        yield f"{name} true", changed(**{name: True})
    wrong: dict[str, dict[str, Any]] = {
        "other aud": {"aud": "https://evil.example/v1"},
        "aud a list": {"aud": [f"{ISSUER}/v1"]},
        "aud the issuer": {"aud": ISSUER},
        "other iss": {"iss": "https://evil.example"},
        "iss with a slash": {"iss": ISSUER + "/"},
        "expired": {"iat": at - 600, "nbf": at - 600, "exp": at},
        "long expired": {"iat": at - 9_000, "nbf": at - 9_000, "exp": at - 8_400},
        "future nbf": {"nbf": at + 60},
        "future iat": {"iat": at + 60, "exp": at + 660},
        "lives for a day": {"exp": at + 86_400},
        "exp text": {"exp": str(at + 600)},
        "exp huge": {"exp": 10**400},
        "exp far": {"exp": 1e300},
        "unknown role": {"role": "root"},
        "unknown scope": {"scope": "books:read everything"},
        "no scope": {"scope": ""},
        "scope twice": {"scope": "books:read books:read"},
        "scope beyond the role": {"scope": "organisation:manage"},
        "scope a list": {"scope": ["books:read"]},
        "org no uuid": {"org": "mine"},
        "sub no uuid": {"sub": "user:me"},
        "sub without a kind": {"sub": str(UUID(int=2))},
        "sub of a client with a session": {"sub": "client:heliostat-web"},
        "sub of another kind": {"sub": f"key:{UUID(int=2)}"},
        "amr numbers": {"amr": [1]},
        "amr text": {"amr": "totp"},
        "auth_time text": {"auth_time": "now"},
    }
    for name, claims in wrong.items():
        yield name, changed(**claims)
    machine = claims_of(mint(MACHINE, KEY))
    for sub in ("client:other", "client:", "meter"):
        yield f"machine as {sub}", signed(json.dumps({**machine, "sub": sub}).encode())
    twice = PAYLOAD[:-1] + b',"role":"owner"}'
    yield "role twice", signed(twice)
    yield "exp nan", signed(PAYLOAD.replace(f'"exp": {GOOD["exp"]}'.encode(), b'"exp": NaN'))
    yield "exp infinite", signed(PAYLOAD.replace(f'"exp": {GOOD["exp"]}'.encode(), b'"exp": 1e999'))
    yield "not utf-8", signed(b'{"iss":"\xff\xfe"}')
    yield "utf-16", signed(json.dumps(GOOD).encode("utf-16"))
    yield "claims a list", signed(b"[]")
    yield "claims text", signed(b'"token"')
    yield "no claims", signed(b"")
    yield "claims deep", signed(b"[" * 4_000)


def forged_texts() -> Iterator[tuple[str, str]]:
    good = mint(PERSON, KEY)
    header, payload, signature = good.split(".")
    yield "empty", ""
    yield "dots", ".."
    yield "two parts", f"{header}.{payload}"
    yield "four parts", f"{good}.x"
    yield "five parts", f"{good}.x.y"
    yield "no signature", f"{header}.{payload}."
    yield "half a signature", f"{header}.{payload}.{signature[:40]}"
    yield "signature of another", f"{header}.{payload}.{mint(MACHINE, KEY).split('.')[2]}"
    yield "claims of another", f"{header}.{mint(MACHINE, KEY).split('.')[1]}.{signature}"
    yield "1 MB", f"{header}.{'A' * 1_000_000}.{signature}"
    yield "1 MB of dots", "." * 1_000_000
    yield "1 MB of claims", changed(filler="x" * 1_000_000)
    yield "not ascii", f"{header}.{payload}.\xfc{signature}"
    yield "no character", f"{header}.{payload}.\ud800"
    yield "a break", f"{header}.{payload}.\x00\n"
    for place in range(0, len(good), 7):
        letter = "A" if good[place] != "A" else "B"
        yield f"changed at {place}", good[:place] + letter + good[place + 1 :]


FORGED = [*forged_headers(), *forged_claims(), *forged_texts()]


def test_a_person_and_a_machine_are_read_back() -> None:
    person = verify(mint(PERSON, KEY), KEYS, ISSUER, NOW)
    assert person.actor == f"user:{UUID(int=2)}"
    assert (person.user_id, person.session_id, person.family_id) == (
        PERSON.user_id,
        PERSON.session_id,
        PERSON.family_id,
    )
    assert person.role is Role.ANALYST
    assert person.permissions == {Permission.BOOKS_READ, Permission.RUNS_SUBMIT}
    assert person.methods == ("password", "totp")
    assert person.authenticated_at == PERSON.authenticated_at
    assert person.issued_at == NOW
    assert person.expires_at == NOW + timedelta(seconds=ACCESS_TOKEN_S)
    machine = verify(mint(MACHINE, KEY), KEYS, ISSUER, NOW)
    assert (machine.actor, machine.client_id, machine.user_id) == ("client:meter", "meter", None)


def test_a_token_is_good_until_its_end_and_not_at_it() -> None:
    token = mint(PERSON, KEY)
    end = NOW + timedelta(seconds=ACCESS_TOKEN_S)
    verify(token, KEYS, ISSUER, end - timedelta(microseconds=1))
    for moment in (end, end + timedelta(hours=1), NOW - timedelta(hours=1)):
        with pytest.raises(Unauthenticated):
            verify(token, KEYS, ISSUER, moment)


def test_a_replica_whose_clock_is_a_little_late_takes_a_new_token() -> None:
    token = mint(PERSON, KEY)
    verify(token, KEYS, ISSUER, NOW - timedelta(seconds=4))
    with pytest.raises(Unauthenticated):
        verify(token, KEYS, ISSUER, NOW - timedelta(seconds=6))


def test_every_forged_token_is_refused(tell: Callable[[str], None]) -> None:
    verify(signed(PAYLOAD), KEYS, ISSUER, NOW)  # what the forgeries differ from is good
    taken = []
    for name, token in FORGED:
        try:
            verify(token, KEYS, ISSUER, NOW)
        except Unauthenticated:
            continue
        taken.append(name)
    tell(f"promise 35: {len(FORGED) - len(taken)} of {len(FORGED)} forged tokens refused")
    assert taken == []


def test_a_token_names_every_claim_once_and_its_type() -> None:
    token = mint(replace(PERSON, scopes=("analytics",)), KEY)
    assert jws.extract_compact(token.encode()).protected == HEADER
    assert claims_of(token)["aud"] == f"{ISSUER}/v1"
    assert len(token) < tokens.MAX_TOKEN_CHARACTERS / 4


def test_the_vectors_of_rfc_8037() -> None:
    private = OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    )
    assert private.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    text = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signer: Any = private.private_key
    assert urlsafe_b64encode(signer.sign(text)) == (
        b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
