"""Own how scripts get to the Ray of a stack: its dashboard's address, its token, its answers.

Ray is imported when a connection is opened, so that the command line stays light.
"""

import asyncio
import logging
import shlex
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from cluster.local import launch
from cluster.local.job_startup.sitecustomize import reason, shadows
from cluster.local.ports import PortPlan
from core.errors import InvalidInput, NotFound, StackError, TokenRefused

_MILLISECONDS = 1000
_UNKNOWN = "Request failed with status code 404"


class JobStatus(StrEnum):
    """Name the states of a job; the last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        return self not in {JobStatus.PENDING, JobStatus.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold one submitted script; `message` is Ray's own word on its status."""

    job_id: str
    name: str
    status: JobStatus
    entrypoint: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None

    @property
    def elapsed_s(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Hold a script and the folder that is sent with it; `path` is relative to that folder."""

    folder: Path
    path: Path
    arguments: tuple[str, ...] = ()

    @property
    def entrypoint(self) -> str:
        return shlex.join(["python", str(self.path), *self.arguments])


class SubmissionClient(Protocol):
    """Be what `ray.job_submission.JobSubmissionClient` offers and this file uses."""

    def submit_job(
        self, *, entrypoint: str, runtime_env: dict[str, Any], metadata: dict[str, str]
    ) -> str: ...
    def get_job_info(self, job_id: str) -> Any: ...
    def list_jobs(self) -> list[Any]: ...
    def get_job_logs(self, job_id: str) -> str: ...
    def tail_job_logs(self, job_id: str) -> AsyncIterator[str]: ...
    def stop_job(self, job_id: str) -> bool: ...


def script(file: Path, folder: Path | None, arguments: Sequence[str]) -> Script:
    """Check that a script and its working directory, its own folder unless named, can be sent.

    Raises:
        InvalidInput: there is no such script, it lies elsewhere, or the folder hides our packages.
    """
    if file.suffix != ".py" or not file.is_file():
        raise InvalidInput(field="FILE", reason=f"expected a Python script, was {str(file)!r}")
    sent = (folder or file.parent).resolve()
    if not sent.is_dir():
        raise InvalidInput(field="--working-dir", reason=f"{folder} is no folder")
    if not file.resolve().is_relative_to(sent):
        raise InvalidInput(field="FILE", reason=f"it does not lie in the folder {folder}")
    hidden = shadows(sent)
    if hidden:
        raise InvalidInput(field="--working-dir", reason=f"{sent}: {reason(hidden)}")
    path = file.resolve().relative_to(sent)
    return Script(folder=sent, path=path, arguments=tuple(arguments))


class RayJobs:
    """Submit scripts to one Ray cluster and ask after them."""

    def __init__(self, client: SubmissionClient) -> None:
        self._client = client

    def submit(self, work: Script) -> str:
        """Send a script with its folder and return the id of the job.

        Raises:
            InvalidInput: Ray cannot take the folder, such as one of more than 500 MiB.
        """
        try:
            with _answers(""):
                return self._client.submit_job(
                    entrypoint=work.entrypoint,
                    runtime_env={"working_dir": str(work.folder)},
                    metadata={"job_name": work.path.name},
                )
        except ValueError as error:
            raise InvalidInput(field="--working-dir", reason=_first_line(error)) from error

    def get(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            NotFound: no script was submitted under this id.
        """
        with _answers(job_id):
            return _job(self._client.get_job_info(job_id))

    def newest(self, limit: int) -> list[Job]:
        """List the latest jobs, newest first; drivers that nobody submitted are left out."""
        with _answers(""):
            listed = self._client.list_jobs()
        found = [_job(details) for details in listed if details.submission_id]
        found.sort(key=lambda job: job.started_at or datetime.max.replace(tzinfo=UTC), reverse=True)
        return found[:limit]

    def logs(self, job_id: str) -> str:
        """Return what a job has printed so far.

        Raises:
            NotFound: no script was submitted under this id.
        """
        with _answers(job_id):
            return self._client.get_job_logs(job_id)

    def follow(self, job_id: str) -> Iterator[str]:
        """Yield what a job prints, from its first line until it ends.

        Raises:
            NotFound: no script was submitted under this id.
        """
        from aiohttp import ClientError

        self.get(job_id)
        printed = self._client.tail_job_logs(job_id)
        with asyncio.Runner() as runner, _answers(job_id):
            try:
                while (text := runner.run(_next(printed))) is not None:
                    yield text
            except ClientError as error:
                message = "The Ray of this stack went away."
                raise ConnectionError(message) from error

    def stop(self, job_id: str) -> bool:
        """Ask a job to end; return whether it was still running.

        Raises:
            NotFound: no script was submitted under this id.
        """
        with _answers(job_id):
            return self._client.stop_job(job_id)


async def _next(printed: AsyncIterator[str]) -> str | None:
    return await anext(printed, None)


def connect(data: Path | None) -> RayJobs:
    """Open the jobs of the stack that runs in a data directory.

    Raises:
        StackError: no stack runs there, or its Ray does not answer.
        TokenRefused: its token cannot be read, or Ray knows another.
    """
    chosen = launch.choose(data, None)
    state = launch.current(chosen)
    if state is None:
        raise StackError(
            problem=f"No stack runs in {chosen.paths.data}.",
            remedy="Start it with `heliostat up`, or name another folder with --data.",
        )
    path = chosen.paths.ray_token
    try:
        token = path.read_text()
    except PermissionError as error:
        raise TokenRefused(path=str(path), reason="only its owner may read it") from error

    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    # Ray tells of every package and socket; what matters comes as an answer or an error.
    for handler in logging.getLogger("ray").handlers:
        handler.setLevel(logging.WARNING)
    try:
        with _answers(""):
            client = JobSubmissionClient(
                f"http://127.0.0.1:{PortPlan(state.port).ray_dashboard}",
                headers={"Authorization": f"Bearer {token}"},
            )
    except AuthenticationError as error:
        raise TokenRefused(path=str(path), reason="Ray knows another") from error
    return RayJobs(client)


@contextmanager
def _answers(job_id: str) -> Iterator[None]:
    """Turn what Ray's client raises into errors of ours; it has no classes for most of them."""
    try:
        yield
    except OSError as error:
        raise StackError(
            problem="The Ray of this stack does not answer.", remedy="See `heliostat status`."
        ) from error
    except RuntimeError as error:
        if str(error).startswith(_UNKNOWN):
            raise NotFound(what="Job", name=job_id) from error
        raise StackError(problem=_first_line(error), remedy="See `heliostat logs ray`.") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _job(details: Any) -> Job:
    return Job(
        job_id=details.submission_id,
        name=(details.metadata or {}).get("job_name", ""),
        status=JobStatus(str(details.status).lower()),
        entrypoint=details.entrypoint,
        message=details.message or "",
        started_at=_moment(details.start_time),
        finished_at=_moment(details.end_time),
        exit_code=details.driver_exit_code,
    )


def _moment(milliseconds: int | None) -> datetime | None:
    if not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds / _MILLISECONDS, tz=UTC)
