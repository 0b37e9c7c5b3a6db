"""Let tests tell the numbers that they measured, at the end of a run."""

from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

_NAME = "figure"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Print a measured number, as a sentence, when the run is over."""
    return lambda sentence: record_property(_NAME, sentence)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    figures = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == _NAME
    ]
    if figures:
        terminalreporter.write_sep("=", "figures")
        for figure in figures:
            terminalreporter.write_line(str(figure))
