"""Own the order in which every request passes what is not its route.

From outside in: a request is named first, so that whatever becomes of it can be spoken of; answers
of all that follow get their headers, also where something broke; browsers learn whether a page of
another origin may call, which they ask without credentials; who announces too much is refused
unread, who sends too slowly is cut; then it is asked who calls. Only then is a body read, and a
request that names a key carried out no more than once.
"""

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from serve.middleware.answer_headers import AnswerHeaders
from serve.middleware.bodies import MAX_BODY_BYTES, LengthGate, SlowBodyGate
from serve.middleware.cross_origin import CrossOrigin
from serve.middleware.front_door import FrontDoor
from serve.middleware.idempotency import Idempotency
from serve.middleware.request_id import RequestId
from serve.middleware.unforeseen import Unforeseen


def surround(
    app: FastAPI,
    *,
    origin: str,
    api_prefixes: tuple[str, ...],
    prefix: str,
    open_paths: frozenset[str],
    cors_origins: tuple[str, ...] = (),
    ends: bool = False,
) -> None:
    """Put around an application what its requests pass: see the parts for their arguments."""
    # The framework puts the last one added outermost.
    if not ends:
        app.add_middleware(Idempotency, prefix=prefix)
    # Given to FastAPI itself, the limit would stand before the gate and answer in plain text.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(FrontDoor, prefix=prefix, open_paths=open_paths, ends=ends)
    app.add_middleware(SlowBodyGate)
    app.add_middleware(LengthGate)
    if cors_origins:
        app.add_middleware(CrossOrigin, origins=cors_origins, api_prefixes=api_prefixes)
    app.add_middleware(Unforeseen)
    app.add_middleware(AnswerHeaders, origin=origin, api_prefixes=api_prefixes)
    app.add_middleware(RequestId)
