"""Own the caller's organisation over HTTP."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_from_ns
from core.identity import Permission
from serve.identity.access import PrincipalOf, needs
from serve.identity.people import note
from serve.services import ServicesOf
from storage.identity import organisations
from storage.identity.organisations import Organisation

router = APIRouter(tags=["organisation"])


class OrganisationRequest(BaseModel):
    """Say how the organisation is to be called."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100)


class OrganisationView(BaseModel):
    """Hold the organisation that the caller speaks for."""

    org_id: UUID
    name: str
    created_at: datetime
    members: int


@router.get("/organisation", dependencies=[needs(Permission.ORGANISATION_READ)])
async def read_organisation(caller: PrincipalOf, services: ServicesOf) -> OrganisationView:
    """Return the organisation that the caller speaks for."""
    async with services.pools.system() as conn:
        return _view(await organisations.read(conn, caller.org_id))


@router.patch("/organisation", dependencies=[needs(Permission.ORGANISATION_MANAGE)])
async def rename_organisation(
    body: OrganisationRequest, caller: PrincipalOf, services: ServicesOf
) -> OrganisationView:
    """Give the organisation another name."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        former = await organisations.read(conn, caller.org_id)
        if former.name != body.name:
            await organisations.rename(conn, caller.org_id, body.name)
            await note(conn, caller, "organisation.renamed", now, caller.org_id)
        return _view(await organisations.read(conn, caller.org_id))


def _view(organisation: Organisation) -> OrganisationView:
    return OrganisationView(
        org_id=organisation.org_id,
        name=organisation.name,
        created_at=organisation.created_at,
        members=organisation.members,
    )
