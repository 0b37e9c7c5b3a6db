"""Own the values of a fan-out and its port; imports no Ray, so that actors may use it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Name one task to run: which body, and its arguments after the shared one."""

    task: str
    index: int
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Hold what one task returned."""

    task: str
    index: int
    result: dict[str, Any]
    elapsed_s: float


class Fanout(Protocol):
    """Run pieces somewhere and yield each as it finishes; closing the iterator cancels the rest."""

    def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Finished]: ...
