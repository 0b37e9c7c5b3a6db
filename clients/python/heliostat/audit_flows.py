"""Own the conversations about the audit trail and compliance."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from heliostat.answers import query
from heliostat.audit import AuditPage, AuditVerification, ComplianceReport
from heliostat.conversation import Conversation
from heliostat.effects import Call, Emit, Flow

_PATH = "/v1/audit"


class AuditChoice(TypedDict, total=False):
    """Choose among entries: by whom, what was done, from `since` on and before `until`."""

    actor: str | None
    action: str | None
    since: datetime | None
    until: datetime | None
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFlows(Conversation):
    """Make the flows about the audit trail."""

    def audit_entries(self, choice: AuditChoice) -> Flow[None]:
        since, until = choice.get("since"), choice.get("until")
        chosen = query(
            actor=choice.get("actor"),
            action=choice.get("action"),
            since=None if since is None else since.isoformat(),
            until=None if until is None else until.isoformat(),
            limit=choice.get("page_size", 50),
        )
        before: int | None = None
        while True:
            params = (*chosen, *query(before=before))
            page = yield from self._fetch(AuditPage, Call(method="GET", path=_PATH, params=params))
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before

    def verify_audit(self) -> Flow[AuditVerification]:
        call = Call(method="GET", path=f"{_PATH}/verification", silence_s=self.timeouts.silence_s)
        return self._fetch(AuditVerification, call)

    def compliance(self) -> Flow[ComplianceReport]:
        call = Call(method="GET", path="/v1/compliance", silence_s=self.timeouts.silence_s)
        return self._fetch(ComplianceReport, call)
