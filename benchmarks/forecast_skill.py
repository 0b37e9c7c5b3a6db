"""Score forecasts of real futures, each day from the days before it alone.

Value at risk is judged by Christoffersen's joint test, in cells of product, position and period;
densities by their CRPS beside historical simulation, at its best window of 250, 500 or 1,000 days;
whole curves by their error beside that of curves that do not change.
"""

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import monotonic

from benchmarks.data import SETTLEMENTS
from benchmarks.report import Report
from benchmarks.skill.cells import PERIODS, Period, cells
from benchmarks.skill.curve import Progress, curve_rows, curve_samples, score_curves
from benchmarks.skill.history import PRODUCTS, WARM_UP_DAYS, histories
from benchmarks.skill.rows import coverage_rows, coverage_samples, crps_rows, crps_samples
from benchmarks.skill.walk import PATHS, POSITIONS, Walk, walk
from core.errors import InvalidInput
from quant.continuous import SettlementHistory
from quant.holidays import ONE_DAY

NAME = "forecast_skill"
_QUICK_WARM_UP = timedelta(days=2 * 366)
_QUICK_PATHS = 512
_SHOWN_EVERY_S = 5.0


def measure(
    *, quick: bool, data: Path | None = None, first: date | None = None, last: date | None = None
) -> Report:
    """Walk through 2015 to 2023, through 2023 with `quick`, or from `first` to `last` of `data`."""
    periods = _periods(quick=quick, first=first, last=last)
    begins, ends = periods[0].first, periods[-1].last
    if data is None and not SETTLEMENTS.exists():
        why = f"{SETTLEMENTS.name} is not beside this checkout"
        return Report(name=NAME, rows=[], skipped=[{"metric": "all", "why": why}])
    try:
        found = histories(data or SETTLEMENTS, begins)
    except InvalidInput as why_not:
        raise SystemExit(why_not.detail) from why_not
    known, skipped = _long_enough(found, begins, ends)
    if quick and first is None and last is None:
        skipped.append({"metric": "2015…2022", "why": "--quick scores 2023 alone"})
    if not known:
        return Report(name=NAME, rows=[], skipped=skipped)
    walks = _walks(known, begins, ends, quick=quick)
    judged = cells(walks, periods)
    curves, left_out = score_curves(
        known, begins, ends, progress=_curve_progress(known, begins, ends)
    )
    return Report(
        name=NAME,
        rows=[*coverage_rows(judged), *crps_rows(walks), *curve_rows(curves)],
        skipped=[*skipped, *left_out],
        samples={
            **coverage_samples(judged),
            **crps_samples(walks),
            **curve_samples(curves, periods),
        },
    )


def _long_enough(
    found: dict[str, SettlementHistory], begins: date, ends: date
) -> tuple[dict[str, SettlementHistory], list[dict[str, str]]]:
    """Return the products that can be scored, and why others cannot."""
    known, skipped = {}, []
    for product in PRODUCTS:
        if product not in found:
            skipped.append({"metric": product, "why": "not in the file"})
            continue
        history = found[product]
        before = sum(day < begins for day in history.dates)
        after = sum(begins <= day <= ends for day in history.dates)
        columns = history.settlements.shape[1]
        if before >= WARM_UP_DAYS and after and columns >= max(POSITIONS):
            known[product] = history
        else:
            why = f"{before} days before {begins}, {after} from there to {ends}"
            skipped.append({"metric": product, "why": f"{why}, {columns} positions"})
    return known, skipped


def _periods(*, quick: bool, first: date | None, last: date | None) -> tuple[Period, ...]:
    if first is None and last is None:
        return PERIODS[-1:] if quick else PERIODS
    begins, ends = first or PERIODS[0].first, last or date.max
    if begins > ends:
        message = f"--from {begins} is after --to {ends}"
        raise SystemExit(message)
    return (Period(first=begins, last=ends),)


def _walks(
    histories: dict[str, SettlementHistory], begins: date, ends: date, *, quick: bool
) -> list[Walk]:
    known = {
        product: _recent(history, begins) if quick else history
        for product, history in histories.items()
    }
    total = sum(sum(day <= ends for day in history.dates) for history in known.values())
    started, shown, done, walks = monotonic(), 0.0, 0, []
    for product, history in known.items():

        def tick(day: int, product: str = product, before: int = done) -> None:
            nonlocal shown
            elapsed = monotonic() - started
            if elapsed - shown > _SHOWN_EVERY_S:
                shown = elapsed
                left = elapsed * (total - before - day) / (before + day)
                _show(f"{product}: day {day}, {elapsed:.0f} s, {left:.0f} s to go")

        paths = _QUICK_PATHS if quick else PATHS
        walks.append(walk(history, begins, ends, paths=paths, tick=tick))
        done += sum(day <= ends for day in history.dates)
    return walks


def _recent(history: SettlementHistory, begins: date) -> SettlementHistory:
    kept = sum(day < begins - _QUICK_WARM_UP for day in history.dates)
    return replace(history, dates=history.dates[kept:], settlements=history.settlements[kept:])


def _curve_progress(known: dict[str, SettlementHistory], begins: date, ends: date) -> Progress:
    started, products = monotonic(), list(known)

    def show(product: str, day: date) -> None:
        length = min(ends, known[product].dates[-1]) - begins
        walked = products.index(product) + max(0.0, (day - begins) / max(length, ONE_DAY))
        elapsed = monotonic() - started
        left = elapsed * (len(products) - walked) / max(walked, 0.01)
        _show(f"{product}: curve up to {day}, {elapsed:.0f} s, {left:.0f} s to go")

    return show


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
