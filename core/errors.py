"""Own every error that crosses a room or a process.

HeliostatError
├── InvalidInput            a value of the caller breaks a rule (422)
├── SettlementFileRejected  a settlement file holds a bad cell (422)
├── NotFound                (404)
├── UnknownProduct          (404)
├── RunNotFound             (404)
├── CurveNotFound           (404)
├── BookNotFound            (404)
├── ForecastNotFound        no forecast of the product was published by then (404)
├── ModelNotApplicable      a model cannot take these prices, such as logs of negative ones (422)
├── HistoryTooShort         an estimate needs more observations than there are (422)
├── UnknownInstrument       a book or request names a contract nobody lists (422)
├── RunAlreadyFinished      (409)
├── SettlementsChanged      a stored price differs and no revision was asked for (409)
├── BookExists              a book of this name is kept already (409)
├── BookChanged             another version came between reading a book and replacing it (409)
├── IdempotencyKeyReused    same key, other body (422)
├── PlanLimitExceeded       more than the organisation's plan allows (422)
├── TooManyRuns             the plan allows no more unfinished runs (429)
├── ResultNotReady          the run has no result, or not in this form (409)
├── ModelNotReady           a product's model has nothing to say yet (409)
├── Unauthenticated         (401)
├── TokenRefused            the token of the stack's Ray cannot be used (401)
├── FormRefused             a form did not come from our own page in this browser (403)
├── PayloadTooLarge         (413)
├── SourceUnavailable       a vendor or store cannot answer now (503)
├── FeedDisconnected        a feed's connection ended (503)
├── BadFrame                a venue sent bytes that its protocol does not allow (502)
├── JournalCorrupt          a journal is damaged before its end (500)
├── RunFailed               a run cannot be finished
├── ChunkFailed             a chunk of a run fails whenever it is tried
├── DeadlineMissed          a run was not finished when it was last wanted
├── BackendUnavailable      a quantum backend cannot take work now (503)
├── BudgetExhausted         the month's seconds of quantum hardware are used up (402)
└── StackError              the local stack cannot start; the message says what to do

Every class takes context keywords only, so that pickling rebuilds it exactly.
"""

from typing import Any, ClassVar


class HeliostatError(Exception):
    """Carry a stable code, a sentence for people, and the context it was built from."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong."

    def __init__(self, **context: Any) -> None:
        self.context = context
        super().__init__(self.sentence.format_map(context))

    @property
    def detail(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.context))


def _rebuild(kind: type[HeliostatError], context: dict[str, Any]) -> HeliostatError:
    return kind(**context)


class InvalidInput(HeliostatError):
    """Raised when a value of the caller breaks a rule; `field` names it."""

    code = "invalid-input"
    status = 422
    sentence = "{field}: {reason}"

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(field=field, reason=reason)


class SettlementFileRejected(HeliostatError):
    """Raised when a settlement file holds a bad cell; `row` counts data rows from 1, 0 = header."""

    code = "settlement-file-rejected"
    status = 422
    sentence = "{file}, row {row}, column {column}: {reason}"

    def __init__(self, *, file: str, row: int, column: str, reason: str) -> None:
        super().__init__(file=file, row=row, column=column, reason=reason)


class NotFound(HeliostatError):
    """Raised when the thing named does not exist for this caller."""

    code = "not-found"
    status = 404
    sentence = "{what} {name} does not exist."

    def __init__(self, *, what: str, name: str) -> None:
        super().__init__(what=what, name=name)


class UnknownProduct(HeliostatError):
    """Raised when a product code is not in the registry."""

    code = "unknown-product"
    status = 404
    sentence = "Product {product} is unknown; known are {known}."

    def __init__(self, *, product: str, known: str) -> None:
        super().__init__(product=product, known=known)


class RunNotFound(HeliostatError):
    """Raised when no run of this organisation has the id."""

    code = "run-not-found"
    status = 404
    sentence = "Run {run_id} does not exist."

    def __init__(self, *, run_id: str) -> None:
        super().__init__(run_id=run_id)


class CurveNotFound(HeliostatError):
    """Raised when no settlement of the product exists at or before the date."""

    code = "curve-not-found"
    status = 404
    sentence = "No curve of {product} from {source} at or before {as_of}."

    def __init__(self, *, product: str, source: str, as_of: str) -> None:
        super().__init__(product=product, source=source, as_of=as_of)


class BookNotFound(HeliostatError):
    """Raised when the organisation keeps no book of the name."""

    code = "book-not-found"
    status = 404
    sentence = "Book {name} does not exist."

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


class ForecastNotFound(HeliostatError):
    """Raised when no forecast of the product was made of settlements of the date or before."""

    code = "forecast-not-found"
    status = 404
    sentence = "No forecast of {product} from {source} as of {as_of} or before."

    def __init__(self, *, product: str, source: str, as_of: str) -> None:
        super().__init__(product=product, source=source, as_of=as_of)


class ModelNotApplicable(HeliostatError):
    """Raised when a model cannot take its input; `reason` says what to use instead.

    `field` names the input where it is one alone.
    """

    code = "model-not-applicable"
    status = 422
    sentence = "{model}: {reason}"

    def __init__(self, *, model: str, reason: str, field: str | None = None) -> None:
        named = {} if field is None else {"field": field}
        super().__init__(model=model, reason=reason, **named)


class HistoryTooShort(HeliostatError):
    """Raised when an estimate needs more observations than there are."""

    code = "history-too-short"
    status = 422
    sentence = "{subject} needs {needed} observations; there are {found}."

    def __init__(self, *, subject: str, needed: int, found: int) -> None:
        super().__init__(subject=subject, needed=needed, found=found)


class UnknownInstrument(HeliostatError):
    """Raised when a book or a request names a contract that is not listed on its day."""

    code = "unknown-instrument"
    status = 422
    sentence = "{instrument}: {reason}"

    def __init__(self, *, instrument: str, reason: str) -> None:
        super().__init__(instrument=instrument, reason=reason)


class RunAlreadyFinished(HeliostatError):
    """Raised when a finished run is asked to change."""

    code = "run-already-finished"
    status = 409
    sentence = "Run {run_id} is already {status}."

    def __init__(self, *, run_id: str, status: str) -> None:
        super().__init__(run_id=run_id, status=status)


class SettlementsChanged(HeliostatError):
    """Raised when an import holds another value for a stored key and revising was not asked."""

    code = "settlements-changed"
    status = 409
    sentence = (
        "{file}, row {row}, column {column}: {new} differs from the stored {stored} "
        "({changed} changed in all); repeat with --revise to keep both vintages."
    )

    def __init__(
        self,
        *,
        file: str,
        row: int,
        new: str,
        stored: str,
        changed: int,
        column: str = "settlement",
    ) -> None:
        super().__init__(file=file, row=row, column=column, new=new, stored=stored, changed=changed)


class BookExists(HeliostatError):
    """Raised when a book is to be made under a name that is taken."""

    code = "book-exists"
    status = 409
    sentence = "Book {name} exists already; replace its positions, or choose another name."

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


class BookChanged(HeliostatError):
    """Raised when a book is no longer at the version that was to be replaced or removed."""

    code = "book-changed"
    status = 409
    sentence = "Book {name} is at version {version}, not {expected}; read it again, then repeat."

    def __init__(self, *, name: str, version: int, expected: int) -> None:
        super().__init__(name=name, version=version, expected=expected)


class IdempotencyKeyReused(HeliostatError):
    """Raised when an idempotency key returns with another body."""

    code = "idempotency-key-reused"
    status = 422
    sentence = "Idempotency key {key} was used with another request."

    def __init__(self, *, key: str) -> None:
        super().__init__(key=key)


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


class ModelNotReady(HeliostatError):
    """Raised when a product's model has nothing to say yet; `reason` tells what it waits for."""

    code = "model-not-ready"
    status = 409
    sentence = "The model of {product} has no forecast yet: {reason}."

    def __init__(self, *, product: str, reason: str) -> None:
        super().__init__(product=product, reason=reason.removesuffix("."))


class Unauthenticated(HeliostatError):
    """Raised when no valid key came with the request."""

    code = "unauthenticated"
    status = 401
    sentence = "A valid key is needed: send it as 'Authorization: Bearer KEY'."

    def __init__(self) -> None:
        super().__init__()


class TokenRefused(HeliostatError):
    """Raised when the token of the stack's Ray cannot be read, or Ray knows another."""

    code = "token-refused"
    status = 401
    sentence = "Ray's token in {path} cannot be used: {reason}."

    def __init__(self, *, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class FormRefused(HeliostatError):
    """Raised when a form does not show that our own page in this browser sent it."""

    code = "form-refused"
    status = 403
    sentence = "This form was not taken: {reason}."

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason)


class PayloadTooLarge(HeliostatError):
    """Raised when a body is larger than the endpoint takes."""

    code = "payload-too-large"
    status = 413
    sentence = "The body holds more than {limit_bytes} bytes."

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(limit_bytes=limit_bytes)


class SourceUnavailable(HeliostatError):
    """Raised when a vendor or store cannot answer now; trying later may work."""

    code = "source-unavailable"
    status = 503
    sentence = "{source} cannot answer now: {reason}"

    def __init__(self, *, source: str, reason: str) -> None:
        super().__init__(source=source, reason=reason)


class FeedDisconnected(HeliostatError):
    """Raised inside a feed when its connection ends or its stream cannot be trusted."""

    code = "feed-disconnected"
    status = 503
    sentence = "The {venue} connection ended: {reason}"

    def __init__(self, *, venue: str, reason: str) -> None:
        super().__init__(venue=venue, reason=reason)


class BadFrame(HeliostatError):
    """Raised when a venue sends bytes that its protocol does not allow."""

    code = "bad-frame"
    status = 502
    sentence = "{venue} sent a bad frame: {reason}"

    def __init__(self, *, venue: str, reason: str) -> None:
        super().__init__(venue=venue, reason=reason)


class JournalCorrupt(HeliostatError):
    """Raised when a journal holds bytes that are no record although records follow them."""

    code = "journal-corrupt"
    status = 500
    sentence = "{path} is damaged at byte {offset}: {reason}"

    def __init__(self, *, path: str, offset: int, reason: str) -> None:
        super().__init__(path=path, offset=offset, reason=reason)


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


class StackError(HeliostatError):
    """Raised when the local stack cannot start or stop; `remedy` says what to do."""

    code = "stack"
    status = 500
    sentence = "{problem} {remedy}"

    def __init__(self, *, problem: str, remedy: str) -> None:
        super().__init__(problem=problem, remedy=remedy)


def all_error_classes(root: type[HeliostatError] = HeliostatError) -> list[type[HeliostatError]]:
    """List every error class below `root`, itself excluded, depth first."""
    found: list[type[HeliostatError]] = []
    for child in root.__subclasses__():
        found.append(child)
        found.extend(all_error_classes(child))
    return found
