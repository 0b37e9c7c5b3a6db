"""Own who may do what: roles, permissions, the one table that joins them, and the principal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID


class Role(StrEnum):
    """Name what a member, a key or a client is to an organisation."""

    OWNER = "owner"
    ADMIN = "admin"
    ANALYST = "analyst"
    RESEARCHER = "researcher"
    OPERATOR = "operator"
    BILLING = "billing"
    READ_ONLY = "read-only"


class Permission(StrEnum):
    """Name what can be allowed; the values are also the scopes of tokens and keys."""

    ACCOUNT = "account"
    MARKET_READ = "market:read"
    SETTLEMENTS_IMPORT = "settlements:import"
    BOOKS_READ = "books:read"
    BOOKS_WRITE = "books:write"
    ANALYTICS = "analytics"
    RUNS_READ = "runs:read"
    RUNS_SUBMIT = "runs:submit"
    RUNS_CANCEL = "runs:cancel"
    FEEDS_READ = "feeds:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"
    KEYS_OWN = "keys:own"
    KEYS_MANAGE = "keys:manage"
    CLIENTS_MANAGE = "clients:manage"
    AUDIT_READ = "audit:read"
    COMPLIANCE_READ = "compliance:read"
    BILLING_READ = "billing:read"
    BILLING_MANAGE = "billing:manage"
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_MANAGE = "organisation:manage"


_EVERYONE = frozenset(Role)
_ADMINS = frozenset({Role.OWNER, Role.ADMIN})
_DESK = _ADMINS | {Role.ANALYST, Role.RESEARCHER}
_WATCHERS = _DESK | {Role.OPERATOR, Role.READ_ONLY}

GRANTS: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.ACCOUNT: _EVERYONE,
        Permission.MARKET_READ: _WATCHERS,
        Permission.SETTLEMENTS_IMPORT: _ADMINS | {Role.ANALYST, Role.OPERATOR},
        Permission.BOOKS_READ: _DESK | {Role.READ_ONLY},
        Permission.BOOKS_WRITE: _ADMINS | {Role.ANALYST},
        Permission.ANALYTICS: _DESK | {Role.READ_ONLY},
        Permission.RUNS_READ: _WATCHERS,
        Permission.RUNS_SUBMIT: _DESK,
        Permission.RUNS_CANCEL: _DESK | {Role.OPERATOR},
        Permission.FEEDS_READ: _WATCHERS,
        Permission.WEBHOOKS_READ: _ADMINS | {Role.OPERATOR},
        Permission.WEBHOOKS_MANAGE: _ADMINS,
        Permission.MEMBERS_READ: _EVERYONE,
        Permission.MEMBERS_MANAGE: _ADMINS,
        Permission.KEYS_OWN: _DESK | {Role.OPERATOR},
        Permission.KEYS_MANAGE: _ADMINS,
        Permission.CLIENTS_MANAGE: _ADMINS,
        Permission.AUDIT_READ: _ADMINS | {Role.OPERATOR},
        Permission.COMPLIANCE_READ: _ADMINS | {Role.OPERATOR},
        Permission.BILLING_READ: _ADMINS | {Role.BILLING},
        Permission.BILLING_MANAGE: frozenset({Role.OWNER, Role.BILLING}),
        Permission.ORGANISATION_READ: _EVERYONE,
        Permission.ORGANISATION_MANAGE: frozenset({Role.OWNER}),
    }
)
"""Be the table of permission × role; nothing else says what a role may do."""

_OF_ROLE = {
    role: frozenset(permission for permission, roles in GRANTS.items() if role in roles)
    for role in Role
}


def permissions_of(role: Role, scopes: Collection[str] = ()) -> frozenset[Permission]:
    """Return what a role may do, no more than `scopes` where there are any."""
    granted = _OF_ROLE[role]
    return granted if not scopes else granted.intersection(map(Permission, scopes))


def may_appoint(role: Role, other: Role) -> bool:
    """Tell whether a role may give `other` to someone, or take it: only owners make owners."""
    return role is Role.OWNER or (role is Role.ADMIN and other is not Role.OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Say who a request speaks for, in which organisation, and what it may do there.

    `actor` is `user:UUID`, `key:UUID` or `client:ID`. `authenticated_at` and `methods` tell when
    and how the person behind a session proved who they are; a key and a client have neither.
    From `expires_at` on nothing is allowed any more.
    """

    org_id: UUID
    actor: str
    role: Role
    permissions: frozenset[Permission]
    user_id: UUID | None = None
    key_id: UUID | None = None
    client_id: str | None = None
    session_id: UUID | None = None
    family_id: UUID | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether a permission is held."""
        return permission in self.permissions
