"""Own the audit trail over HTTP: what was done in the organisation, and whether it all stands."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, Field

from core.audit import Detail
from core.identity import Permission
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from storage.audit import trail, verification
from storage.audit.anchors import read_anchors
from storage.audit.chain import ChainedEntry

router = APIRouter(tags=["audit"])

MAX_POSITION = 2**63 - 1


class AuditEntryView(BaseModel):
    """Hold one act; `digest` is SHA-256 over it and `previous`, the digest of the entry before.

    The entry before may be of another organisation: there is one chain over all of them.
    """

    position: int
    at: datetime
    actor: str = Field(examples=["user:0190a6b4-7e3a-7c1e-8a55-1c3d2e4f5a6b"])
    action: str = Field(examples=["api_key.created"])
    target: str | None
    details: dict[str, Detail]
    previous: str
    digest: str


class AuditPage(BaseModel):
    """Hold one page, newest first; pass `next_before` as `before` for the next."""

    items: list[AuditEntryView]
    next_before: int | None


class AuditFaultView(BaseModel):
    """Say what is wrong with the trail at a position."""

    position: int
    kind: Literal["changed", "missing", "truncated", "rewritten"]
    detail: str


class AuditVerificationView(BaseModel):
    """Tell whether the trail of all organisations is whole, and where it ends."""

    whole: bool
    entries: int
    anchors: int
    last_anchored: int
    head: str
    faults: list[AuditFaultView]


_Before = Annotated[
    int | None,
    Query(ge=1, le=MAX_POSITION, description="`next_before` of the page before."),
]


@router.get("/audit", dependencies=[needs(Permission.AUDIT_READ)])
async def list_audit(
    caller: PrincipalOf,
    services: ServicesOf,
    actor: Annotated[str | None, Query(max_length=200, description="Who did it.")] = None,
    action: Annotated[str | None, Query(max_length=100, description="What was done.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="From this moment on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this moment.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: _Before = None,
) -> AuditPage:
    """List what was done in the organisation, newest first."""
    async with services.pools.read(caller.org_id) as conn:
        found = await trail.page(
            conn,
            caller.org_id,
            limit=limit,
            before=before,
            actor=actor,
            action=action,
            since=since,
            until=until,
        )
    last = found[-1].position if len(found) == limit else None
    return AuditPage(items=[_view(one) for one in found], next_before=last)


@router.get("/audit/verification", dependencies=[needs(Permission.AUDIT_READ)])
async def verify_audit(services: ServicesOf) -> AuditVerificationView:
    """Look at every entry of the trail, and at the heads that were noted outside the database."""
    anchors = await run_in_threadpool(read_anchors, services.config.audit_anchors)
    verdict = await verification.verify(services.pools, anchors)
    return AuditVerificationView(
        whole=verdict.is_whole,
        entries=verdict.entries,
        anchors=verdict.anchors,
        last_anchored=verdict.last_anchored,
        head=verdict.head.hex(),
        faults=[
            AuditFaultView(position=one.position, kind=one.kind.value, detail=str(one))
            for one in verdict.faults
        ],
    )


def _view(entry: ChainedEntry) -> AuditEntryView:
    return AuditEntryView(
        position=entry.position,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        details=dict(entry.details),
        previous=entry.previous.hex(),
        digest=entry.digest.hex(),
    )
