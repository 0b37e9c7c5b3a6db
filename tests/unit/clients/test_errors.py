"""Check that the client knows every code of the platform and that its errors survive pickling."""

import pickle

import pytest

import heliostat
from core import errors as platform
from heliostat.errors import error_from_problem


@pytest.mark.parametrize("kind", platform.all_error_classes(), ids=lambda kind: kind.code)
def test_every_code_of_the_platform_has_a_class_of_its_own_or_of_its_status(
    kind: type[platform.HeliostatError],
) -> None:
    problem = {
        "type": f"https://heliostat.dev/problems/{kind.code}",
        "status": kind.status,
        "detail": "a sentence",
    }
    error = error_from_problem(problem)
    assert error.code == kind.code
    assert type(error) is not heliostat.ApiError
    twin = getattr(heliostat, kind.__name__, None)
    if twin is not None and issubclass(twin, heliostat.ApiError):
        assert type(error) is twin


def test_errors_survive_pickling() -> None:
    error = error_from_problem({"type": "x/run-not-found", "status": 404, "run_id": "r1"}, 2.0, "q")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is heliostat.RunNotFound
    assert (again.context, again.retry_after_s, again.request_id) == ({"run_id": "r1"}, 2.0, "q")
    lost = pickle.loads(pickle.dumps(heliostat.Unreachable("gone", sent=False)))  # noqa: S301
    assert (str(lost), lost.sent) == ("gone", False)


def test_a_problem_without_a_type_goes_by_its_status() -> None:
    assert type(error_from_problem({"status": 418})) is heliostat.ApiError
    assert type(error_from_problem({"status": 504})) is heliostat.Unavailable
    assert str(error_from_problem({"status": 500})) == "The API answered 500."
