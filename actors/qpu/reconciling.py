"""Own the decisions that keep one job for each intent, whatever was accepted how often.

Pure: what is stored and what the vendor lists, to what is to be done about it. The vendor's package
sends a job again by itself after some failures, and a process may end between sending a job and
writing down its id, so an intent may have no job that we know, one, or several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from integrations.ibm.jobs import FoundJob
from storage.qpu import Intent, IntentState


class Action(StrEnum):
    """Name what an intent needs: nothing but to be waited for, or one of these."""

    NONE = "none"
    WATCH = "watch"
    LOOK = "look"
    DROP = "drop"
    CANCEL = "cancel"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Name the job that counts for an intent, None if there is none, and those to be cancelled."""

    kept: str | None
    duplicates: tuple[str, ...]


def matched(intent: Intent, found: Sequence[FoundJob]) -> Match:
    """Choose among the jobs with an intent's tag: the one written down, else the first made."""
    mine = sorted(
        (job for job in found if intent.tag in job.tags), key=lambda job: (job.created, job.job_id)
    )
    kept = intent.job_id or (mine[0].job_id if mine else None)
    return Match(kept=kept, duplicates=tuple(job.job_id for job in mine if job.job_id != kept))


def action_for(intent: Intent, *, is_being_sent: bool) -> Action:
    """Return what an intent needs, on a start as in every later round.

    One that nobody wants any more is dropped if its job was never sent, else its jobs are
    cancelled. One whose job was sent and not written down is looked for by its tag. One that was
    never sent waits to be asked for again.
    """
    if is_being_sent:
        return Action.NONE
    if not intent.is_open:
        return Action.NONE if intent.usage_s is not None else Action.SETTLE
    if not intent.is_wanted:
        return Action.DROP if intent.attempted_at is None else Action.CANCEL
    if intent.job_id is not None:
        return Action.WATCH
    return Action.NONE if intent.attempted_at is None else Action.LOOK


def may_still_appear(intent: Intent, now: datetime, within: timedelta) -> bool:
    """Tell whether a job that was sent may be listed yet, although none is now."""
    return intent.attempted_at is not None and now - intent.attempted_at < within


def strays(listed: Sequence[FoundJob], intents: Mapping[str, Intent]) -> list[FoundJob]:
    """List the unfinished jobs that do not count, of intents that are ended or have another.

    Jobs whose tag is not known are left alone: they may be of a database that was restored.
    """
    return [
        job
        for job in listed
        for intent in (next((intents[tag] for tag in job.tags if tag in intents), None),)
        if intent is not None and _is_stray(job, intent)
    ]


def _is_stray(job: FoundJob, intent: Intent) -> bool:
    if intent.state is not IntentState.OPEN:
        return True
    return intent.job_id is not None and intent.job_id != job.job_id
