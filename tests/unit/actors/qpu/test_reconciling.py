"""Check what is decided about intents and the jobs that the vendor lists."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.qpu.reconciling import Action, action_for, matched, may_still_appear, strays
from integrations.ibm.jobs import FoundJob
from storage.qpu import Intent, IntentKey, IntentState

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def intent(**changed: Any) -> Intent:
    values: dict[str, Any] = {
        "key": IntentKey(UUID(int=1), UUID(int=2), "sample", 0),
        "tag": "mine",
        "device": "ibm_fez",
        "primitive": "sampler",
        "budget_s": 10,
        "state": IntentState.OPEN,
        "cancel_requested": False,
        "attempts": 0,
        "attempted_at": None,
        "job_id": None,
        "duplicates": (),
        "snapshot_id": None,
        "facts": None,
        "reason": None,
        "usage_s": None,
        "created_at": NOW,
        "submitted_at": None,
        "closed_at": None,
    }
    return Intent(**{**values, **changed})


def job(job_id: str, after_s: float = 0.0, tag: str = "mine") -> FoundJob:
    created = NOW + timedelta(seconds=after_s)
    return FoundJob(job_id=job_id, tags=(tag, "stack"), created=created)


def test_the_first_job_counts_and_the_others_do_not() -> None:
    found = [job("c", 2), job("b", 1), job("a", 3), job("x", 0, tag="other")]
    match = matched(intent(), found)
    assert (match.kept, match.duplicates) == ("b", ("c", "a"))
    written = matched(intent(job_id="a"), found)
    assert (written.kept, written.duplicates) == ("a", ("b", "c"))
    assert matched(intent(job_id="gone"), found[:1]).duplicates == ("c",)
    assert matched(intent(), []).kept is None


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.integers(0, 3)), unique_by=lambda x: x[0]))
def test_exactly_one_counts_in_whatever_order_they_are_listed(
    listed: list[tuple[str, int]],
) -> None:
    found = [job(name, after) for name, after in listed]
    match = matched(intent(), found)
    assert match == matched(intent(), found[::-1])
    assert sorted({match.kept, *match.duplicates} - {None}) == sorted(name for name, _ in listed)
    assert match.kept not in match.duplicates
    again = matched(intent(job_id=match.kept), found)
    assert again.kept == match.kept


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Action.NONE),
        ({"attempted_at": NOW}, Action.LOOK),
        ({"attempted_at": NOW, "job_id": "a"}, Action.WATCH),
        ({"cancel_requested": True}, Action.DROP),
        ({"is_run_final": True}, Action.DROP),
        ({"cancel_requested": True, "attempted_at": NOW}, Action.CANCEL),
        ({"is_run_final": True, "attempted_at": NOW, "job_id": "a"}, Action.CANCEL),
        ({"state": IntentState.FINISHED, "attempted_at": NOW, "job_id": "a"}, Action.SETTLE),
        ({"state": IntentState.CANCELLED, "usage_s": 0.0}, Action.NONE),
    ],
)
def test_what_a_start_does_with_each_intent(changed: dict[str, Any], expected: Action) -> None:
    assert action_for(intent(**changed), is_being_sent=False) is expected
    assert action_for(intent(**changed), is_being_sent=True) is Action.NONE


def test_a_job_may_appear_for_a_while_after_it_was_sent() -> None:
    within = timedelta(seconds=60)
    assert not may_still_appear(intent(), NOW, within)
    assert may_still_appear(intent(attempted_at=NOW), NOW + timedelta(seconds=59), within)
    assert not may_still_appear(intent(attempted_at=NOW), NOW + within, within)


def test_jobs_that_run_and_do_not_count_are_strays() -> None:
    known = {
        "open": intent(tag="open", job_id="a", attempted_at=NOW),
        "unmatched": intent(tag="unmatched", attempted_at=NOW),
        "ended": intent(tag="ended", state=IntentState.FINISHED, job_id="e"),
    }
    listed = [
        job("a", tag="open"),
        job("b", tag="open"),
        job("c", tag="unmatched"),
        job("d", tag="ended"),
        job("f", tag="of another database"),
    ]
    assert [one.job_id for one in strays(listed, known)] == ["b", "d"]
