"""Run a benchmark: `python -m benchmarks NAME [--quick] --json`; exit 0 if all rows are met."""

import argparse
import importlib
import inspect
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.report import Report

# A module named like one of the standard library would hide it.
_MODULES = {"http": "http_reads"}
NAMES = sorted(
    {
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if path.stem not in {"__init__", "__main__", "data", "report", "stacks"}
    }.difference(_MODULES.values())
    | _MODULES.keys()
)

OPTIONS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "--data": ("data", Path, "a file of settlements to score on"),
    "--from": ("first", date.fromisoformat, "the first day to score"),
    "--to": ("last", date.fromisoformat, "the last day to score"),
}


def main() -> None:
    """Run one benchmark, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer counts")
    parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")
    for option, (field, kind, words) in OPTIONS.items():
        parser.add_argument(option, dest=field, type=kind, help=words)
    arguments = parser.parse_args()
    chosen = NAMES if arguments.name == "all" else [arguments.name]
    asked = {field: getattr(arguments, field) for field, _, _ in OPTIONS.values()}
    given = {field: value for field, value in asked.items() if value is not None}
    refused = [name for name in chosen if not takes(name, given)]
    if refused:
        parser.error(f"{', '.join(refused)} takes no {' '.join(OPTIONS)}")
    reports = [run(name, quick=arguments.quick, **given) for name in chosen]
    for report in reports:
        print(json.dumps(report.to_json(), indent=2) if arguments.json else _text(report))
    sys.exit(0 if all(report.met for report in reports) else 1)


def _module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{_MODULES.get(name, name)}")


def run(name: str, *, quick: bool, **given: Any) -> Report:
    """Run one benchmark by its file's name, with the options it was given."""
    report: Report = _module(name).measure(quick=quick, **given)
    return report


def takes(name: str, given: dict[str, Any]) -> bool:
    """Tell whether a benchmark takes these options; none are taken by all."""
    if not given:
        return True
    measure = _module(name).measure
    return set(given) <= set(inspect.signature(measure).parameters)


def _text(report: Report) -> str:
    lines = [report.name]
    for row in report.rows:
        peer = "" if row.peer is None else f"  peer {row.peer:g}  ratio {row.ratio:.2f}"
        verdict = "met" if row.met else "MISSED"
        lines.append(
            f"  {row.metric}: {row.ours:g} {row.unit}{peer}  target {row.target:g}  {verdict}"
        )
    lines += [f"  skipped {entry['metric']}: {entry['why']}" for entry in report.skipped]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
