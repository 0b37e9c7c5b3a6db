"""Own how paths of a risk simulation are grouped into chunks, and how long they take."""

from typing import Any

from core.risk import RiskMethod
from core.specifications.risk import RiskSpecification
from jobs.plans.grouping import group_points

PATHS_PER_BLOCK = 1_024
"""Be as many as `quant.risk.monte_carlo` has in a block; a test compares them."""

_PER_PATH_S = 2e-7
_PER_PRODUCT_S = 1e-9
_PER_KIND_S = 3e-8
_PER_DAY_S = 4e-9
_PER_REPORT_S = 0.5


def blocks_of(specification: RiskSpecification) -> int:
    """Count the blocks of 1,024 paths, the last of which may be shorter."""
    return -(-specification.paths // PATHS_PER_BLOCK)


def seconds_per_block(specification: RiskSpecification, problem: dict[str, Any]) -> float:
    """Return about how many seconds a block of paths takes on one core."""
    coordinates, kinds = int(problem["coordinates"]), int(problem["option_kinds"])
    if specification.method is RiskMethod.MONTE_CARLO:
        drawn = coordinates * coordinates * _PER_PRODUCT_S
    else:
        drawn = coordinates * specification.horizon_days * _PER_DAY_S
    return PATHS_PER_BLOCK * (_PER_PATH_S + drawn + kinds * _PER_KIND_S)


def estimated_s(specification: RiskSpecification, problem: dict[str, Any]) -> float:
    """Return about how many seconds all takes on one core, splitting the tail included."""
    drawn = blocks_of(specification) * seconds_per_block(specification, problem)
    return drawn * (2.0 - specification.levels[0]) + _PER_REPORT_S


def edges_of(specification: RiskSpecification, problem: dict[str, Any]) -> list[int]:
    """Return where chunks of blocks begin, and where the last one ends."""
    groups = group_points(blocks_of(specification), seconds_per_block(specification, problem))
    return [0, *(group.stop for group in groups)]
