"""Own what is written down about an act: who did what to which thing, in which organisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

Detail = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Hold one act before it is chained to those before it.

    `actor` is that of a principal, or `system:PART`; `action` reads `noun.participle`, such as
    `api_key.created`. People are named by their id only, so that erasing a person leaves the
    chain whole.
    """

    org_id: UUID
    actor: str
    action: str
    target: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
