"""Own what of people is shown to whom: addresses in full to who manages members, and to oneself."""

from uuid import UUID

from core.identity import Permission, Principal


def email_for(principal: Principal, email: str | None, user_id: UUID | None = None) -> str | None:
    """Return an address as a principal is shown it."""
    if email is None or principal.may(Permission.MEMBERS_MANAGE):
        return email
    if user_id is not None and user_id == principal.user_id:
        return email
    name, _, host = email.rpartition("@")
    return f"{name[:1]}…@{host}"
