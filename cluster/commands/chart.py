"""Own the small text chart of a curve. Pure: prices in, lines out."""

from collections.abc import Sequence
from decimal import Decimal

HEIGHT_LINES = 9


def chart_lines(
    prices: Sequence[Decimal], labels: Sequence[str], height: int = HEIGHT_LINES
) -> list[str]:
    """Draw one dot a price, the highest at the top, with a scale on the left.

    The last line names the first, middle and last label. A flat curve is one line of dots.
    """
    if not prices:
        return []
    low, high = min(prices), max(prices)
    rows = height if high > low else 1
    step = (high - low) / (rows - 1) if rows > 1 else Decimal(0)
    levels = [round((price - low) / step) if step else 0 for price in prices]
    scale = [f"{high - step * line:z.2f}" for line in range(rows)]
    width = max(map(len, scale))
    lines = [
        f"{scale[line]:>{width}} ┤" + "".join(_cell(level == rows - 1 - line) for level in levels)
        for line in range(rows)
    ]
    return [*(line.rstrip() for line in lines), " " * (width + 2) + _axis(labels)]


def _cell(is_dot: bool) -> str:
    return " ● " if is_dot else "   "


def _axis(labels: Sequence[str]) -> str:
    cells = [" "] * (3 * len(labels) + max(map(len, labels)))
    free_from = 0
    for index in sorted({0, len(labels) // 2, len(labels) - 1}):
        start = max(3 * index, 0)
        if start >= free_from:
            cells[start : start + len(labels[index])] = labels[index]
            free_from = start + len(labels[index]) + 1
    return "".join(cells).rstrip()
