"""Own the typed answers about runs, backends and webhooks."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, get_args

from pydantic import Field

from heliostat.models import Model, OpenModel

ResultForm = Literal["json", "csv", "parquet", "qpy"]
RESULT_FORMS: tuple[ResultForm, ...] = get_args(ResultForm)


class RunStatus(StrEnum):
    """Name the states of a run; the last three are final."""

    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}


class Run(Model):
    """Hold one run as the API stores it.

    `problem` is what was solved, from which anyone can recompute the optimum; `plan` is how, with
    the backend and why it was chosen; `result` is the answer; `error` is the problem object of a
    failed run. `waiting_for` says why a run that is not finished does not go on. Problem, plan and
    result are None in lists, the problem also in the last event of a run.
    """

    run_id: str
    kind: str
    status: RunStatus
    specification: dict[str, Any] = Field(default_factory=dict)
    problem: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    backend: str | None = None
    seed: int | None = None
    code_version: str | None = None
    vintage: str | None = None
    submitted_by: str | None = None
    priority: int = 0
    deadline: datetime | None = None
    labels: tuple[str, ...] = ()
    waiting_for: str | None = None
    cancel_requested: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed_s: float | None = None


class RunPage(Model):
    """Hold one page of runs, newest first; `next_before` is None on the last one."""

    items: tuple[Run, ...]
    next_before: str | None = None


class RunEvent(Model):
    """Record one step in the life of a run: when, who, what and why.

    `sequence` counts from 1 without holes. The last event that a stream brings carries the `run`.
    """

    run_id: str
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    who: str | None = None
    why: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)
    run: Run | None = None


class Chunk(Model):
    """Hold how one chunk of a run went; `error` is None if it has a result."""

    stage: str
    index: int
    elapsed_s: float
    waited_s: float = 0.0
    attempts: int = 1
    worker: str = ""
    error: dict[str, Any] | None = None
    snapshot_id: str | None = None


class Trial(Model):
    """Tell what a run would be, had it been submitted; `estimated_s` is on one core."""

    kind: str
    specification: dict[str, Any]
    backend: str
    method: str | None = None
    estimated_s: float
    why: str
    choice: dict[str, Any] = Field(default_factory=dict)
    qubits: int
    points: int
    shots: int
    plan: str
    limits: dict[str, int] = Field(default_factory=dict)


class Backend(OpenModel):
    """Hold what a run may be carried out on; `qubits` is None where the method decides.

    `type` is simulator, noisy_simulator or hardware; `status` online or offline.
    """

    backend: str
    family: str
    type: str
    description: str
    qubits: int | None = None
    status: str = "online"
    reason: str | None = None
    queue_length: int | None = None
    source: str | None = None


class Webhook(Model):
    """Hold where the organisation is told that runs have ended.

    `secret` signs the messages; it is told once, when the webhook is added.
    """

    webhook_id: str
    url: str
    created_at: datetime
    secret: str | None = Field(default=None, repr=False)


class WebhookDelivery(Model):
    """Hold one message to one webhook; `state` is pending, delivered or given_up."""

    delivery_id: str
    webhook_id: str
    event: str
    run_id: str | None = None
    kind: str | None = None
    status: RunStatus | None = None
    created_at: datetime
    state: str
    attempts: int
    next_attempt_at: datetime | None = None
    answered: int | None = None
    error: str | None = None
    finished_at: datetime | None = None


class WebhookDeliveryPage(Model):
    """Hold one page of deliveries, newest first; `next_before` is None on the last one."""

    items: tuple[WebhookDelivery, ...]
    next_before: str | None = None
