"""Check who is let in, and that a refusal takes the same way as an entry."""

import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unauthenticated
from core.runs import DEFAULT_ORG
from serve.keys import authenticate, digest_of

KEY = "hs_0123456789"
DIGEST = digest_of(KEY)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_key_names_the_organisation(scheme: str) -> None:
    caller = authenticate(f"{scheme} {KEY}", DIGEST)
    assert caller.org_id == DEFAULT_ORG
    assert isinstance(caller.org_id, UUID)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        KEY,
        f"Basic {KEY}",
        f"Bearer{KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY.upper()}",
        f"Bearer {DIGEST}",
        f"Bearer {KEY} {KEY}",
    ],
)
def test_everything_else_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(header, DIGEST)


@given(st.text())
def test_no_header_breaks_the_check(header: str) -> None:
    with pytest.raises(Unauthenticated):
        authenticate(header, DIGEST)
    with pytest.raises(Unauthenticated):
        authenticate(f"Bearer {header}x", DIGEST)


@pytest.mark.parametrize("header", [None, "", "Basic x", "Bearer x", f"Bearer {KEY}"])
def test_every_header_is_compared_in_constant_time(
    header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []
    compare = hmac.compare_digest

    def spy(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    if header == f"Bearer {KEY}":
        authenticate(header, DIGEST)
    else:
        with pytest.raises(Unauthenticated):
            authenticate(header, DIGEST)
    ((one, other),) = compared
    assert len(one) == len(other) == 64


def test_the_digest_does_not_hold_the_key() -> None:
    assert KEY not in DIGEST
    assert digest_of(KEY) == DIGEST != digest_of(KEY + " ")
