"""Check questions in SQL against a real database: one statement that reads, told or refused."""

from typing import TYPE_CHECKING

import pytest

from cluster.local.queries import answered
from core.errors import InvalidInput
from core.runs import DEFAULT_ORG

if TYPE_CHECKING:
    from storage.pool import Pools

pytestmark = pytest.mark.postgres


async def test_rows_are_told_up_to_the_limit(pools: "Pools") -> None:
    async with pools.read(DEFAULT_ORG) as connection:
        answer = await answered(connection, "SELECT n, 'a' AS a FROM generate_series(1, 3) AS n", 2)
    assert (answer.columns, answer.rows, answer.is_whole) == (
        ("n", "a"),
        [(1, "a"), (2, "a")],
        False,
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("SELECT secret FROM webhook_endpoints", "permission denied"),
        ("DELETE FROM runs RETURNING 1", "permission denied|read-only"),
        ("SET app.org_id = 'x'", "answers with rows"),
        ("SELECT '20000-01-01'::date", "range"),
        ("SELECT '20000-01-01'::timestamptz", "range"),
        ("SELECT 1/0", "division by zero"),
        ("", "answers with rows"),
    ],
)
async def test_what_is_no_question_is_refused(pools: "Pools", query: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        async with pools.read(DEFAULT_ORG) as connection:
            await answered(connection, query, 10)
    assert caught.value.context["field"] == "QUERY"
