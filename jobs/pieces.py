"""Own the values of a fan-out and its port; imports no Ray, so that actors may use it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from core.runs import BackendSnapshot


class Target(StrEnum):
    """Name where a piece is carried out: as a Ray task, or by the actor that holds the QPU."""

    TASKS = "tasks"
    QPU = "qpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Describe one chunk of work: `stage` and `index` name it within its run.

    `task` names the body in the table of `jobs.remote`, `arguments` follow the shared one. Where
    the target is the QPU, `task` names the primitive and `arguments` is one mapping.
    `estimated_s` is what the cost model expects, None where it has no opinion.
    """

    stage: str
    index: int
    task: str
    arguments: tuple[Any, ...]
    target: Target = Target.TASKS
    estimated_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Hold what one piece returned, and how that came about.

    `snapshot` is the backend as it was when the piece was claimed, None where the plan tells.
    """

    stage: str
    index: int
    result: dict[str, Any]
    elapsed_s: float
    waited_s: float = 0.0
    attempts: int = 1
    worker: str = ""
    snapshot: BackendSnapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Hold a piece that failed whenever it was tried; the others of its run go on."""

    stage: str
    index: int
    error: dict[str, Any]
    attempts: int


Outcome = Finished | Broken
Done = Mapping[tuple[str, int], dict[str, Any]]
"""Map (stage, index) to the result of each finished chunk of a run."""


class Fanout(Protocol):
    """Carry pieces out somewhere and yield each as it ends; closing the iterator cancels the rest.

    Raises SourceUnavailable where carrying out is not possible now; what was yielded stays done.
    """

    def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]: ...


class TaskFanout(Fanout, Protocol):
    """Carry pieces out on workers that start cold."""

    async def warm(self) -> None:
        """Get workers ready before a run has to wait for that."""
        ...
