"""Own the reading of answers and the writing of addresses: typed models, problems, parameters."""

from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from heliostat.effects import Call, Flow, Reply, open_call, read_all
from heliostat.errors import ApiError, UnexpectedAnswer, error_from_problem
from heliostat.sse import json_object

T = TypeVar("T")

PROBLEM_TYPE = "application/problem+json"
NOTHING_LEFT = 204
"""Be the answer where a stream has ended before the event that it would resume after."""


def parse(adapter: TypeAdapter[T], value: Any) -> T:
    """Return the typed answer.

    Raises:
        UnexpectedAnswer: the value does not have the promised shape.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"The API's answer has another shape at {where or 'its top'}: {first['msg']}"
        raise UnexpectedAnswer(message) from error


def open_checked(call: Call, media_type: str | None = None) -> Flow[Reply]:
    reply = yield from open_call(call)
    if not 200 <= reply.status < 300:
        raise _error_of(reply, (yield from read_all()))
    if media_type not in (None, reply.media_type) and reply.status != NOTHING_LEFT:
        message = f"Expected {media_type} from {call.path}, was {reply.media_type or 'nothing'}."
        raise UnexpectedAnswer(message)
    return reply


def _error_of(reply: Reply, body: bytes) -> ApiError:
    wait_s = _seconds(reply.headers.get("retry-after"))
    request_id = reply.headers.get("x-request-id")
    if reply.media_type == PROBLEM_TYPE:
        try:
            problem = {"status": reply.status} | json_object(body)
            return error_from_problem(problem, wait_s, request_id)
        except UnexpectedAnswer:
            pass
    # HAProxy turns its own 502, 503 and 504 into a plain 500, so a 500 that is not a problem of
    # the API means that the API itself was not reached.
    status = 502 if reply.status == 500 else reply.status
    return error_from_problem({"status": status}, wait_s, request_id)


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.strip().isdecimal() else None


def segment(text: str) -> str:
    return quote(text, safe="")


def query(**values: object) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in values.items()
        if value is not None
    )
