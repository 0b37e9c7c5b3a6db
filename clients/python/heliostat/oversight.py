"""Own what either client asks on behalf of who oversees: what was done, and whether it stands."""

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Unpack

from heliostat.audit import AuditEntry, AuditVerification, ComplianceReport
from heliostat.audit_flows import AuditChoice

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Oversight:
    """Be the part of a client that oversees: the audit trail, compliance."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def audit_entries(self, **choice: Unpack[AuditChoice]) -> Generator[AuditEntry, None, None]:
        """Yield what was done in the organisation, newest first, a page at a time."""
        return self._transport.iterate(self._flows.audit_entries(choice))

    def verify_audit(self) -> AuditVerification:
        """Have every entry of the trail looked at, and the heads noted outside the database."""
        return self._transport.run(self._flows.verify_audit())

    def compliance(self) -> ComplianceReport:
        """Have the check of every control carried out, and return what was found."""
        return self._transport.run(self._flows.compliance())


class AsyncOversight:
    """Be the part of an asynchronous client that oversees: the audit trail, compliance."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    def audit_entries(self, **choice: Unpack[AuditChoice]) -> AsyncGenerator[AuditEntry, None]:
        """Yield what was done in the organisation, newest first, a page at a time."""
        return self._transport.iterate(self._flows.audit_entries(choice))

    async def verify_audit(self) -> AuditVerification:
        """Have every entry of the trail looked at, and the heads noted outside the database."""
        return await self._transport.run(self._flows.verify_audit())

    async def compliance(self) -> ComplianceReport:
        """Have the check of every control carried out, and return what was found."""
        return await self._transport.run(self._flows.compliance())
