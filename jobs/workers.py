"""Own what a worker process does with a task: find its body, unpack what is shared, time it.

A worker imports a body's room when it is first asked for; nothing else imports one.
"""

import importlib
import os
import platform
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def body_named(path: str) -> Callable[..., dict[str, Any]]:
    """Import `module:function` and return the function."""
    module, _, name = path.partition(":")
    body: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    return body


@cache
def worker_name() -> str:
    """Name this process and its host."""
    return f"{platform.node()}/{os.getpid()}"
