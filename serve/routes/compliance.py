"""Own the compliance report over HTTP."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from core.clock import utc_from_ns
from core.identity import Permission
from serve.compliance.finding import Inspection
from serve.compliance.report import CheckedControl, inspect
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf

router = APIRouter(tags=["compliance"])


class ControlView(BaseModel):
    """Hold one control: what is demanded, by which clauses, and what its check found just now."""

    control_id: str
    demand: str
    clauses: list[str]
    holds: bool
    evidence: str
    remedy: str | None


class ComplianceReport(BaseModel):
    """Hold the findings of every control that software can evidence."""

    checked_at: datetime
    holds: bool
    items: list[ControlView]


@router.get("/compliance", dependencies=[needs(Permission.COMPLIANCE_READ)])
async def read_compliance(
    request: Request, caller: PrincipalOf, services: ServicesOf
) -> ComplianceReport:
    """Carry out the check of every control, and tell what was found."""
    now = utc_from_ns(services.clock.now_ns())
    declared = _declarations(request.app.openapi())
    inspection = Inspection(
        services=services,
        org_id=caller.org_id,
        now=now,
        operations=len(declared),
        undeclared=tuple(name for name, is_declared in declared.items() if not is_declared),
    )
    found = await inspect(inspection)
    items = [_view(one) for one in found]
    return ComplianceReport(checked_at=now, holds=all(one.holds for one in items), items=items)


def _declarations(document: dict[str, Any]) -> dict[str, bool]:
    return {
        f"{method.upper()} {path}": "x-permissions" in operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def _view(one: CheckedControl) -> ControlView:
    return ControlView(
        control_id=one.control.control_id,
        demand=one.control.demand,
        clauses=list(one.control.clauses),
        holds=one.finding.holds,
        evidence=one.finding.evidence,
        remedy=one.finding.remedy or None,
    )
