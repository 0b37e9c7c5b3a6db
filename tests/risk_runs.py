"""Carry runs of the kind risk out in this process, of a made-up book in a made-up market."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from core.backends import Backend
from core.books import Position
from core.market import ContractMonth
from core.runs import RunKind
from core.specifications.risk import RiskSpecification
from jobs.backends.choice import choose
from jobs.kinds import kind_of
from jobs.plans.risk_books import LoadedBook
from jobs.remote import TASK_BODIES
from jobs.workers import body_named
from quant.calendars import business_days, calendar_of
from quant.contract_history import ContractHistory
from storage.book_markets import LoadedSettlements
from storage.contract_histories import LoadedContracts
from tests.qaoa_runs import TASK_BYTES, Carried, Posed, stored
from tests.risk_books import future, option, spread

DAYS = business_days(date(2023, 3, 1), date(2023, 12, 29), calendar_of("CL"))
RECORDED = datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
PATHS = 7_000
ASKED: dict[str, Any] = {
    "book": "desk",
    "paths": PATHS,
    "window_days": 150,
    "levels": [0.95, 0.99],
    "seed": 3,
}


def history(product: str, price: float, seed: int) -> LoadedContracts:
    months = tuple(ContractMonth(2024, month) for month in range(2, 10))
    steps = np.random.default_rng(seed).normal(0, 0.02 * price, (len(DAYS), 2))
    shares = np.linspace(1.0, 0.4, len(months))
    moves = steps[:, :1] * shares + 0.2 * steps[:, 1:] * shares[::-1]
    return LoadedContracts(
        source="import:made-up",
        history=ContractHistory(
            product=product,
            dates=DAYS,
            contract_months=months,
            settlements=price + moves.cumsum(axis=0) / 4,
        ),
        absent=(),
        ignored=(),
        ignored_rows=0,
        recorded_until=RECORDED,
    )


def loaded(positions: list[Position], added: list[Position] | None = None) -> LoadedBook:
    everything = (*positions, *(added or ()))
    settled = LoadedSettlements(
        as_of=DAYS[-1], by_product={"CL": history("CL", 75.0, 1), "B": history("B", 80.0, 2)}
    )
    return LoadedBook(positions=everything, held=len(positions), version=4, settled=settled)


def held() -> list[Position]:
    return [
        future("CL-202403", 10, "crude"),
        spread(-4, B_202404=1, B_202406=-1),
        option("CL-202404", "call", 80, -30, volatility=0.4),
        option("CL-202404", "put", 70, 20, volatility=None),
    ]


def pose(values: dict[str, Any], book: LoadedBook) -> Posed:
    kind = kind_of(RunKind.RISK)
    found = kind.pose(RiskSpecification.checked(values), book, None)
    assert found.vintage is not None
    return Posed(kind=kind, specification=found.specification, problem=stored(found.problem))


def carry_out(values: dict[str, Any], book: LoadedBook, edges: list[int] | None = None) -> Carried:
    posed = pose(values, book)
    kind, asked, problem = posed.kind, posed.specification, posed.problem
    choice = choose(kind.workload(asked, problem), Backend.parse("auto"), TASK_BYTES)
    plan = stored({**kind.plan(asked, problem, choice), "choice": choice.to_json()})
    if edges is not None:
        plan |= {"edges": edges, "chunks": len(edges)}
    shared = kind.shared(asked, problem, plan)
    done: dict[tuple[str, int], dict[str, Any]] = {}
    stages = []
    while pieces := kind.pieces(asked, problem, plan, done):
        for piece in reversed(pieces):
            body = body_named(TASK_BODIES[piece.task])
            done[piece.stage, piece.index] = stored(body(shared, *piece.arguments))
        stages.append(sorted({piece.stage for piece in pieces}))
    assert len(done) == plan["chunks"]
    result = stored(kind.assemble(asked, problem, plan, done))
    return Carried(posed=posed, plan=plan, done=done, stages=stages, result=result)
