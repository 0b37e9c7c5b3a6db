"""Own the rules of one FIX session as seen by its client: what is answered, and when.

Pure: every function takes the state, what happened and the time, and returns the new state with
the messages to send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from core.clock import NANOSECONDS_PER_SECOND
from integrations.ice.codec import (
    HEARTBEAT,
    LOGON,
    LOGOUT,
    RESEND_REQUEST,
    SEQUENCE_RESET,
    TEST_REQUEST,
)
from integrations.ice.fields import plain_text

ADMINISTRATIVE = frozenset(
    kind.encode()
    for kind in (HEARTBEAT, LOGON, LOGOUT, RESEND_REQUEST, SEQUENCE_RESET, TEST_REQUEST)
)


class Phase(StrEnum):
    """Name how far a session has come."""

    LOGGING_ON = "logging on"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """Set how long to wait for what.

    After `heartbeat_s` plus `grace_s` of silence the peer is tested; after another `grace_s`
    without a sign of life the session ends.
    """

    heartbeat_s: float
    grace_s: float
    logon_timeout_s: float
    resend_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """Hold a session. `next_number` is that of our next message; `reason` says why it ended.

    `tested_ns` and `resend_ns` tell when a test or a resend was asked for that is unanswered.
    """

    phase: Phase
    next_number: int
    sent_ns: int
    heard_ns: int
    tested_ns: int | None = None
    resend_ns: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Hold a message to send; `is_duplicate` marks one that takes the place of sent ones."""

    kind: str
    number: int
    fields: tuple[tuple[int, str], ...]
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Hold what a session must know of a message that could be read.

    `missed` counts the messages missing before it; `is_repeated` tells that its number came
    before. `values` are its fields by tag.
    """

    kind: str
    number: int
    missed: int
    is_repeated: bool
    values: Mapping[str, str]


Step = tuple[SessionState, list[Outgoing]]


def log_on(rules: SessionRules, password: str, now_ns: int) -> Step:
    """Begin: both sides count from 1 again."""
    state = SessionState(phase=Phase.LOGGING_ON, next_number=1, sent_ns=now_ns, heard_ns=now_ns)
    fields = (
        (98, "0"),
        (108, f"{rules.heartbeat_s:g}"),
        (141, "Y"),
        (95, str(len(password))),
        (96, password),
    )
    return send(state, LOGON, fields, now_ns)


def log_out(state: SessionState, reason: str, now_ns: int) -> Step:
    """End, and say why."""
    ended, messages = send(state, LOGOUT, ((58, reason),), now_ns)
    return replace(ended, phase=Phase.ENDED, reason=reason), messages


def send(state: SessionState, kind: str, fields: tuple[tuple[int, str], ...], now_ns: int) -> Step:
    """Number a message of our own."""
    message = Outgoing(kind=kind, number=state.next_number, fields=fields)
    return replace(state, next_number=state.next_number + 1, sent_ns=now_ns), [message]


def on_message(state: SessionState, message: Incoming, now_ns: int) -> Step:
    """Take in one readable message; one that cannot be read is no sign of life."""
    if state.phase is Phase.ENDED:
        return state, []
    state = replace(state, heard_ns=now_ns, tested_ns=None)
    if state.phase is Phase.LOGGING_ON and message.kind not in {LOGON, LOGOUT}:
        return log_out(state, f"expected Logon, was {message.kind}", now_ns)
    if message.is_repeated and message.values.get("43") != "Y":
        return log_out(state, f"MsgSeqNum too low: {message.number}", now_ns)
    if message.kind == LOGOUT:
        text = plain_text(message.values.get("58", "")) or "no reason stated"
        return replace(state, phase=Phase.ENDED, reason=f"logged out by the venue: {text}"), []
    sent: list[Outgoing] = []
    if message.missed:
        state, sent = _ask_again(state, message, now_ns)
    if message.is_repeated:
        return state, sent
    state, answers = _answer(state, message, now_ns)
    return state, sent + answers


def _ask_again(state: SessionState, message: Incoming, now_ns: int) -> Step:
    first, last = message.number - message.missed, message.number - 1
    fields = ((7, str(first)), (16, str(last)))
    return send(replace(state, resend_ns=now_ns), RESEND_REQUEST, fields, now_ns)


def _answer(state: SessionState, message: Incoming, now_ns: int) -> Step:
    if message.kind == LOGON:
        return replace(state, phase=Phase.ACTIVE), []
    if message.kind == TEST_REQUEST:
        name = plain_text(message.values.get("112", "")) or "TEST"
        return send(state, HEARTBEAT, ((112, name),), now_ns)
    if message.kind == RESEND_REQUEST:
        return _fill(state, message, now_ns)
    return state, []


def _fill(state: SessionState, message: Incoming, now_ns: int) -> Step:
    """Replace what the peer missed: requests that were for then are of no use now."""
    first = message.values.get("7", "")
    if not (first.isdecimal() and len(first) < 10 and 0 < int(first) < state.next_number):
        return state, []
    fill = Outgoing(
        kind=SEQUENCE_RESET,
        number=int(first),
        fields=((123, "Y"), (36, str(state.next_number))),
        is_duplicate=True,
    )
    return replace(state, sent_ns=now_ns), [fill]


def on_time(
    state: SessionState, rules: SessionRules, now_ns: int, *, has_missing: bool = False
) -> Step:
    """Do what the time asks for; `has_missing` tells whether a resend is still owed."""
    if state.phase is Phase.ENDED:
        return state, []
    state = _without_future(state, now_ns)
    if not has_missing:
        state = replace(state, resend_ns=None)
    if state.phase is Phase.LOGGING_ON:
        if now_ns < state.sent_ns + _ns(rules.logon_timeout_s):
            return state, []
        return log_out(state, "the logon was never answered", now_ns)
    if state.resend_ns is not None and now_ns >= state.resend_ns + _ns(rules.resend_timeout_s):
        return log_out(state, "missing messages were never sent again", now_ns)
    if state.tested_ns is not None and now_ns >= state.tested_ns + _ns(rules.grace_s):
        return log_out(state, f"silent for {_silence_s(state, now_ns):.1f} s", now_ns)
    if state.tested_ns is None and now_ns >= state.heard_ns + _patience_ns(rules):
        tested = replace(state, tested_ns=now_ns)
        return send(tested, TEST_REQUEST, ((112, f"T{state.next_number}"),), now_ns)
    if now_ns >= state.sent_ns + _ns(rules.heartbeat_s):
        return send(state, HEARTBEAT, (), now_ns)
    return state, []


def _without_future(state: SessionState, now_ns: int) -> SessionState:
    """Count anew from now what a clock that was put back has moved into the future."""
    if max(state.sent_ns, state.heard_ns) <= now_ns:
        return state
    return replace(
        state,
        sent_ns=min(state.sent_ns, now_ns),
        heard_ns=min(state.heard_ns, now_ns),
        tested_ns=None if state.tested_ns is None else min(state.tested_ns, now_ns),
        resend_ns=None if state.resend_ns is None else min(state.resend_ns, now_ns),
    )


def deadline_ns(state: SessionState, rules: SessionRules) -> int:
    """Return when `on_time` has something to do next if nothing arrives before."""
    if state.phase is Phase.LOGGING_ON:
        return state.sent_ns + _ns(rules.logon_timeout_s)
    due = [state.sent_ns + _ns(rules.heartbeat_s)]
    if state.tested_ns is None:
        due.append(state.heard_ns + _patience_ns(rules))
    else:
        due.append(state.tested_ns + _ns(rules.grace_s))
    if state.resend_ns is not None:
        due.append(state.resend_ns + _ns(rules.resend_timeout_s))
    return min(due)


def _patience_ns(rules: SessionRules) -> int:
    return _ns(rules.heartbeat_s + rules.grace_s)


def _silence_s(state: SessionState, now_ns: int) -> float:
    return (now_ns - state.heard_ns) / NANOSECONDS_PER_SECOND


def _ns(seconds: float) -> int:
    return round(seconds * NANOSECONDS_PER_SECOND)
