"""Ask the views over runs with SQL, through the command line."""

import csv
import json

import pytest

from heliostat import Client
from tests.on_ray.conftest import Stack

pytestmark = pytest.mark.ray

BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
COUNTS = "SELECT outcome, count FROM circuit_counts WHERE run_id = '{}' ORDER BY outcome"


@pytest.fixture(scope="module")
def counted(stack: Stack) -> tuple[str, dict[str, int]]:
    """Return a finished circuit run and its counts."""
    with stack.client() as client:
        run = client.submit("circuit", program=BELL, shots=1000)
        run = client.follow(run.run_id)
        (point,) = client.result(run.run_id)["counts"]
    return run.run_id, point["counts"]


def test_the_views_tell_what_the_api_tells(
    stack: Stack, counted: tuple[str, dict[str, int]]
) -> None:
    run_id, counts = counted
    answer = json.loads(stack.run("sql", COUNTS.format(run_id), "--json").stdout)
    assert {row["outcome"]: row["count"] for row in answer["items"]} == counts
    assert answer["is_whole"]
    rows = list(csv.reader(stack.run("sql", COUNTS.format(run_id), "--csv").stdout.splitlines()))
    assert rows == [["outcome", "count"], *([name, str(n)] for name, n in sorted(counts.items()))]


def test_more_rows_than_the_limit_are_said(stack: Stack) -> None:
    done = stack.run("sql", "SELECT generate_series(1, 5) AS n", "--limit", "2")
    assert done.stdout.split() == ["n", "1", "2"]
    assert "more than these 2 rows" in done.stderr


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("DELETE FROM runs", "expected a statement that answers with rows"),
        ("DELETE FROM runs RETURNING run_id", "read-only transaction"),
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("SELECT nothing FROM nowhere", '"nowhere" does not exist'),
    ],
)
def test_what_does_not_only_read_is_refused(
    query: str, reason: str, stack: Stack, client: Client, counted: tuple[str, dict[str, int]]
) -> None:
    done = stack.run("sql", query)
    assert done.returncode == 2
    assert reason in done.stderr
    assert client.run(counted[0]).run_id == counted[0]
