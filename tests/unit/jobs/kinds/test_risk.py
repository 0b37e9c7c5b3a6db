"""Check risk runs from a book to its measures, beside the answer of a single process."""

from typing import Any

import pytest

from core.books import Position
from core.errors import HistoryTooShort, InvalidInput, UnknownInstrument
from core.runs import RunKind
from core.specifications.risk import RiskSpecification
from jobs.kinds import kind_of
from jobs.plans import risk_paths
from jobs.plans.risk_books import LoadedBook, RiskWork, market_of
from jobs.tasks import risks
from quant.risk import monte_carlo
from quant.risk.book_risk import BookRisk, book_risk
from tests.risk_books import future, spread
from tests.risk_runs import ASKED, PATHS, carry_out, held, loaded, pose


def alone(values: dict[str, Any], book: LoadedBook) -> BookRisk:
    """Return the answer of one process, which keeps every path."""
    asked = RiskSpecification.checked(values)
    return book_risk(market_of(asked, book), asked, held=book.held)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"degrees_of_freedom": 4.0, "horizon_days": 5},
        {"method": "historical", "horizon_days": 5, "block_days": 2},
        {"method": "filtered", "horizon_days": 3},
        {"revaluation": "delta-gamma", "decay": 0.97},
    ],
    ids=str,
)
def test_ranges_of_blocks_give_the_answer_of_one_process(changes: dict[str, Any]) -> None:
    values, book = {**ASKED, **changes}, loaded(held())
    found = carry_out(values, book, edges=[0, 1, 4, 7])
    assert found.stages == [["draw"], ["report"]]
    expected = alone(values, book)
    for level, report in zip(found.result["levels"], expected.reports, strict=True):
        at_risk, shortfall = level["value_at_risk"], level["expected_shortfall"]
        assert at_risk["estimate"] == report.value_at_risk
        assert at_risk["error"] == report.value_at_risk_error
        assert shortfall["estimate"] == report.expected_shortfall
        assert shortfall["error"] == report.expected_shortfall_error
        parts = [part["value_at_risk"] for part in level["positions"]]
        assert parts == pytest.approx(report.by_position.value_at_risk, rel=1e-12, abs=1e-9)
        contracts = [part["expected_shortfall"] for part in level["contracts"]]
        expected_parts = report.by_factor.expected_shortfall
        assert contracts == pytest.approx(expected_parts, rel=1e-12, abs=1e-9)
    assert found.result["floored_scenarios"] == expected.reports[0].floored_scenarios


def test_parts_add_up_and_intervals_hold_the_estimate() -> None:
    result = carry_out(ASKED, loaded(held())).result
    for level in result["levels"]:
        for measure in ("value_at_risk", "expected_shortfall"):
            told = level[measure]
            assert told["low"] < told["estimate"] < told["high"]
            for kind in ("positions", "contracts"):
                total = sum(part[measure] for part in level[kind])
                assert total == pytest.approx(told["estimate"], rel=1e-9)
        assert [part["position"] for part in level["positions"]] == [1, 2, 3, 4]
    assert (
        result["levels"][0]["value_at_risk"]["estimate"]
        < (result["levels"][1]["value_at_risk"]["estimate"])
    )
    assert (result["version"], result["as_of"], result["scenarios"]) == (4, "2023-12-29", PATHS)
    assert result["sources"] == {"B": "import:made-up", "CL": "import:made-up"}
    assert result["estimated_volatilities"] == 1


def test_any_cut_gives_the_same_result() -> None:
    book = loaded(held(), [future("B-202404", 5)])
    results = [carry_out(ASKED, book, edges).result for edges in ([0, 7], [0, 2, 3, 7])]
    assert results[0] == results[1]


def test_what_would_be_added_meets_the_same_paths() -> None:
    trade: list[Position] = [future("CL-202403", -10)]
    book = loaded(held(), trade)
    result = carry_out(ASKED, book).result
    expected = alone(ASKED, book).increments
    for level, increment in zip(result["levels"], expected, strict=True):
        assert level["added"]["value_at_risk"] == increment.value_at_risk
        assert level["added"]["expected_shortfall"] == increment.expected_shortfall
        assert level["added"]["value_at_risk"] > 0.0  # the calls sold lose their hedge
    # random numbers are common: a book with nothing but what cancels has no risk added at all
    nothing = loaded(held(), [future("B-202406", 3), future("B-202406", -3)])
    for level in carry_out(ASKED, nothing).result["levels"]:
        assert level["added"]["value_at_risk"] == pytest.approx(0.0, abs=1e-6)


def test_a_chunk_that_kept_too_little_is_drawn_again() -> None:
    book = loaded(held())
    carried = carry_out(ASKED, book, edges=[0, 3, 7])
    posed = carried.posed
    work = RiskWork(specification=posed.specification, problem=posed.problem)  # type: ignore[arg-type]
    parts = [dict(carried.done["draw", index]) for index in range(2)]
    tail = risks._unpacked(parts[1], 0)
    few = {"paths": risks._packed(tail.paths[:5]), "profits": risks._packed(tail.profits[:5])}
    parts[1]["tails"] = [few]
    assert risks.report(work, [0, 3, 7], parts)["levels"] == carried.done["report", 0]["levels"]


def test_legs_that_have_expired_are_left_out_and_told() -> None:
    positions: list[Position] = [
        spread(2, CL_202403=1, CL_202312=-1),
        future("CL-202312", 5),
        future("CL-202405", 1),
    ]
    result = carry_out(ASKED, loaded(positions)).result
    assert result["expired"] == 2
    assert [part["position"] for part in result["levels"][0]["positions"]] == [1, 3]
    same = carry_out(ASKED, loaded([future("CL-202403", 2), future("CL-202405", 1)])).result
    assert result["levels"][0]["value_at_risk"] == same["levels"][0]["value_at_risk"]


@pytest.mark.parametrize(
    ("changes", "positions", "error"),
    [
        ({"strict": True}, [future("CL-202312", 5), future("CL-202405", 1)], UnknownInstrument),
        ({}, [future("CL-202312", 5)], InvalidInput),
        ({}, [future("CL-203012", 5)], UnknownInstrument),
        ({"paths": 1_000, "levels": [0.95, 0.9999]}, held(), HistoryTooShort),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_it_is_stored(
    changes: dict[str, Any], positions: list[Position], error: type[Exception]
) -> None:
    with pytest.raises(error):
        pose({**ASKED, **changes}, loaded(positions))
    with pytest.raises(InvalidInput, match="book"):
        kind_of(RunKind.RISK).pose(RiskSpecification.checked(ASKED), None, None)


def test_the_vintage_follows_prices_and_positions() -> None:
    kind, asked = kind_of(RunKind.RISK), RiskSpecification.checked(ASKED)
    first = kind.pose(asked, loaded(held()), None).vintage
    assert first is not None
    assert first.startswith("B=import:made-up,CL=import:made-up@2024-01-02T08:00:00+00:00#")
    assert kind.pose(asked, loaded(held()), None).vintage == first
    assert kind.pose(asked, loaded(held()[:-1]), None).vintage != first
    other = loaded(held())
    other.settled.by_product["CL"].history.settlements[-1, 1] += 0.5
    assert kind.pose(asked, other, None).vintage != first


def test_plans_group_whole_blocks() -> None:
    posed = pose({**ASKED, "paths": 10_000_000}, loaded(held()))
    asked: Any = posed.specification
    edges = risk_paths.edges_of(asked, posed.problem)
    assert edges[0] == 0
    assert edges[-1] == risk_paths.blocks_of(asked) == -(-10_000_000 // 1_024)
    assert len(edges) > 16
    assert risk_paths.PATHS_PER_BLOCK == monte_carlo.PATHS_PER_BLOCK
    workload = posed.kind.workload(asked, posed.problem)
    assert (workload.shots, workload.points, workload.qubits) == (10_000_000, 1, 0)


def test_rows_hold_the_book_and_its_parts() -> None:
    carried = carry_out(ASKED, loaded(held(), [future("B-202404", 5)]))
    rows, result = carried.rows(), carried.result
    assert [row["part"] for row in rows[:6]] == ["book", *["position"] * 4, "contract"]
    assert rows[0]["value_at_risk"] == result["levels"][0]["value_at_risk"]["estimate"]
    assert rows[0]["expected_shortfall_high"] == result["levels"][0]["expected_shortfall"]["high"]
    assert rows[1]["name"] == "1 crude"
    assert rows[1]["value_at_risk_low"] is None
    assert [row["level"] for row in rows if row["part"] == "added"] == [0.95, 0.99]
    assert carried.programs() == []
