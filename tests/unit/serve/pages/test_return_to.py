"""Check that nobody is sent to another site after signing in."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.pages.return_to import HOME, own_path

ORIGIN = "http://localhost:8700"


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "account",
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/ok\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/" + "a" * 5_000,
    ],
)
def test_addresses_elsewhere_lead_home(wanted: str | None) -> None:
    assert own_path(wanted) == HOME


def test_our_own_paths_are_kept() -> None:
    wanted = "/oauth/authorize?client_id=x&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcb#top"
    assert own_path(wanted) == wanted


@given(st.text(alphabet="/\\:@.?#&=%ab \t\r\n", max_size=12))
def test_whatever_is_wanted_stays_on_our_origin(wanted: str) -> None:
    assert urlsplit(urljoin(ORIGIN, own_path(wanted))).netloc == "localhost:8700"
