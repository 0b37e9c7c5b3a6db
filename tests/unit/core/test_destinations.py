"""Check that no address of our own network passes for a public one, in whatever form."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.destinations import check_url, is_public
from core.errors import InvalidInput

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:0:127.0.0.1",
    "5f00::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_alike_inside_ipv6(number: int) -> None:
    plain = str(IPv4Address(number))
    mapped = str(IPv6Address((0xFFFF << 32) | number))
    translated = str(IPv6Address((0x64FF9B << 96) | number))
    assert is_public(mapped) == is_public(translated) == is_public(plain)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://example.com/hook",
        "https://",
        "https:///x",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com\\@evil.test/",
        "https://exa mple.com/",
        "https://exämple.com/",
        "https://example.com/\r\nX: y",
        "https://example.com/" + "x" * 2_000,
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::1/",
        "https://169.254.169.254/latest",
    ],
)
def test_an_address_that_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, allow_private=False)
    assert caught.value.context["field"] == "url"


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com:8443/a?b=c", "HTTPS://x.io/"]
)
def test_an_address_that_is_taken(url: str) -> None:
    assert check_url(url, allow_private=False) == url


def test_private_addresses_and_plain_http_where_they_are_allowed() -> None:
    for url in ("http://127.0.0.1:9/hook", "https://[::1]/", "http://localhost"):
        assert check_url(url, allow_private=True) == url
    with pytest.raises(InvalidInput):
        check_url("ftp://127.0.0.1", allow_private=True)


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text: str) -> None:
    for url in (text, f"https://{text}"):
        with suppress(InvalidInput):
            assert check_url(url, allow_private=False) == url
