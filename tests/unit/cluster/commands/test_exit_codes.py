"""Check that every error ends with its documented exit code and one line."""

from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from cluster.commands.exit_codes import ErrorMappingGroup
from cluster.main import app
from core.errors import FeedDisconnected, HeliostatError, RunFailed, RunNotFound, StackError

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 2),
        (401, 4),
        (403, 4),
        (404, 5),
        (408, 3),
        (409, 2),
        (413, 2),
        (422, 2),
        (500, 1),
        (503, 3),
    ],
)
def test_an_answer_of_the_api_ends_with_its_code(api: "FakeApi", status: int, code: int) -> None:
    api.on_problem("GET", "/v1/products/CL/curve", status, "whatever", "One\n sentence.")
    result = api.run("curve", "CL")
    assert (result.exit_code, result.stderr) == (code, "heliostat: One sentence.\n")


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (500, "heliostat: One sentence. (request mine-1234)\n"),
        (422, "heliostat: One sentence.\n"),
    ],
)
def test_what_is_our_own_fault_can_be_found_in_the_logs(
    api: "FakeApi", status: int, line: str
) -> None:
    path = "/v1/products/CL/curve"
    api.on_problem("GET", path, status, "whatever", "One sentence.", "mine-1234")
    assert api.run("curve", "CL").stderr == line


def test_no_answer_says_how_to_start_the_stack(api: "FakeApi") -> None:
    api.on_refused("GET", "/v1/products/CL/curve")
    result = api.run("curve", "CL")
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "heliostat up" in result.stderr


def test_no_stack_in_the_folder_says_so(tmp_path: Any) -> None:
    result = CliRunner().invoke(app, ["curve", "CL", "--data", str(tmp_path)])
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "client.json does not exist" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StackError(problem="Port 8700 is taken.", remedy="Choose another with --port."), 3),
        (RunNotFound(run_id="r"), 5),
        (FeedDisconnected(venue="cme", reason="closed"), 3),
        (RunFailed(run_id="r", reason="x"), 1),
        (KeyboardInterrupt(), 130),
        (FileNotFoundError(2, "No such file or directory", "prices.csv"), 2),
    ],
)
def test_an_error_of_the_platform_ends_with_its_code(error: BaseException, code: int) -> None:
    toy = typer.Typer(cls=ErrorMappingGroup, rich_markup_mode=None)

    @toy.callback()
    def group() -> None: ...

    @toy.command()
    def work() -> None:
        raise error

    result = CliRunner().invoke(toy, ["work"])
    assert result.exit_code == code
    if isinstance(error, HeliostatError):
        assert result.stderr == f"heliostat: {error.detail}\n"


def test_a_bug_keeps_its_traceback() -> None:
    toy = typer.Typer(cls=ErrorMappingGroup, rich_markup_mode=None)

    @toy.callback()
    def group() -> None: ...

    @toy.command()
    def work() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(toy, ["work"]).exception, ZeroDivisionError)
