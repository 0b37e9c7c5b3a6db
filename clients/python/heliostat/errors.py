"""Own every error that the client raises.

HeliostatError
├── NotConfigured             no address or no key was given or found
├── NotSignedIn               the login on this machine is over, or there is none
├── SignInFailed              a sign-in was refused, or took too long
├── NotInstalled              an optional package is not there
├── Unreachable               no answer came: connection refused, lost or timed out
├── UnexpectedAnswer          the answer is not what the API promises
├── WebhookNotGenuine         a webhook's message was not signed by us, or is too old
├── RunNotSucceeded           the run ended otherwise than well; `run` holds it
│   ├── RunFailed
│   └── RunCancelled
└── ApiError                  the API answered with a problem (RFC 9457)
    ├── InvalidInput          422 invalid-input, and every other 400 or 422
    │   ├── SettlementFileRejected
    │   ├── PlanLimitExceeded
    │   ├── IdempotencyKeyReused
    │   └── UnknownInstrument
    ├── Unauthenticated       401
    ├── BudgetExhausted       402
    ├── Forbidden             403
    ├── NotFound              404
    │   ├── UnknownProduct
    │   ├── RunNotFound
    │   ├── CurveNotFound
    │   ├── BookNotFound
    │   └── ForecastNotFound
    ├── Conflict              409
    │   ├── RunAlreadyFinished
    │   ├── ResultNotReady
    │   ├── ModelNotReady
    │   ├── SettlementsChanged
    │   ├── BookExists
    │   └── BookChanged
    ├── PayloadTooLarge       413
    ├── RateLimited           429
    │   └── TooManyRuns
    └── ServerError           5xx
        └── Unavailable       502, 503, 504 and what a gateway says in their place
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from heliostat.runs import Run


class HeliostatError(Exception):
    """Be the root of every error of this package; `str()` of it is one sentence."""


class NotConfigured(HeliostatError):
    """Raised when no address or no key was given or found."""


class NotSignedIn(HeliostatError):
    """Raised when the login stored for an address is over, or there is none."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"Nobody is signed in at {self.url}."


class SignInFailed(HeliostatError):
    """Raised when a sign-in was refused in the browser, or took too long."""


class NotInstalled(HeliostatError):
    """Raised when something needs packages that are optional; says how to install them."""

    def __init__(self, packages: tuple[str, ...], extra: str) -> None:
        super().__init__(packages, extra)
        self.packages = packages
        self.extra = extra

    def __str__(self) -> str:
        named = " and ".join(self.packages)
        missing = "are" if len(self.packages) > 1 else "is"
        return f"{named} {missing} not installed: pip install 'heliostat[{self.extra}]'."


class Unreachable(HeliostatError):
    """Raised when no answer came.

    `sent` is False if the request surely never left, so that repeating it is always safe.
    """

    def __init__(self, message: str, sent: bool = True) -> None:
        super().__init__(message, sent)
        self.sent = sent

    def __str__(self) -> str:
        return str(self.args[0])


class UnexpectedAnswer(HeliostatError):
    """Raised when the answer is not what the API promises."""


class WebhookNotGenuine(HeliostatError):
    """Raised when a webhook's message was not signed by us, or too long ago."""


class RunNotSucceeded(HeliostatError):
    """Raised when a run ended otherwise than well; `run` holds it."""

    def __init__(self, run: "Run") -> None:
        super().__init__(run)
        self.run = run

    def __str__(self) -> str:
        reason = (self.run.error or {}).get("detail")
        return f"Run {self.run.run_id} {self.run.status}" + (f": {reason}" if reason else ".")


class RunFailed(RunNotSucceeded):
    """Raised when a run failed."""


class RunCancelled(RunNotSucceeded):
    """Raised when a run was cancelled."""


class ApiError(HeliostatError):
    """Raised when the API answered with a problem.

    `code` is the last segment of the problem's type, `context` its members beside the standard
    ones (such as field, reason, file, row, column), `retry_after_s` what the API asked to wait,
    `request_id` what the logs of the stack call the request.
    """

    codes: ClassVar[frozenset[str]] = frozenset()
    statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(
        self,
        code: str,
        status: int,
        detail: str,
        context: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(code, status, detail, context, retry_after_s, request_id)
        self.code = code
        self.status = status
        self.detail = detail
        self.context = dict(context or {})
        self.retry_after_s = retry_after_s
        self.request_id = request_id

    def __str__(self) -> str:
        return self.detail


class InvalidInput(ApiError):
    """Raised when a value breaks a rule; `context` names the field and the reason."""

    statuses = frozenset({400, 422})


class SettlementFileRejected(InvalidInput):
    """Raised when a settlement file holds a bad cell; `context` has file, row and column."""

    codes = frozenset({"settlement-file-rejected"})
    statuses = frozenset()


class PlanLimitExceeded(InvalidInput):
    """Raised when the plan allows less; `context` has field, value, limit and plan."""

    codes = frozenset({"plan-limit-exceeded"})
    statuses = frozenset()


class IdempotencyKeyReused(InvalidInput):
    """Raised when an idempotency key returns with another body."""

    codes = frozenset({"idempotency-key-reused"})
    statuses = frozenset()


class ModelNotApplicable(InvalidInput):
    """Raised when a model cannot take what there is; `reason` says what to use instead."""

    codes = frozenset({"model-not-applicable"})
    statuses = frozenset()


class HistoryTooShort(InvalidInput):
    """Raised when an estimate has `found` observations and needs `needed`."""

    codes = frozenset({"history-too-short"})
    statuses = frozenset()


class UnknownInstrument(InvalidInput):
    """Raised when a contract is of no known product, or does not trade; `instrument` names it."""

    codes = frozenset({"unknown-instrument"})
    statuses = frozenset()


class Unauthenticated(ApiError):
    """Raised when the key is missing or not valid."""

    statuses = frozenset({401})


class BudgetExhausted(ApiError):
    """Raised when the month's seconds of quantum hardware are used up."""

    codes = frozenset({"budget-exhausted"})
    statuses = frozenset({402})


class Forbidden(ApiError):
    """Raised when the key is valid but may not do this."""

    statuses = frozenset({403})


class NotFound(ApiError):
    """Raised when the thing named does not exist for this key."""

    statuses = frozenset({404})


class UnknownProduct(NotFound):
    """Raised when a product code is not known."""

    codes = frozenset({"unknown-product"})
    statuses = frozenset()


class RunNotFound(NotFound):
    """Raised when no run has the id."""

    codes = frozenset({"run-not-found"})
    statuses = frozenset()


class CurveNotFound(NotFound):
    """Raised when no settlement of the product exists at or before the date."""

    codes = frozenset({"curve-not-found"})
    statuses = frozenset()


class BookNotFound(NotFound):
    """Raised when there is no book of the name."""

    codes = frozenset({"book-not-found"})
    statuses = frozenset()


class ForecastNotFound(NotFound):
    """Raised when no forecast of the product was published for the date or before."""

    codes = frozenset({"forecast-not-found"})
    statuses = frozenset()


class Conflict(ApiError):
    """Raised when what is stored forbids the request."""

    statuses = frozenset({409})


class RequestInProgress(Conflict):
    """Raised when the same request is being carried out already; the client waits for its end."""

    codes = frozenset({"request-in-progress"})
    statuses = frozenset()


class AnswerLost(Conflict):
    """Raised when a request had an effect and its answer was lost: see what is there."""

    codes = frozenset({"answer-lost"})
    statuses = frozenset()


class RunAlreadyFinished(Conflict):
    """Raised when a finished run is asked to change."""

    codes = frozenset({"run-already-finished"})
    statuses = frozenset()


class ResultNotReady(Conflict):
    """Raised when a run has no result, or none in the form asked for."""

    codes = frozenset({"result-not-ready"})
    statuses = frozenset()


class ModelNotReady(Conflict):
    """Raised when a product's model has nothing to say yet; `reason` tells what it waits for."""

    codes = frozenset({"model-not-ready"})
    statuses = frozenset()


class SettlementsChanged(Conflict):
    """Raised when an import holds another price for a stored key and `revise` was not asked."""

    codes = frozenset({"settlements-changed"})
    statuses = frozenset()


class BookExists(Conflict):
    """Raised when a book is to be made under a name that is taken."""

    codes = frozenset({"book-exists"})
    statuses = frozenset()


class BookChanged(Conflict):
    """Raised when a book is at another `version` than the one that was to be replaced."""

    codes = frozenset({"book-changed"})
    statuses = frozenset()


class BodyTooSlow(ApiError):
    """Raised when the body came so slowly that the API did not wait for its end."""

    statuses = frozenset({408})


class PayloadTooLarge(ApiError):
    """Raised when the body is larger than the endpoint takes."""

    statuses = frozenset({413})


class RateLimited(ApiError):
    """Raised when too many requests came; `retry_after_s` says when to try again."""

    statuses = frozenset({429})


class TooManyRuns(RateLimited):
    """Raised when the plan allows no more unfinished runs."""

    codes = frozenset({"too-many-runs"})
    statuses = frozenset()


class ServerError(ApiError):
    """Raised when the API failed; the same request may fail again."""


class Unavailable(ServerError):
    """Raised when the API or a source behind it cannot answer now; trying later may work."""

    codes = frozenset({"source-unavailable", "feed-disconnected"})
    statuses = frozenset({502, 503, 504})


_STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "instance"})


def error_from_problem(
    problem: Mapping[str, Any],
    retry_after_s: float | None = None,
    request_id: str | None = None,
) -> ApiError:
    """Return the typed error of a problem object: by its code, else by its status."""
    status = int(problem.get("status", 500))
    code = str(problem.get("type", "about:blank")).rstrip("/").rpartition("/")[2]
    detail = str(problem.get("detail") or problem.get("title") or f"The API answered {status}.")
    context = {key: value for key, value in problem.items() if key not in _STANDARD_MEMBERS}
    return _class_of(code, status)(code, status, detail, context, retry_after_s, request_id)


def _class_of(code: str, status: int) -> type[ApiError]:
    kinds = list(_descendants(ApiError))
    for kind in kinds:
        if code in kind.codes:
            return kind
    for kind in kinds:
        if status in kind.statuses:
            return kind
    return ServerError if status >= 500 else ApiError


def _descendants(root: type[ApiError]) -> Iterator[type[ApiError]]:
    for child in root.__subclasses__():
        yield child
        yield from _descendants(child)
