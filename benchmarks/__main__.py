"""Run a benchmark: `python -m benchmarks NAME [--quick] --json`; exit 0 if all rows are met."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from benchmarks.report import Report

NAMES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if path.stem not in {"__init__", "__main__", "data", "report", "stacks"}
)


def main() -> None:
    """Run one benchmark, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer counts")
    parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")
    arguments = parser.parse_args()
    chosen = NAMES if arguments.name == "all" else [arguments.name]
    reports = [run(name, quick=arguments.quick) for name in chosen]
    for report in reports:
        print(json.dumps(report.to_json(), indent=2) if arguments.json else _text(report))
    sys.exit(0 if all(report.met for report in reports) else 1)


def run(name: str, *, quick: bool) -> Report:
    """Run one benchmark by its file's name."""
    report: Report = importlib.import_module(f"benchmarks.{name}").measure(quick=quick)
    return report


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
