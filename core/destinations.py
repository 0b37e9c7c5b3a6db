"""Own where we send requests on someone else's behalf: never into our own network unasked."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from core.errors import InvalidInput

MAX_URL_CHARACTERS = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""Hold every IPv6 address that is given out; what lies outside may be led anywhere."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that anyone on the internet may reach.

    Private, loopback, link-local, shared, reserved and multicast addresses are not, nor is an IPv6
    address that stands for such an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return False
        inner = _embedded(found)
        if inner is not None:
            return _is_global(inner)
        return found in _GLOBAL_UNICAST and _is_global(found)
    return _is_global(found)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (None if teredo is None else teredo[1])


def check_url(url: str, *, allow_private: bool, field: str = "url") -> str:
    """Return an address that messages may be sent to.

    Where private addresses are allowed, so is plain HTTP. Where its host leads is judged when a
    message is sent, since names may change what they stand for.

    Raises:
        InvalidInput: it is no such address; names `field`.
    """
    reason = _fault_of(url, allow_private)
    if reason is not None:
        raise InvalidInput(field=field, reason=reason)
    return url


def _fault_of(url: str, allow_private: bool) -> str | None:
    if len(url) > MAX_URL_CHARACTERS:
        return f"expected at most {MAX_URL_CHARACTERS} characters, was {len(url)}"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "expected printable ASCII without spaces or backslashes"
    schemes = ("https", "http") if allow_private else ("https",)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in schemes or not parts.hostname:
        return f"expected an {' or '.join(schemes)} address"
    if port == 0:
        return "expected another port than 0"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "expected an address without user, password or fragment"
    if not allow_private and _is_private_literal(parts.hostname):
        return "expected a public address"
    return None


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False
