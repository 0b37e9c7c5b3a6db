"""Score forecasts of real futures, each day from the days before it alone.

Value at risk is judged by Christoffersen's joint test, in cells of product, position and period;
densities by their CRPS beside historical simulation, at its best window of 250, 500 or 1,000 days.
"""

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import monotonic

from benchmarks.data import SETTLEMENTS
from benchmarks.report import Report
from benchmarks.skill.cells import PERIODS, Period, cells
from benchmarks.skill.history import WARM_UP_DAYS, histories
from benchmarks.skill.rows import coverage_rows, coverage_samples, crps_rows, crps_samples
from benchmarks.skill.walk import PATHS, Walk, walk
from quant.continuous import SettlementHistory

NAME = "forecast_skill"
_QUICK_WARM_UP = timedelta(days=2 * 366)
_QUICK_PATHS = 512
_SHOWN_EVERY_S = 5.0


def measure(
    *, quick: bool, data: Path | None = None, first: date | None = None, last: date | None = None
) -> Report:
    """Walk through 2015 to 2023, through 2023 with `quick`, or from `first` to `last` of `data`."""
    path = data or SETTLEMENTS
    if not path.exists():
        why = f"{path.name} is not beside this checkout"
        return Report(name=NAME, rows=[], skipped=[{"metric": "all", "why": why}])
    periods = _periods(quick=quick, first=first, last=last)
    begins, ends = periods[0].first, periods[-1].last
    known, skipped = {}, []
    for product, history in histories(path, begins).items():
        before = sum(day < begins for day in history.dates)
        after = sum(begins <= day <= ends for day in history.dates)
        if before >= WARM_UP_DAYS and after:
            known[product] = _recent(history, begins) if quick else history
        else:
            why = f"{before} days before {begins}, {after} from there to {ends}"
            skipped.append({"metric": product, "why": why})
    if quick and first is None:
        skipped.append({"metric": "2015…2022", "why": "--quick scores 2023 alone"})
    walks = _walks(known, begins, ends, _QUICK_PATHS if quick else PATHS)
    judged = cells(walks, periods)
    return Report(
        name=NAME,
        rows=[*coverage_rows(judged), *crps_rows(walks)] if walks else [],
        skipped=skipped,
        samples={**coverage_samples(judged), **crps_samples(walks)} if walks else {},
    )


def _periods(*, quick: bool, first: date | None, last: date | None) -> tuple[Period, ...]:
    if first is None and last is None:
        return PERIODS[-1:] if quick else PERIODS
    begins, ends = first or PERIODS[0].first, last or date.max
    if begins > ends:
        message = f"--from {begins} is after --to {ends}"
        raise SystemExit(message)
    return (Period(first=begins, last=ends),)


def _recent(history: SettlementHistory, begins: date) -> SettlementHistory:
    kept = sum(day < begins - _QUICK_WARM_UP for day in history.dates)
    return replace(history, dates=history.dates[kept:], settlements=history.settlements[kept:])


def _walks(known: dict[str, SettlementHistory], begins: date, ends: date, paths: int) -> list[Walk]:
    total = sum(sum(day <= ends for day in history.dates) for history in known.values())
    started, shown, done, walks = monotonic(), 0.0, 0, []
    for product, history in known.items():

        def tick(day: int, product: str = product, before: int = done) -> None:
            nonlocal shown
            elapsed = monotonic() - started
            if elapsed - shown > _SHOWN_EVERY_S:
                shown = elapsed
                left = elapsed * (total - before - day) / (before + day)
                line = f"{product}: day {day}, {elapsed:.0f} s, {left:.0f} s to go"
                print(line, file=sys.stderr, flush=True)

        walks.append(walk(history, begins, ends, paths=paths, tick=tick))
        done += sum(day <= ends for day in history.dates)
    return walks
