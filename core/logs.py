"""Own how every process logs: one JSON object a line, tracebacks without the values of locals."""

import sys
from functools import cache
from typing import Any

import structlog


@cache
def _configure() -> None:
    # Rich tracebacks would print local variables, and with them keys and database addresses.
    plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(plain),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger(room: str) -> Any:
    """Return a logger whose lines name the module; the first one sets logging up."""
    _configure()
    return structlog.get_logger(room=room)
