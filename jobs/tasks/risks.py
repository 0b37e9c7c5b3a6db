"""Own the bodies of a risk run: paths in ranges of blocks, then the tails of them all, split."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.plans.risk_books import RiskWork, SimulatedBooks, simulated
from quant.risk.aggregation import Aggregate
from quant.risk.increments import incremental_risk
from quant.risk.monte_carlo import PATHS_PER_BLOCK, simulate
from quant.risk.partial_tails import PartialTail, joined_tail, report_of, too_short, worst_of
from quant.risk.reports import Components, RiskReport

_KEPT = 2
_NORMAL_95 = 1.959963984540054


@lru_cache(maxsize=_KEPT)
def _built(work: RiskWork) -> SimulatedBooks:
    return simulated(work.specification, work.problem)


def draw(work: RiskWork, first_block: int, end_block: int) -> dict[str, Any]:
    """Draw the paths of a range of blocks; return the worst of each book, by their index."""
    drawn = simulate(_built(work).simulation, range(first_block, end_block))
    level = work.specification.levels[0]
    first, total = first_block * PATHS_PER_BLOCK, work.specification.paths
    tails = [worst_of(pnl, first, total, level) for pnl in drawn.pnl]
    return {
        "path_count": len(drawn.floored),
        "floored": int(np.count_nonzero(drawn.floored)),
        "tails": [
            {"paths": _packed(tail.paths), "profits": _packed(tail.profits)} for tail in tails
        ],
    }


def report(work: RiskWork, edges: Sequence[int], parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Put the tails of all chunks together, in their order, and split them at each level.

    A chunk that kept too few of its paths, which has a chance of one in 10¹⁵, is drawn once more.
    """
    built = _built(work)
    floored = sum(part["floored"] for part in parts)
    levels = work.specification.levels
    reports: list[list[RiskReport]] = [[] for _ in levels]
    for book in range(built.aggregate.books):
        tails = [_unpacked(part, book) for part in parts]
        for number in too_short(tails, levels[0]):
            tails[number] = _drawn_again(built, book, range(edges[number], edges[number + 1]))
        for row, level in enumerate(levels):
            tail = joined_tail(tails, level)
            found = report_of(built.simulation, built.aggregate, book, tail, floored)
            reports[row].append(found)
    return {
        "floored_scenarios": floored,
        "levels": [_level(built.aggregate, work.problem, found) for found in reports],
        "notes": [{"code": note.code, "detail": note.detail} for note in built.notes],
    }


def _drawn_again(built: SimulatedBooks, book: int, blocks: range) -> PartialTail:
    pnl = simulate(built.simulation, blocks).pnl[book]
    order = np.argsort(pnl, kind="stable")
    first = blocks.start * PATHS_PER_BLOCK
    return PartialTail(paths=first + order, profits=pnl[order], path_count=len(pnl))


def _level(
    aggregate: Aggregate, problem: dict[str, Any], reports: Sequence[RiskReport]
) -> dict[str, Any]:
    """Return what is told of one level: the book, its parts, and what additions change."""
    held = reports[0]
    return {
        "level": held.level,
        "value_at_risk": _estimate(held.value_at_risk, held.value_at_risk_error),
        "expected_shortfall": _estimate(held.expected_shortfall, held.expected_shortfall_error),
        "positions": [
            {"position": problem["numbers"][place] + 1, "label": label, **parts}
            for place, (label, parts) in enumerate(
                zip(held.labels, _parts(held.by_position), strict=True)
            )
        ],
        "contracts": [
            {"contract": str(factor), **parts}
            for factor, parts in zip(aggregate.factors, _parts(held.by_factor), strict=True)
        ],
        "added": _added(held, reports[1:]),
    }


def _added(held: RiskReport, others: Sequence[RiskReport]) -> dict[str, float] | None:
    """Return by how much additions raise the measures, None where nothing was to be added."""
    for after in others:
        found = incremental_risk(held, after)
        return {
            "value_at_risk": found.value_at_risk,
            "expected_shortfall": found.expected_shortfall,
        }
    return None


def _estimate(value: float, error: float) -> dict[str, float]:
    return {
        "estimate": value,
        "error": error,
        "low": value - _NORMAL_95 * error,
        "high": value + _NORMAL_95 * error,
    }


def _parts(components: Components) -> list[dict[str, float]]:
    return [
        {"value_at_risk": value, "expected_shortfall": shortfall}
        for value, shortfall in zip(
            components.value_at_risk.tolist(), components.expected_shortfall.tolist(), strict=True
        )
    ]


def _packed(values: NDArray[Any]) -> str:
    return b64encode(values.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes()).decode()


def _unpacked(part: dict[str, Any], book: int) -> PartialTail:
    tail = part["tails"][book]
    return PartialTail(
        paths=np.frombuffer(b64decode(tail["paths"]), dtype="<i8").astype(np.int64),
        profits=np.frombuffer(b64decode(tail["profits"]), dtype="<f8").astype(np.float64),
        path_count=part["path_count"],
    )
