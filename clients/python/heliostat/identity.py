"""Own the typed answers about who one is, members, invitations, keys and sessions."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from heliostat.models import Model

KeyKind = Literal["own", "machine"]


class AccountOrganisation(Model):
    """Hold an organisation that a person belongs to, and as what."""

    org_id: str
    name: str
    role: str


class Factors(Model):
    """Tell by what a person can sign in."""

    has_password: bool
    has_totp: bool
    recovery_codes_left: int
    passkeys: tuple[str, ...]


class Account(Model):
    """Say whom the client speaks for and what that may do; a key that is nobody's has no person."""

    actor: str
    org_id: str
    role: str
    permissions: tuple[str, ...]
    user_id: str | None = None
    email: str | None = None
    name: str | None = None
    organisations: tuple[AccountOrganisation, ...] = ()
    factors: Factors | None = None


class SignInSession(Model):
    """Hold one place where the person is signed in."""

    session_id: str
    is_current: bool
    methods: tuple[str, ...]
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class Member(Model):
    """Hold one member; who does not manage members sees the first letter of the address only."""

    user_id: str
    email: str | None = None
    name: str
    role: str
    joined_at: datetime
    disabled_at: datetime | None = None


class Invitation(Model):
    """Hold one invitation; `token` and `link` are told once, when it is made."""

    invitation_id: str
    email: str
    role: str
    state: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    token: str | None = Field(default=None, repr=False)
    link: str | None = Field(default=None, repr=False)


class Key(Model):
    """Hold one API key; `secret` is told once, when it is made."""

    key_id: str
    prefix: str
    name: str
    kind: KeyKind
    role: str
    scopes: tuple[str, ...]
    user_id: str | None = None
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    secret: str | None = Field(default=None, repr=False)
