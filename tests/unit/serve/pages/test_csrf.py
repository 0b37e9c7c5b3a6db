"""Check what a form must bring to be taken for our own page's, and which addresses are our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormRefused
from serve.pages.csrf import (
    form_token,
    new_visit,
    require_own_origin,
    require_token,
    visit_cookie_name,
)

ORIGIN = "http://localhost:8700"


def test_a_form_of_this_browser_as_it_is_signed_in_is_taken() -> None:
    visit = new_visit()
    require_token(form_token(visit, None), visit, None)
    require_token(form_token(visit, "cookie"), visit, "cookie")


@pytest.mark.parametrize(
    ("visit", "session_cookie"), [("another", None), (None, None), ("", None), ("mine", "cookie")]
)
def test_a_form_of_another_browser_or_session_is_refused(
    visit: str | None, session_cookie: str | None
) -> None:
    with pytest.raises(FormRefused):
        require_token(form_token("mine", None), visit, session_cookie)


@pytest.mark.parametrize("given_token", [None, "", "é", "A" * 43])
def test_a_form_without_its_token_is_refused(given_token: str | None) -> None:
    with pytest.raises(FormRefused):
        require_token(given_token, new_visit(), None)


@given(st.text(max_size=50), st.text(max_size=50))
def test_the_token_tells_neither_cookie(visit: str, session_cookie: str) -> None:
    token = form_token(visit, session_cookie)
    assert len(token) == 43
    assert token != form_token(visit, session_cookie + "x")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ORIGIN + "0"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_what_another_site_sent_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(FormRefused):
        require_own_origin(headers, ORIGIN)


@pytest.mark.parametrize("headers", [{"origin": ORIGIN, "sec-fetch-site": "same-origin"}, {}])
def test_what_our_own_page_sent_is_taken(headers: dict[str, str]) -> None:
    require_own_origin(headers, ORIGIN)


def test_the_cookie_of_a_visit_is_bound_to_its_host_wherever_there_is_tls() -> None:
    assert visit_cookie_name("https://heliostat.example").startswith("__Host-")
    assert not visit_cookie_name(ORIGIN).startswith("__Host-")
