"""Check the table of permission × role against what each role is for."""

import pytest

from core.identity import GRANTS, Permission, Role, may_appoint, permissions_of


def test_every_permission_is_granted_to_someone_and_to_owners() -> None:
    assert set(GRANTS) == set(Permission)
    assert permissions_of(Role.OWNER) == set(Permission)


def test_admins_do_all_but_what_binds_the_organisation() -> None:
    kept_from = set(Permission) - permissions_of(Role.ADMIN)
    assert kept_from == {Permission.BILLING_MANAGE, Permission.ORGANISATION_MANAGE}


def test_a_reader_changes_nothing() -> None:
    assert permissions_of(Role.READ_ONLY) == {
        Permission.ACCOUNT,
        Permission.MARKET_READ,
        Permission.BOOKS_READ,
        Permission.ANALYTICS,
        Permission.RUNS_READ,
        Permission.FEEDS_READ,
        Permission.MEMBERS_READ,
        Permission.ORGANISATION_READ,
    }


def test_billing_sees_no_market_and_no_book() -> None:
    assert permissions_of(Role.BILLING) == {
        Permission.ACCOUNT,
        Permission.MEMBERS_READ,
        Permission.BILLING_READ,
        Permission.BILLING_MANAGE,
        Permission.ORGANISATION_READ,
    }


@pytest.mark.parametrize("role", Role)
def test_scopes_only_take_away(role: Role) -> None:
    scopes = ("runs:read", "organisation:manage")
    assert permissions_of(role, scopes) == permissions_of(role) & set(map(Permission, scopes))


def test_a_scope_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="everything"):
        permissions_of(Role.OWNER, ("everything",))


def test_only_owners_make_owners_and_only_admins_appoint() -> None:
    appointed = {role: {other for other in Role if may_appoint(role, other)} for role in Role}
    assert appointed.pop(Role.OWNER) == set(Role)
    assert appointed.pop(Role.ADMIN) == set(Role) - {Role.OWNER}
    assert set().union(*appointed.values()) == set()
