"""Own what a worker process does with a task: find its body, unpack what is shared, time it.

A worker imports a body's module when it is first asked for; nothing else imports one. Imports no
Ray.
"""

import importlib
import os
import pickle
import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

Body = Callable[..., dict[str, Any]]
Content = bytes | NDArray[np.uint8]
"""A pickled value: bytes, or an array that is read where the object store holds it."""

NICENESS = 15
_KEPT = 4


@cache
def body_named(path: str) -> Body:
    """Import `module:function` and return the function."""
    module, _, name = path.partition(":")
    body: Body = getattr(importlib.import_module(module), name)
    return body


@cache
def worker_name() -> str:
    """Name this process and its host."""
    return f"{platform.node()}/{os.getpid()}"


@cache
def step_back() -> int:
    """Lower the priority of this process, once; return its niceness.

    Simulations take whatever the cores have left: actors and replicas, which answer people, and
    which have to be back soon after one of them was lost, go first.
    """
    return os.nice(max(0, NICENESS - os.nice(0)))


def packed(shared: Any) -> tuple[bytes, bytes]:
    """Return the digest of a value as bytes, and these."""
    content = pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL)
    return sha256(content).digest(), content


def _loaded(content: Content) -> Any:
    buffer = content if isinstance(content, bytes) else content.data
    return pickle.loads(buffer)  # noqa: S301 - our own bytes


class Unpacked:
    """Keep the last shared values of a process: one is unpacked once, not for each of its tasks.

    Bodies that are handed the same object again can keep what they made of it.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[bytes, Any] = OrderedDict()

    def of(self, digest: bytes, content: Content) -> Any:
        """Return the value of these bytes."""
        if digest not in self._values:
            self._values[digest] = _loaded(content)
        self._values.move_to_end(digest)
        while len(self._values) > _KEPT:
            self._values.popitem(last=False)
        return self._values[digest]


_unpacked = Unpacked()


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what one piece of a task returned, or the error that it raised."""

    elapsed_s: float
    result: dict[str, Any] | None = None
    error: BaseException | None = None


def carry_out(
    path: str, digest: bytes, content: Content, pieces: Sequence[tuple[Any, ...]]
) -> tuple[str, list[Answer]]:
    """Run the body of this name on each piece; return the worker's name, and an answer for each.

    Importing and unpacking are not the bodies' time. The error of a piece on its own is raised, so
    that its task counts as failed; among others it is an answer, and these go on.
    """
    body = body_named(path)
    shared = _unpacked.of(digest, content)
    return worker_name(), [_answer(body, shared, one, len(pieces) == 1) for one in pieces]


def _answer(body: Body, shared: Any, arguments: tuple[Any, ...], is_alone: bool) -> Answer:
    started = time.perf_counter()
    try:
        result = body(shared, *arguments)
    except Exception as error:  # one piece that fails must not take its neighbours along
        if is_alone:
            raise
        return Answer(time.perf_counter() - started, error=_picklable(error))
    return Answer(time.perf_counter() - started, result)


def _picklable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what we have just written
    except Exception:  # classes from anywhere may fail to travel in any way
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
