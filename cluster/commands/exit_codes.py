"""Own what an error costs: the one place that turns errors into exit codes and one line each."""

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from cluster.commands.output import complain
from core.errors import HeliostatError, StackError

if TYPE_CHECKING:
    from heliostat import HeliostatError as ClientError

WORK_FAILED = 1
BAD_INPUT = 2
NO_STACK = 3
NOT_AUTHORISED = 4
NOT_FOUND = 5

_CODE_BY_STATUS = {
    400: BAD_INPUT,
    401: NOT_AUTHORISED,
    403: NOT_AUTHORISED,
    404: NOT_FOUND,
    408: NO_STACK,
    409: BAD_INPUT,
    413: BAD_INPUT,
    422: BAD_INPUT,
    502: NO_STACK,
    503: NO_STACK,
    504: NO_STACK,
}

EXIT_CODES = """\b
Exit codes:
  0    done
  1    the work failed: a run failed or was cancelled
  2    bad input: a value or a file
  3    the stack cannot be reached or started
  4    not authorised
  5    not found
  130  interrupted"""


def teach(*examples: str) -> str:
    """Return the end of a command's help: examples, then the exit codes."""
    shown = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{shown}\n\n{EXIT_CODES}"


class ErrorMappingGroup(TyperGroup):
    """End every command below it with the exit code of its error and one line on stderr.

    Errors of other kinds are our own bugs and keep their traceback.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is None:
                raise
            code, line = BAD_INPUT, f"{error.filename}: {error.strerror}"
        except HeliostatError as error:
            code, line = _of_platform(error)
        # Naming the client's errors would import the client even for `--help`.
        except Exception as error:  # what is not the client's is raised again
            from heliostat import HeliostatError as ClientError

            if not isinstance(error, ClientError):
                raise
            code, line = _of_client(error)
        complain(line)
        raise typer.Exit(code)


def _of_platform(error: HeliostatError) -> tuple[int, str]:
    if isinstance(error, StackError):
        return NO_STACK, error.detail
    return _CODE_BY_STATUS.get(error.status, WORK_FAILED), error.detail


def _of_client(error: "ClientError") -> tuple[int, str]:
    from heliostat import (
        ApiError,
        NotConfigured,
        NotSignedIn,
        SignInFailed,
        UnexpectedAnswer,
        Unreachable,
    )

    if isinstance(error, Unreachable | NotConfigured):
        return NO_STACK, f"{error} Start the stack with `heliostat up`."
    if isinstance(error, UnexpectedAnswer):
        return NO_STACK, str(error)
    if isinstance(error, NotSignedIn):
        return NOT_AUTHORISED, f"{error} Sign in with `heliostat login`."
    if isinstance(error, SignInFailed):
        return NOT_AUTHORISED, str(error)
    if isinstance(error, ApiError):
        # What is our own fault is found in the logs by the name of its request.
        told = error.status >= 500 and error.request_id is not None
        line = f"{error} (request {error.request_id})" if told else str(error)
        return _CODE_BY_STATUS.get(error.status, WORK_FAILED), line
    return WORK_FAILED, str(error)
