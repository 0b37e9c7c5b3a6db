"""Check that no secret of ours reaches a line of a log, wherever in an event it stands."""

import base64
import io
import json
import random
import secrets
from collections.abc import Callable
from typing import Any

import structlog

from core.api_keys import new_secret
from core.logs import processors

EVENTS = 10_000


def _signed(rng: random.Random) -> str:
    parts = ('{"alg":"Ed25519"}', json.dumps({"sub": rng.random()}), str(rng.random()))
    return ".".join(_encoded(one) for one in parts)


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _fail(secret: str, _rng: random.Random) -> dict[str, Any]:
    try:
        msg = f"could not use {secret} at once"
        raise ValueError(msg)
    except ValueError as error:
        return {"exc_info": error}


def _fail_behind(secret: str, rng: random.Random) -> dict[str, Any]:
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            msg = f"for {rng.random()}"
            raise RuntimeError(msg) from error
    except RuntimeError as error:
        return {"exc_info": error}


MADE: tuple[Callable[[random.Random], str], ...] = (
    lambda _: new_secret(),
    _signed,
    lambda _: secrets.token_urlsafe(32),
    lambda _: f"whsec_{secrets.token_urlsafe(24)}",
)
PLACED: tuple[Callable[[str, random.Random], dict[str, Any]], ...] = (
    lambda secret, _: {"reason": f"refused {secret}"},
    lambda secret, _: {"authorization": f"Bearer {secret}"},
    lambda secret, _: {"headers": [("authorization", f"Bearer {secret}"), ("host", "x")]},
    lambda secret, _: {"headers": {"Cookie": f"a=b; session={secret}"}},
    lambda secret, _: {"url": f"http://127.0.0.1/back?state=1&code={secret}#x"},
    lambda secret, _: {"database": f"postgres://app:{secret}@127.0.0.1:5432/x"},
    lambda secret, _: {"body": json.dumps({"refresh_token": secret})},
    lambda secret, _: {"body": f"grant_type=refresh_token&refresh_token={secret}".encode()},
    lambda secret, _: {"nested": {"deep": [{"deeper": (secret,)}]}},
    lambda secret, _: {secret: 1},
    lambda secret, _: {"error": ValueError(secret)},
    _fail,
    _fail_behind,
)


def test_ten_thousand_events_that_hold_secrets_tell_none(tell: Callable[[str], None]) -> None:
    rng = random.Random(38)
    output = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(output), processors=processors())
    given = []
    for number in range(EVENTS):
        secret = MADE[number % len(MADE)](rng)
        given.append(secret)
        place = PLACED[number // len(MADE) % len(PLACED)]
        logger.warning("request.refused", number=number, **place(secret, rng))
    written = output.getvalue()
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["number"] for line in lines] == list(range(EVENTS))
    told = [secret for secret in given if secret in written]
    tell(f"promise 38: {len(told)} of {EVENTS:,} secrets in as many log events were written")
    assert told == []


def test_a_traceback_is_kept_without_its_secret() -> None:
    output = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(output), processors=processors())
    key = new_secret()
    logger.error("x.failed", **_fail(key, random.Random(1)))
    (line,) = [json.loads(one) for one in output.getvalue().splitlines()]
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "at once" in line["exception"][0]["exc_value"]
    assert key not in output.getvalue()
