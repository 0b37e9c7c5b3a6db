"""Own what people may ask of their data over HTTP: all of it, and that it be erased."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from core.clock import utc_from_ns
from core.identity import Permission, Principal
from serve.identity import people
from serve.identity.access import PrincipalOf, needs, require_person, stepped_up
from serve.services import ServicesOf
from storage.identity import personal_data

if TYPE_CHECKING:
    from storage.pool import WriteConn

router = APIRouter(tags=["personal data"])


class PersonalDataView(BaseModel):
    """Hold all that is stored about a person, by the kind of thing; no secrets, no digests."""

    exported_at: datetime
    user: dict[str, Any]
    memberships: list[dict[str, Any]]
    invitations: list[dict[str, Any]]
    api_keys: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    token_families: list[dict[str, Any]]
    sign_in_links: list[dict[str, Any]]
    authenticator_apps: list[dict[str, Any]]
    recovery_codes: list[dict[str, Any]]
    passkeys: list[dict[str, Any]]
    external_identities: list[dict[str, Any]]
    challenges: list[dict[str, Any]]
    audit_entries: list[dict[str, Any]]


@router.get("/account/personal-data", dependencies=[needs(Permission.ACCOUNT)])
async def export_own_data(caller: PrincipalOf, services: ServicesOf) -> PersonalDataView:
    """Return all that is stored about the person who asks."""
    user_id = _person(caller)
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        return await _exported(conn, caller, user_id, now)


@router.delete(
    "/account/personal-data",
    status_code=204,
    dependencies=[needs(Permission.ACCOUNT), stepped_up()],
)
async def erase_own_data(caller: PrincipalOf, services: ServicesOf) -> Response:
    """Erase the person who asks, as below; all access ends with the answer."""
    user_id = _person(caller)
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.erase(conn, caller, user_id, now)
    return Response(status_code=204)


@router.get(
    "/personal-data/{user_id}", dependencies=[needs(Permission.MEMBERS_MANAGE), stepped_up()]
)
async def export_personal_data(
    user_id: UUID, caller: PrincipalOf, services: ServicesOf
) -> PersonalDataView:
    """Return all that is stored about a person of whom one administers all organisations."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.require_administers(conn, caller, user_id)
        return await _exported(conn, caller, user_id, now)


@router.delete(
    "/personal-data/{user_id}",
    status_code=204,
    dependencies=[needs(Permission.MEMBERS_MANAGE), stepped_up()],
)
async def erase_person(user_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """Erase a person: name, address, factors and sessions' whereabouts go; all access ends.

    The audit trail and runs keep an id that names nobody. The last owner of an organisation makes
    someone else an owner first.
    """
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.erase(conn, caller, user_id, now)
    return Response(status_code=204)


def _person(caller: Principal) -> UUID:
    user_id = require_person(caller).user_id
    assert user_id is not None  # noqa: S101 - a person has an id
    return user_id


async def _exported(
    conn: "WriteConn", caller: Principal, user_id: UUID, now: datetime
) -> PersonalDataView:
    told = await personal_data.export(conn, user_id)
    await people.note(conn, caller, "person.exported", now, user_id)
    return PersonalDataView(exported_at=now, **told)
