"""Check what a worker process does with a task, in this process."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput
from jobs.workers import Answer, Unpacked, body_named, carry_out, packed, worker_name

BODIES = __name__


class _Cursed(Exception):
    """Refuse to be built again from what was pickled."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


def double(shared: int, value: int) -> dict[str, Any]:
    return {"value": shared + 2 * value}


def refuse(shared: int, value: int) -> dict[str, Any]:
    if value == 1:
        raise InvalidInput(field="value", reason="one")
    if value == 2:
        raise _Cursed(reason="two")
    return {"value": value}


def carried(name: str, pieces: list[tuple[Any, ...]]) -> list[Answer]:
    digest, content = packed(5)
    sys.modules.setdefault("bodies_of_this_test", sys.modules[BODIES])
    worker, answers = carry_out(f"bodies_of_this_test:{name}", digest, content, pieces)
    assert worker == worker_name()
    return answers


def test_pieces_of_a_task_are_answered_in_order() -> None:
    answers = carried("double", [(1,), (2,), (3,)])
    assert [answer.result for answer in answers] == [{"value": 7}, {"value": 9}, {"value": 11}]
    assert all(answer.elapsed_s >= 0.0 and answer.error is None for answer in answers)


def test_a_process_steps_back_once() -> None:
    script = (
        "import os; from jobs.workers import NICENESS, step_back;"
        "assert step_back() == step_back() == os.nice(0) == max(NICENESS, os.nice(0))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_error_of_one_piece_leaves_the_others_alone() -> None:
    answers = carried("refuse", [(0,), (1,), (2,), (3,)])
    assert [answer.result for answer in answers] == [{"value": 0}, None, None, {"value": 3}]
    assert isinstance(answers[1].error, InvalidInput)
    assert str(answers[2].error) == "_Cursed: two"


def test_the_error_of_a_piece_on_its_own_is_the_tasks() -> None:
    with pytest.raises(InvalidInput, match="one"):
        carried("refuse", [(1,)])


def test_a_shared_value_is_unpacked_once_wherever_its_bytes_are() -> None:
    unpacked = Unpacked()
    digest, content = packed({"circuit": [1, 2]})
    first = unpacked.of(digest, content)
    assert first == {"circuit": [1, 2]}
    assert unpacked.of(digest, np.frombuffer(content, dtype=np.uint8)) is first
    others = [packed(number) for number in range(4)]
    assert [unpacked.of(*other) for other in others] == [0, 1, 2, 3]
    again = unpacked.of(digest, np.frombuffer(content, dtype=np.uint8))
    assert again == first
    assert again is not first


def test_naming_a_body_that_is_not_there_fails() -> None:
    with pytest.raises(AttributeError):
        body_named("jobs.workers:nothing")


def test_the_table_of_tasks_imports_no_body() -> None:
    code = (
        "import sys, jobs.fanout;"
        "print([name for name in ('qiskit', 'numba', 'scipy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_task_names_a_function() -> None:
    from jobs.remote import TASK_BODIES

    missing = []
    for name, path in TASK_BODIES.items():
        try:
            assert callable(body_named(path))
        except (ImportError, AttributeError) as error:
            missing.append(f"{name}: {error}")
    assert missing == []
