"""Own the table of controls: what is demanded, by which clauses, and which check shows it.

Only what software can show about itself stands here. Contracts, training, physical security and
the like are evidenced by people. Clauses: Regulation (EU) 2016/679, the Trust Services Criteria of
2017 with the points of focus of 2022, and Annex A of ISO/IEC 27001:2022.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from serve.compliance import access_checks, data_checks
from serve.compliance.finding import Finding, Inspection

Check = Callable[[Inspection], Awaitable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Hold one control and the check behind it."""

    control_id: str
    demand: str
    gdpr: tuple[str, ...] = ()
    soc2: tuple[str, ...] = ()
    iso27001: tuple[str, ...] = ()
    check: Check

    @property
    def clauses(self) -> tuple[str, ...]:
        """Return the clauses as they are cited."""
        return (
            *(f"GDPR {one}" for one in self.gdpr),
            *(f"SOC 2 {one}" for one in self.soc2),
            *(f"ISO 27001 {one}" for one in self.iso27001),
        )


CONTROLS: tuple[Control, ...] = (
    Control(
        control_id="tenant-isolation",
        demand="Data of one organisation cannot be read or changed by another.",
        gdpr=("Art. 32(1)(b)",),
        soc2=("CC6.1",),
        iso27001=("A.8.3",),
        check=access_checks.walls,
    ),
    Control(
        control_id="least-privilege",
        demand="Every operation says who may call it, and refuses all others.",
        gdpr=("Art. 25(2)",),
        soc2=("CC6.3",),
        iso27001=("A.5.15",),
        check=access_checks.operations,
    ),
    Control(
        control_id="strong-authentication",
        demand="Who may do much proves who they are by two factors.",
        gdpr=("Art. 32(1)(b)",),
        soc2=("CC6.1",),
        iso27001=("A.8.5",),
        check=access_checks.second_factors,
    ),
    Control(
        control_id="access-removal",
        demand="Access ends when a person leaves.",
        soc2=("CC6.2",),
        iso27001=("A.5.18",),
        check=access_checks.disabled_people,
    ),
    Control(
        control_id="access-review",
        demand="Credentials that nobody needs are withdrawn.",
        soc2=("CC6.2", "CC6.3"),
        iso27001=("A.5.18", "A.8.2"),
        check=access_checks.keys,
    ),
    Control(
        control_id="encryption-at-rest",
        demand="Secrets are encrypted, under keys that are managed and replaced.",
        gdpr=("Art. 32(1)(a)",),
        soc2=("CC6.1",),
        iso27001=("A.8.24",),
        check=data_checks.seals,
    ),
    Control(
        control_id="encryption-in-transit",
        demand="Data crosses networks encrypted.",
        gdpr=("Art. 32(1)(a)",),
        soc2=("CC6.7",),
        iso27001=("A.8.24",),
        check=data_checks.transport,
    ),
    Control(
        control_id="password-storage",
        demand="Passwords are kept as slow, salted hashes.",
        gdpr=("Art. 32(1)(a)",),
        soc2=("CC6.1",),
        iso27001=("A.5.17",),
        check=data_checks.password_hashes,
    ),
    Control(
        control_id="key-rotation",
        demand="Keys that sign tokens are replaced in time.",
        soc2=("CC6.1",),
        iso27001=("A.8.24",),
        check=data_checks.signing_keys,
    ),
    Control(
        control_id="storage-limitation",
        demand="Personal data is deleted once its purpose has ended.",
        gdpr=("Art. 5(1)(e)",),
        soc2=("CC6.5",),
        iso27001=("A.8.10",),
        check=data_checks.retained,
    ),
    Control(
        control_id="erasure",
        demand="Nothing personal is left of who asked to be erased.",
        gdpr=("Art. 17",),
        iso27001=("A.5.34",),
        check=data_checks.erasures,
    ),
    Control(
        control_id="audit-immutability",
        demand="What was done is recorded, and the record cannot be changed by the application.",
        gdpr=("Art. 5(2)",),
        soc2=("CC7.2",),
        iso27001=("A.8.15",),
        check=data_checks.trail_is_fixed,
    ),
    Control(
        control_id="audit-integrity",
        demand="The record is whole.",
        gdpr=("Art. 5(2)",),
        soc2=("CC7.2", "CC7.3"),
        iso27001=("A.8.15",),
        check=data_checks.trail_is_whole,
    ),
    Control(
        control_id="audit-anchoring",
        demand="A record that was cut short or written anew would be noticed.",
        soc2=("CC7.2",),
        iso27001=("A.8.15", "A.5.28"),
        check=data_checks.trail_is_anchored,
    ),
    Control(
        control_id="log-masking",
        demand="Logs hold no credentials.",
        gdpr=("Art. 5(1)(f)",),
        soc2=("CC6.1",),
        iso27001=("A.8.11", "A.8.15"),
        check=data_checks.logs,
    ),
    Control(
        control_id="clock-synchronisation",
        demand="Records of different machines can be put in order.",
        soc2=("CC7.2",),
        iso27001=("A.8.17",),
        check=data_checks.clocks,
    ),
)
