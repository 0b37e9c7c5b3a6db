"""Hold the rules of a session: what is answered, when it is tested, and when it ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ice.session import (
    Incoming,
    Outgoing,
    Phase,
    SessionRules,
    SessionState,
    deadline_ns,
    log_on,
    log_out,
    on_message,
    on_time,
)

S = 1_000_000_000
RULES = SessionRules(heartbeat_s=10, grace_s=2, logon_timeout_s=5, resend_timeout_s=4)


def incoming(kind: str, number: int = 2, **changed: object) -> Incoming:
    values = {"missed": 0, "is_repeated": False, "values": {}, **changed}
    return Incoming(kind=kind, number=number, **values)  # type: ignore[arg-type]


def active(now_ns: int = 0) -> SessionState:
    state, _ = log_on(RULES, "secret", now_ns)
    state, _ = on_message(state, incoming("A", 1), now_ns)
    return state


def kinds(messages: list[Outgoing]) -> list[str]:
    return [message.kind for message in messages]


def test_a_logon_starts_both_counts_again() -> None:
    state, [logon] = log_on(RULES, "secret", 0)
    assert (state.phase, state.next_number) == (Phase.LOGGING_ON, 2)
    assert (logon.kind, logon.number) == ("A", 1)
    assert dict(logon.fields) == {98: "0", 108: "10", 141: "Y", 95: "6", 96: "secret"}


def test_an_answered_logon_makes_the_session_active() -> None:
    assert active().phase is Phase.ACTIVE


def test_a_refused_logon_ends_the_session_with_the_gateways_words() -> None:
    state, _ = log_on(RULES, "secret", 0)
    state, sent = on_message(state, incoming("5", 1, values={"58": "invalid\x07 password"}), 0)
    assert (state.phase, sent) == (Phase.ENDED, [])
    assert state.reason == "logged out by the venue: invalid password"


def test_nothing_else_may_come_before_the_logon() -> None:
    state, _ = log_on(RULES, "secret", 0)
    state, sent = on_message(state, incoming("W", 1), 0)
    assert (state.phase, kinds(sent)) == (Phase.ENDED, ["5"])


def test_an_unanswered_logon_is_given_up() -> None:
    state, _ = log_on(RULES, "secret", 0)
    assert on_time(state, RULES, 5 * S - 1) == (state, [])
    state, sent = on_time(state, RULES, 5 * S)
    assert (state.phase, kinds(sent)) == (Phase.ENDED, ["5"])


def test_own_silence_is_broken_by_a_heartbeat() -> None:
    state = replace(active(), heard_ns=9 * S)
    assert on_time(state, RULES, 10 * S - 1)[1] == []
    state, [beat] = on_time(state, RULES, 10 * S)
    assert (beat.kind, beat.number, state.sent_ns) == ("0", 2, 10 * S)


def test_a_silent_peer_is_tested_and_then_left() -> None:
    state, [beat] = on_time(active(), RULES, 10 * S)
    assert beat.kind == "0"
    state, [test] = on_time(state, RULES, 12 * S)
    assert test.kind == "1"
    assert on_time(state, RULES, 14 * S - 1)[1] == []
    state, [goodbye] = on_time(state, RULES, 14 * S)
    assert (goodbye.kind, state.phase) == ("5", Phase.ENDED)
    assert state.reason == "silent for 14.0 s"


def test_any_message_is_a_sign_of_life() -> None:
    state, _ = on_time(active(), RULES, 12 * S)
    assert state.tested_ns == 12 * S
    state, _ = on_message(state, incoming("X"), 13 * S)
    assert state.tested_ns is None
    assert on_time(state, RULES, 14 * S)[0].phase is Phase.ACTIVE


def test_a_test_request_is_answered_with_its_own_words() -> None:
    _, [answer] = on_message(active(), incoming("1", values={"112": "T9"}), S)
    assert (answer.kind, answer.fields) == ("0", ((112, "T9"),))


def test_missing_messages_are_asked_for_again_by_number() -> None:
    state, [request] = on_message(active(), incoming("X", 9, missed=4), S)
    assert (request.kind, request.fields) == ("2", ((7, "5"), (16, "8")))
    state, sent = on_time(state, RULES, 2 * S, has_missing=True)
    assert (state.resend_ns, sent) == (S, [])
    assert on_time(state, RULES, 3 * S, has_missing=False)[0].resend_ns is None
    state, [goodbye] = on_time(state, RULES, 5 * S, has_missing=True)
    assert (goodbye.kind, state.phase) == ("5", Phase.ENDED)


def test_a_test_request_beyond_a_gap_is_answered_too() -> None:
    _, sent = on_message(active(), incoming("1", 9, missed=4, values={"112": "T"}), S)
    assert kinds(sent) == ["2", "0"]


def test_a_number_too_low_ends_the_session_unless_it_is_marked() -> None:
    marked = incoming("X", 1, is_repeated=True, values={"43": "Y"})
    assert on_message(active(), marked, S)[0].phase is Phase.ACTIVE
    state, [goodbye] = on_message(active(), incoming("X", 1, is_repeated=True), S)
    assert goodbye.fields == ((58, "MsgSeqNum too low: 1"),)
    assert state.phase is Phase.ENDED


def test_a_repeated_test_request_is_not_answered_again() -> None:
    marked = incoming("1", 1, is_repeated=True, values={"43": "Y", "112": "T"})
    assert on_message(active(), marked, S)[1] == []


def test_our_own_messages_are_filled_never_sent_again() -> None:
    state = replace(active(), next_number=20)
    after, [fill] = on_message(state, incoming("2", values={"7": "5", "16": "0"}), S)
    assert (fill.kind, fill.number, fill.is_duplicate) == ("4", 5, True)
    assert fill.fields == ((123, "Y"), (36, "20"))
    assert after.next_number == 20


@pytest.mark.parametrize("first", ["", "0", "20", "x", "99999999999"])
def test_a_resend_of_what_was_never_sent_is_not_answered(first: str) -> None:
    state = replace(active(), next_number=20)
    assert on_message(state, incoming("2", values={"7": first}), S)[1] == []


def test_an_ended_session_says_nothing_more() -> None:
    state, _ = log_out(active(), "goodbye", S)
    assert on_message(state, incoming("1", values={"112": "T"}), S) == (state, [])
    assert on_time(state, RULES, 99 * S) == (state, [])


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 20 * S)),
        st.tuples(st.sampled_from("0123456789WXAY"), st.integers(0, 3)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_numbers_rise_by_one_and_silence_is_bounded(
    events: list[tuple[str, int]],
) -> None:
    now_ns, received = 0, 1
    state = active()
    expected_number = state.next_number
    for kind, amount in events:
        sent: list[Outgoing] = []
        if kind == "wait":
            until_ns = now_ns + amount
            while state.phase is not Phase.ENDED and deadline_ns(state, RULES) <= until_ns:
                now_ns = max(now_ns, deadline_ns(state, RULES))
                before = state
                state, more = on_time(state, RULES, now_ns, has_missing=state.resend_ns is not None)
                assert more, f"nothing happened at the deadline of {before}"
                sent += more
            now_ns = until_ns
        else:
            received += 1 + amount
            values = {"112": "T", "7": "1", "16": "0", "58": "bye"}
            state, sent = on_message(
                state, incoming(kind, received, missed=amount, values=values), now_ns
            )
        for message in sent:
            if not message.is_duplicate:
                assert message.number == expected_number
                expected_number += 1
        assert state.next_number == expected_number
        if state.phase is Phase.ENDED:
            assert state.reason
            return
        assert now_ns - state.sent_ns <= RULES.heartbeat_s * S
        assert now_ns - state.heard_ns <= (RULES.heartbeat_s + 2 * RULES.grace_s) * S


def test_a_clock_that_is_put_back_puts_off_no_watching() -> None:
    state = active(7_200 * S)
    state, sent = on_time(state, RULES, 3_600 * S)
    assert (state.heard_ns, sent) == (3_600 * S, [])
    assert deadline_ns(state, RULES) == 3_610 * S
    state, sent = on_time(state, RULES, 3_612 * S)
    assert kinds(sent) == ["1"]
    state, _ = on_time(state, RULES, 3_614 * S)
    assert state.phase is Phase.ENDED
