"""Own how every process logs: one JSON object a line, without secrets and the values of locals."""

import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any

import structlog

from core.masking import masked


def processors() -> list[structlog.typing.Processor]:
    """Return the steps from what is logged to its line."""
    # Rich tracebacks would print local variables, and with them keys and database addresses.
    plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(plain),
        _without_secrets,
        structlog.processors.JSONRenderer(),
    ]


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = masked(dict(event))
    return found


@cache
def _configure() -> None:
    structlog.configure(
        processors=processors(),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger(room: str) -> Any:
    """Return a logger whose lines name the module; the first one sets logging up."""
    _configure()
    return structlog.get_logger(room=room)
