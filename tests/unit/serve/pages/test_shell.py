"""Check the guards that every page carries, and where it says what is wrong."""

from types import SimpleNamespace

import pytest
from fastapi import Request

from core.errors import FormRefused, InvalidInput
from serve.pages.csrf import visit_cookie_name
from serve.pages.shell import NO_FAULT, error_page, fault_of, page

ORIGIN = "http://localhost:8700"


def request(cookie: str = "", origin: str = ORIGIN) -> Request:
    state = SimpleNamespace(services=SimpleNamespace(config=SimpleNamespace(origin=origin)))
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"cookie", cookie.encode())],
            "app": SimpleNamespace(state=state),
        }
    )


def policy(form_goes_to: str | None = None) -> dict[str, str]:
    shown = page(request(), "error.html", sentence="No.", form_goes_to=form_goes_to)
    parts = shown.headers["content-security-policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_a_page_runs_and_loads_only_our_own_files() -> None:
    found = policy()
    assert found["default-src"] == "'none'"
    assert found["frame-ancestors"] == "'none'"
    assert found["form-action"] == "'self'"
    assert "unsafe-inline" not in str(found)


@pytest.mark.parametrize(
    ("address", "targets"),
    [
        ("https://app.example/cb?x=1", "'self' https://app.example"),
        ("http://127.0.0.1:4000/cb", "'self' http://127.0.0.1:4000"),
        ("com.example.app:/cb", "'self' com.example.app:"),
        ("https://a.example;script-src */cb", "'self'"),
    ],
)
def test_a_form_may_end_where_its_redirect_leads(address: str, targets: str) -> None:
    found = policy(address)
    assert found["form-action"] == targets
    assert found["script-src"] == "'self'"


def test_a_browser_gets_its_visit_cookie_once() -> None:
    first = page(request(), "error.html", sentence="No.").headers["set-cookie"]
    assert "HttpOnly" in first
    assert "SameSite=lax" in first
    assert "Secure" not in first
    cookie = first.split(";")[0]
    assert "set-cookie" not in page(request(cookie), "error.html", sentence="No.").headers


def test_a_cookie_that_cannot_be_ours_is_replaced() -> None:
    cookie = f"{visit_cookie_name(ORIGIN)}=short"
    assert "set-cookie" in page(request(cookie), "error.html", sentence="No.").headers


def test_cookies_of_a_site_with_tls_travel_only_there() -> None:
    shown = page(request(origin="https://heliostat.example"), "error.html", sentence="No.")
    assert shown.headers["set-cookie"].startswith("__Host-heliostat-visit=")
    assert "Secure" in shown.headers["set-cookie"]


def test_an_error_stands_beside_its_field_or_above_the_form() -> None:
    wrong = InvalidInput(field="password", reason="expected 15 characters or more")
    beside = fault_of(wrong, frozenset({"password"}))
    assert (beside.status, beside.above) == (422, None)
    assert beside.beside == {"password": "Expected 15 characters or more."}
    above = fault_of(wrong, frozenset({"name"}))
    assert above.beside == {}
    assert above.above == "Password: expected 15 characters or more."
    assert NO_FAULT.status == 200


def test_what_was_sent_is_shown_as_text() -> None:
    shown = error_page(request(), FormRefused(reason="<script>alert(1)</script>"))
    assert shown.status_code == 403
    assert b"<script>alert" not in shown.body
    assert b"&lt;script&gt;" in shown.body
