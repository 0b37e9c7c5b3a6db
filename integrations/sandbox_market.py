"""Own the market that every sandbox quotes: the WTI closes that the wheel `arch` ships."""

import csv
import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceUnavailable
from quant.simulated_market import SimulatedMarket, simulate_market


def wti_closes() -> NDArray[np.float64]:
    """Read the daily closes 1986-2019 in USD/bbl, without importing the package (it is slow).

    Raises:
        SourceUnavailable: the package is not installed.
    """
    spec = find_spec("arch")
    if spec is None or spec.origin is None:
        raise SourceUnavailable(source="sandbox", reason="the package arch is not installed")
    path = Path(spec.origin).parent / "data" / "wti" / "wti.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        values = [row["DCOILWTICO"] for row in csv.DictReader(file)]
    # A dot marks a holiday.
    return np.array([float(value) for value in values if value != "."])


@cache
def sandbox_market(seed: int) -> SimulatedMarket:
    """Return the market that the sandboxes quote."""
    return simulate_market(wti_closes(), seed)
