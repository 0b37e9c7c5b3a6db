"""Own how long what is known of people is kept after its use ended, and why that long.

One table, read by the keeper, who deletes, and by the compliance report, which counts what is
overdue.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Say of one kind of row how long it stays after it ended; `name` names its statements."""

    name: str
    what: str
    keep: timedelta
    why: str


RETENTION: tuple[RetentionRule, ...] = (
    RetentionRule(
        name="authorization_codes",
        what="Authorization codes, after they expired",
        keep=timedelta(days=1),
        why="A second use of a code must be seen, so that its tokens end.",
    ),
    RetentionRule(
        name="device_grants",
        what="Sign-ins of devices, after they expired",
        keep=timedelta(days=1),
        why="A device that still polls is told what became of its request.",
    ),
    RetentionRule(
        name="token_families",
        what="Refresh tokens of a sign-in, spent ones too, after it ended",
        keep=timedelta(days=30),
        why="A spent token that comes again tells of theft; then the trail of it is read.",
    ),
    RetentionRule(
        name="sessions",
        what="Sessions with address and browser, after they ended",
        keep=timedelta(days=90),
        why="A sign-in from elsewhere is often noticed weeks later; known addresses are kept open.",
    ),
    RetentionRule(
        name="sign_in_links",
        what="Sign-in links, after they were used or expired",
        keep=timedelta(days=7),
        why="Whether a link was used is asked in the days after it was sent.",
    ),
    RetentionRule(
        name="challenges",
        what="Half-finished sign-ins, after they expired",
        keep=timedelta(hours=1),
        why="Nothing asks for them again.",
    ),
    RetentionRule(
        name="throttles",
        what="Failed sign-ins counted, after the last one",
        keep=timedelta(days=1),
        why="Guessing is slowed down over a day.",
    ),
    RetentionRule(
        name="kept_answers",
        what="Answers to requests with an Idempotency-Key, sealed, after the request",
        keep=timedelta(hours=25),
        why="A request that is sent again within a day gets its answer.",
    ),
    RetentionRule(
        name="revocations",
        what="Revocations of tokens",
        keep=timedelta(days=1),
        why="No access token lives longer than minutes; a day bears clocks that are wrong.",
    ),
    RetentionRule(
        name="invitations",
        what="Invitations with their address, after they were answered, withdrawn or expired",
        keep=timedelta(days=90),
        why="Who invited whom is asked at the quarterly review of access.",
    ),
    RetentionRule(
        name="api_keys",
        what="API keys without their secret, after they were revoked or expired",
        keep=timedelta(days=365),
        why="The audit trail names keys by id, and a year of it is reviewed.",
    ),
    RetentionRule(
        name="unconfirmed_factors",
        what="Authenticator apps that were never confirmed",
        keep=timedelta(days=1),
        why="Setting one up takes minutes.",
    ),
    RetentionRule(
        name="used_recovery_codes",
        what="Recovery codes, after they were used",
        keep=timedelta(days=90),
        why="Whether it was its owner who used one is asked weeks later.",
    ),
)
"""Be the schedule; a rule stands behind those whose rows name its own."""
