"""Own the words of the pages: what a permission means, when something was, which browser it is."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from core.identity import Permission

SENTENCES: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.ACCOUNT: "see and change your account",
        Permission.MARKET_READ: "read prices, curves, weather and forecasts",
        Permission.SETTLEMENTS_IMPORT: "import settlements",
        Permission.BOOKS_READ: "read books",
        Permission.BOOKS_WRITE: "change books",
        Permission.ANALYTICS: "value options, and measure risk and scenarios",
        Permission.RUNS_READ: "read runs and their results",
        Permission.RUNS_SUBMIT: "start runs",
        Permission.RUNS_CANCEL: "cancel runs",
        Permission.FEEDS_READ: "see how the feeds stand",
        Permission.WEBHOOKS_READ: "read webhooks and their deliveries",
        Permission.WEBHOOKS_MANAGE: "change webhooks",
        Permission.MEMBERS_READ: "see the members of your organisation",
        Permission.MEMBERS_MANAGE: "invite, change and remove members",
        Permission.KEYS_OWN: "make and revoke API keys of your own",
        Permission.KEYS_MANAGE: "make and revoke every API key of your organisation",
        Permission.CLIENTS_MANAGE: "register programs",
        Permission.AUDIT_READ: "read the audit trail",
        Permission.COMPLIANCE_READ: "read the compliance report",
        Permission.BILLING_READ: "read bills",
        Permission.BILLING_MANAGE: "change what is billed",
        Permission.ORGANISATION_READ: "read your organisation's settings",
        Permission.ORGANISATION_MANAGE: "change your organisation's settings",
    }
)

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def sentences(permissions: Collection[Permission]) -> list[str]:
    """List what permissions mean, in the order of the table."""
    return [sentence for permission, sentence in SENTENCES.items() if permission in permissions]


def browser(user_agent: str) -> str:
    """Name a browser and its system, from what it tells of itself."""
    program = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if program is None:
        return user_agent[:60] or "a program that does not say its name"
    return program if system is None else f"{program} on {system}"


def day(at: datetime) -> str:
    """Write a day, as 4 March 2026."""
    return f"{at.day} {at:%B %Y}"


def moment(at: datetime) -> str:
    """Write a moment to the minute, in UTC."""
    return f"{at.day} {at:%B %H:%M} UTC"
