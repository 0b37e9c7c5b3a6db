"""Own the problem files of the command line: one JSON object of `mu`, `sigma`, `q` and `k`."""

import json
from typing import Any

from core.errors import InvalidInput
from quant.subset_problem import SubsetProblem

KEYS = ("mu", "sigma", "q", "k")


def parse_problem(name: str, content: bytes) -> SubsetProblem:
    """Return the problem that a file states; nothing is scaled.

    Raises:
        InvalidInput: the content of the file `name` is not JSON, or not one object of exactly
            these keys, or a value breaks a rule of the problem.
    """
    try:
        values = json.loads(content.decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(field=name, reason=f"expected JSON: {error}") from None
    if not isinstance(values, dict):
        raise InvalidInput(field=name, reason=f"expected an object of {', '.join(KEYS)}")
    for key in values:
        if key not in KEYS:
            raise InvalidInput(field=key, reason=f"unknown key; known are {', '.join(KEYS)}")
    for key in KEYS:
        if key not in values:
            raise InvalidInput(field=key, reason="expected a value, was absent")
        _check_numbers(key, values[key])
    return SubsetProblem.from_json(values)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise InvalidInput(field=key, reason="stands twice")
        values[key] = value
    return values


def _check_numbers(key: str, value: Any) -> None:
    # numpy would also take texts and truths for numbers
    if isinstance(value, list):
        for item in value:
            _check_numbers(key, item)
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = json.dumps(value)
        raise InvalidInput(field=key, reason=f"expected numbers, was {shown:.40}")
    try:
        float(value)
    except OverflowError:
        raise InvalidInput(field=key, reason="expected finite numbers only") from None
