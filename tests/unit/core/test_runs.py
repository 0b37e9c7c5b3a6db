"""Check the vocabulary of runs."""

from core.runs import RunStatus


def test_the_last_three_states_are_final() -> None:
    assert [status.is_final for status in RunStatus] == [False, False, False, True, True, True]
    assert list(RunStatus)[3:] == [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED]
