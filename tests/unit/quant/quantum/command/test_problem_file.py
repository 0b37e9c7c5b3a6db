"""Read problem files, and refuse what is none with the name of what is wrong."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.quantum.command.problem_file import parse_problem

GOOD: dict[str, Any] = {
    "mu": [0.5, -1, 2e-1],
    "sigma": [[1, 0.5, 0], [0.5, 2, 0.25], [0, 0.25, 3]],
    "q": 0.5,
    "k": 2,
}


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_problem("p.json", text.encode())
    return caught.value.detail


def changed(**values: Any) -> str:
    return json.dumps(GOOD | values)


def test_numbers_are_taken_as_they_are() -> None:
    problem = parse_problem("p.json", json.dumps(GOOD).encode())
    np.testing.assert_array_equal(problem.mu, [0.5, -1.0, 0.2])
    np.testing.assert_array_equal(problem.sigma, np.array(GOOD["sigma"]))
    assert (problem.q, problem.k) == (0.5, 2)


@pytest.mark.parametrize("key", ["mu", "sigma", "q", "k"])
def test_a_missing_key_is_named(key: str) -> None:
    text = json.dumps({name: value for name, value in GOOD.items() if name != key})
    assert refusal(text) == f"{key}: expected a value, was absent"


def test_an_unknown_key_is_named() -> None:
    assert refusal(changed(Q=1)) == "Q: unknown key; known are mu, sigma, q, k"


def test_a_key_stands_once() -> None:
    assert refusal('{"q": 1, "q": 2}') == "q: stands twice"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"mu": [0.5, float("nan"), 0.2]}, "mu"),
        ({"mu": [0.5, 10**400, 0.2]}, "mu"),
        ({"mu": [0.5, "1", 0.2]}, "mu"),
        ({"mu": [0.5, None, 0.2]}, "mu"),
        ({"mu": 0.5}, "mu"),
        ({"mu": [[0.5, -1, 0.2]]}, "mu"),
        ({"sigma": [[1, 0], [0, 1]]}, "sigma"),
        ({"sigma": [[1, 0, 0], [0, 1], [0, 0, 1]]}, "sigma"),
        ({"sigma": [[1, 0.5, 0], [0.4, 2, 0], [0, 0, 3]]}, "sigma"),
        ({"sigma": {"rows": 3}}, "sigma"),
        ({"q": float("inf")}, "q"),
        ({"q": [0.5]}, "q"),
        ({"q": True}, "q"),
        ({"k": 0}, "k"),
        ({"k": 3}, "k"),
        ({"k": 1.5}, "k"),
        ({"k": False}, "k"),
        ({"mu": [1], "sigma": [[1]], "k": 1}, "n"),
    ],
)
def test_a_bad_value_is_named(values: dict[str, Any], field: str) -> None:
    assert refusal(changed(**values)).startswith(f"{field}: expected ")


@pytest.mark.parametrize("text", ["[1]", "3", "null"])
def test_other_json_is_refused(text: str) -> None:
    assert refusal(text) == "p.json: expected an object of mu, sigma, q, k"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_is_not_json_is_named(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^p\.json: expected JSON: "):
        parse_problem("p.json", content)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_any_json_is_read_or_refused(value: Any) -> None:
    for key in GOOD:
        try:
            parse_problem("p.json", changed(**{key: value}).encode())
        except InvalidInput:
            continue
