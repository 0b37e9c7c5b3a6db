"""Time the risk of a 500-position book beside the same written with NumPy, on the same cores.

The book holds 250 futures and calendar spreads along the curves of five products, 144 contracts,
and 250 options on the first twelve months of each. Historical simulation over 2,500 days revalues
every option on every day and splits the tail by position; Monte Carlo draws a million paths of all
contracts, options revalued anew or expanded to second order. Both ways take turns, each with as
many threads as there are cores; the peer's are BLAS's own. Ours measures standard errors and parts
of the simulated risk besides, which the peer leaves out. `benchmarks.desk.republish` times what
happens to the forecast of a book's prices when one of them settles.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.desk import republish
from benchmarks.desk.book import Desk, desk
from benchmarks.desk.plain import Measures, PlainBook, plain
from benchmarks.report import Report, Row, median
from quant.risk.aggregation import Revaluation, aggregate
from quant.risk.historical import historical_risk
from quant.risk.monte_carlo import Simulation, elliptical, simulate, simulated_risk
from quant.risk.reports import RiskReport

TARGET = 1.5
LEVEL = 0.99
PATHS = 1_000_000
QUICK_PATHS = 100_000
REPETITIONS = 5
HISTORICAL_REPETITIONS = 25
ROUNDING = 1e-9
ERRORS = 4.0
_SEED = 7
_PEER_SEED = 11
_EVERY_MONTH = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Hold two ways to one answer, and how long each of them took."""

    ours: Callable[[], RiskReport]
    peer: Callable[[], Measures]
    ours_s: list[float] = field(default_factory=list)
    peer_s: list[float] = field(default_factory=list)

    def fight(self, repetitions: int) -> tuple[RiskReport, Measures]:
        """Let both answer once unmeasured, then in turn; return their answers."""
        answers = self.ours(), self.peer()
        for _ in range(repetitions):
            for way, seconds in ((self.ours, self.ours_s), (self.peer, self.peer_s)):
                started = time.perf_counter()
                way()
                seconds.append(time.perf_counter() - started)
        return answers


def measure(*, quick: bool) -> Report:
    """Simulate a million paths, or 100,000 with `quick`, five times each way."""
    paths, cores = QUICK_PATHS if quick else PATHS, os.cpu_count() or 1
    usual, everywhere = desk(), desk(optioned_months=_EVERY_MONTH)
    rows: list[Row] = []
    samples: dict[str, list[float]] = {}
    past = _historical(usual, cores)
    answer, peer = past.fight(HISTORICAL_REPETITIONS)
    rows += _times("historical, 2,500 days", past, samples, "answers/s", 1.0)
    rows.append(_differences(answer, peer))
    for name, held, revaluation in (
        ("full revaluation", usual, Revaluation.FULL),
        ("delta-gamma", usual, Revaluation.DELTA_GAMMA),
        ("delta-gamma, options on every month", everywhere, Revaluation.DELTA_GAMMA),
    ):
        drawn = _simulated(held, revaluation, paths, cores)
        answer, peer = drawn.fight(REPETITIONS)
        metric = f"Monte Carlo, {paths:,} paths, {name}"
        rows += _times(metric, drawn, samples, "paths/s", float(paths))
        rows.append(_distance(metric, answer, peer))
    followed = republish.measure(quick=quick)
    return Report(
        name="risk", rows=[*rows, *followed.rows], samples={**samples, **followed.samples}
    )


def _historical(held: Desk, threads: int) -> Duel:
    peer: PlainBook = plain(held.book)

    def ours() -> RiskReport:
        reduced = aggregate([held.book])
        (found,) = historical_risk(reduced, held.changes, LEVEL, threads=threads)
        return found

    return Duel(ours=ours, peer=partial(peer.historical, held.changes, LEVEL))


def _simulated(held: Desk, revaluation: Revaluation, paths: int, threads: int) -> Duel:
    peer: PlainBook = plain(held.book)
    full = revaluation is Revaluation.FULL

    def ours() -> RiskReport:
        scenarios = elliptical(aggregate([held.book], revaluation), held.covariance)
        simulation = Simulation(scenarios=scenarios, paths=paths, seed=_SEED)
        profits = simulate(simulation, range(simulation.blocks), threads=threads)
        (found,) = simulated_risk(simulation, profits, LEVEL)
        return found

    return Duel(
        ours=ours,
        peer=partial(peer.monte_carlo, held.covariance, LEVEL, paths, _PEER_SEED, full=full),
    )


def _times(
    metric: str, duel: Duel, samples: dict[str, list[float]], unit: str, amount: float
) -> list[Row]:
    samples[f"{metric}, seconds, ours"] = [round(each, 4) for each in duel.ours_s]
    samples[f"{metric}, seconds, NumPy"] = [round(each, 4) for each in duel.peer_s]
    return [
        Row(
            metric=metric,
            unit=unit,
            ours=median([amount / each for each in duel.ours_s]),
            peer=median([amount / each for each in duel.peer_s]),
            target=TARGET,
            higher_is_better=True,
        )
    ]


def _differences(ours: RiskReport, peer: Measures) -> Row:
    """Return the largest difference of any number of the answer, as a share of the risk."""
    parts = peer.by_position
    assert parts is not None  # noqa: S101 - the historical peer splits its tail
    apart = max(
        abs(ours.value_at_risk - peer.value_at_risk),
        abs(ours.expected_shortfall - peer.expected_shortfall),
        float(abs(ours.by_position.expected_shortfall - parts).max()),
    )
    metric = "historical, largest difference of an answer or a part"
    return Row(metric=metric, unit="of risk", ours=apart / ours.value_at_risk, target=ROUNDING)


def _distance(metric: str, ours: RiskReport, peer: Measures) -> Row:
    """Return how far both simulations are apart, in standard errors of their difference."""
    root_two = 2.0**0.5
    apart = max(
        abs(ours.value_at_risk - peer.value_at_risk) / ours.value_at_risk_error,
        abs(ours.expected_shortfall - peer.expected_shortfall) / ours.expected_shortfall_error,
    )
    return Row(
        metric=f"{metric}: distance",
        unit="standard errors",
        ours=round(apart / root_two, 2),
        target=ERRORS,
    )
