"""Own how a portfolio specification becomes a problem, and a problem becomes pieces of work."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.products import product
from core.runs import PortfolioSpecification, Stage
from jobs.pieces import Piece
from quant.continuous import SettlementHistory, held_changes
from quant.portfolio_problem import PortfolioProblem, build_problem
from quant.quantum.sweep import block_sizes, group_blocks

Reals = NDArray[np.float64]


def plan_problem(
    specification: PortfolioSpecification,
    histories: Sequence[SettlementHistory],
    recorded_until: datetime,
) -> PortfolioProblem:
    """Build the portfolio problem from the settlements of each product, all of one source.

    `recorded_until` is when the newest of them was stored; with a digest of the prices used it
    becomes the problem's vintage.

    The days used are those on which every product settled. Each change is in dollars per
    contract: contract size times the price change of a held contract.

    Raises:
        InvalidInput: too few common days, or a contract asked for has no price on one of them.
    """
    common = sorted(set.intersection(*(set(history.dates) for history in histories)))
    positions = specification.positions_per_product
    for history in histories:
        _require_contracts(history, common, positions)
    needed = specification.window_days + 1
    if len(common) < needed:
        raise InvalidInput(
            field="window_days",
            reason=f"{', '.join(specification.products)} share {len(common)} settlement dates "
            f"in {specification.source}, {needed} are needed",
        )
    days = tuple(common[-needed:])
    columns = [_dollar_changes(history, days, positions) for history in histories]
    labels = tuple(
        f"{history.product}{position:02d}"
        for history in histories
        for position in range(1, positions + 1)
    )
    return build_problem(
        labels=labels,
        changes=np.concatenate(columns, axis=1),
        q=specification.risk_aversion,
        k=specification.choose,
        first=days[1],
        last=days[-1],
        vintage=_vintage(specification, histories, days, recorded_until),
    )


def _require_contracts(history: SettlementHistory, common: list[date], positions: int) -> None:
    if not common:
        return
    last = common[-1]
    available = int(np.isfinite(history.settlements[history.dates.index(last)]).sum())
    if positions > available:
        raise InvalidInput(
            field="of",
            reason=f"{history.product} has {available} contracts on {last}, "
            f"{positions} were asked for",
        )


def _dollar_changes(history: SettlementHistory, days: tuple[date, ...], positions: int) -> Reals:
    row_of = {day: row for row, day in enumerate(history.dates)}
    prices = history.settlements[[row_of[day] for day in days]]
    changes = held_changes(history.product, days, prices, positions)
    if not np.isfinite(changes).all():
        day, column = np.argwhere(~np.isfinite(changes))[0]
        raise InvalidInput(
            field="window_days",
            reason=f"{history.product} position {column + 1} has no change on {days[day + 1]}",
        )
    size = product(history.product).contract_size
    if size is None:
        raise InvalidInput(
            field="products",
            reason=f"the contract size of {history.product} depends on the month; "
            "it cannot be chosen from yet",
        )
    return changes * float(size)


def _vintage(
    specification: PortfolioSpecification,
    histories: Sequence[SettlementHistory],
    days: tuple[date, ...],
    recorded_until: datetime,
) -> str:
    digest = sha256()
    for history in histories:
        row_of = {day: row for row, day in enumerate(history.dates)}
        digest.update(history.product.encode())
        digest.update(
            np.ascontiguousarray(history.settlements[[row_of[day] for day in days]]).tobytes()
        )
    return f"{specification.source}@{recorded_until.isoformat()}#{digest.hexdigest()[:16]}"


def training_pieces(specification: PortfolioSpecification) -> list[Piece]:
    """List the pieces that need only the problem: every training start, and the classical one."""
    pieces = [
        Piece(
            task=Stage.TRAIN,
            index=start,
            arguments=(specification.depth, specification.seed, start),
        )
        for start in range(specification.starts)
    ]
    classical = Piece(
        task=Stage.CLASSICAL, index=0, arguments=(specification.shots, specification.seed)
    )
    return [*pieces, classical]


def sampling_pieces(
    specification: PortfolioSpecification, gammas: Sequence[float], betas: Sequence[float]
) -> list[Piece]:
    """List the pieces that sample the trained circuit, each a group of 1,024-shot blocks."""
    groups = group_blocks(len(block_sizes(specification.shots)))
    return [
        Piece(
            task=Stage.SAMPLE,
            index=index,
            arguments=(
                tuple(gammas),
                tuple(betas),
                specification.shots,
                specification.seed,
                blocks,
            ),
        )
        for index, blocks in enumerate(groups)
    ]
