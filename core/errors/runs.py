"""Own the errors that tell how runs are refused, fail and wait."""

from core.errors.base import HeliostatError


class RunNotFound(HeliostatError):
    """Raised when no run of this organisation has the id."""

    code = "run-not-found"
    status = 404
    sentence = "Run {run_id} does not exist."

    def __init__(self, *, run_id: str) -> None:
        super().__init__(run_id=run_id)


class RunAlreadyFinished(HeliostatError):
    """Raised when a finished run is asked to change."""

    code = "run-already-finished"
    status = 409
    sentence = "Run {run_id} is already {status}."

    def __init__(self, *, run_id: str, status: str) -> None:
        super().__init__(run_id=run_id, status=status)


class PlanLimitExceeded(HeliostatError):
    """Raised when a value is over a limit of the organisation's plan."""

    code = "plan-limit-exceeded"
    status = 422
    sentence = "{field}: {value} is more than the {limit} that the plan {plan} allows."

    def __init__(self, *, field: str, value: int, limit: int, plan: str) -> None:
        super().__init__(field=field, value=value, limit=limit, plan=plan)


class TooManyRuns(HeliostatError):
    """Raised when an organisation has as many unfinished runs as its plan allows."""

    code = "too-many-runs"
    status = 429
    sentence = "The plan {plan} allows {limit} unfinished runs; cancel one or wait for one to end."

    def __init__(self, *, plan: str, limit: int) -> None:
        super().__init__(plan=plan, limit=limit)


class ResultNotReady(HeliostatError):
    """Raised when a result is asked for that the run does not have."""

    code = "result-not-ready"
    status = 409
    sentence = "Run {run_id} is {status} and has no result in the form {form}."

    def __init__(self, *, run_id: str, status: str, form: str) -> None:
        super().__init__(run_id=run_id, status=status, form=form)


class RunFailed(HeliostatError):
    """Raised when a run cannot be finished; the reason is stored with it."""

    code = "run-failed"
    status = 500
    sentence = "Run {run_id} failed: {reason}"

    def __init__(self, *, run_id: str, reason: str) -> None:
        super().__init__(run_id=run_id, reason=reason)


class ChunkFailed(HeliostatError):
    """Raised when a chunk fails whenever it is tried; `attempts` counts how often it was."""

    code = "chunk-failed"
    status = 500
    sentence = "Chunk {index} of {stage} failed {attempts} times: {reason}"

    def __init__(self, *, stage: str, index: int, attempts: int, reason: str) -> None:
        super().__init__(stage=stage, index=index, attempts=attempts, reason=reason)


class DeadlineMissed(HeliostatError):
    """Raised when a run was not finished at the moment after which nobody wants it."""

    code = "deadline-missed"
    status = 500
    sentence = "The run was not finished by its deadline, {deadline}."

    def __init__(self, *, deadline: str) -> None:
        super().__init__(deadline=deadline)


class BackendUnavailable(HeliostatError):
    """Raised when a quantum backend cannot take work now; the run waits for it."""

    code = "backend-unavailable"
    status = 503
    sentence = "{backend} cannot take work now: {reason}"

    def __init__(self, *, backend: str, reason: str) -> None:
        super().__init__(backend=backend, reason=reason)


class BudgetExhausted(HeliostatError):
    """Raised when work would need more seconds of quantum hardware than the month has left."""

    code = "budget-exhausted"
    status = 402
    sentence = (
        "{needed_s} s of quantum hardware are needed, {left_s} s of the month's {budget_s} s are "
        "left."
    )

    def __init__(self, *, needed_s: int, left_s: int, budget_s: int) -> None:
        super().__init__(needed_s=needed_s, left_s=left_s, budget_s=budget_s)
