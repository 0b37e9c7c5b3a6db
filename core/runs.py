"""Own the vocabulary of runs: status, stages, specification, events."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.errors import InvalidInput
from core.market import validate_source
from core.products import PRODUCTS

MARKET_ORG = UUID("00000000-0000-7000-8000-000000000000")
"""Own what every organisation may read: prices that came from a venue or its sandbox."""

DEFAULT_ORG = UUID("00000000-0000-7000-8000-000000000001")
"""Name the one organisation that the first migration seeds."""

MAX_CONTRACTS = 24
MAX_SHOTS = 1_000_000
MAX_DEPTH = 12
MAX_STARTS = 64
SHOTS_PER_BLOCK = 1024
"""Seed random numbers per block of this many shots, so grouping never changes a result."""


class RunStatus(StrEnum):
    """Name the states of a run; the last three are final."""

    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}


ALLOWED_TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.PLANNING, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.PLANNING: frozenset({RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}


class Stage(StrEnum):
    """Name the kinds of chunk a portfolio run is made of."""

    TRAIN = "train"
    SAMPLE = "sample"
    CLASSICAL = "classical"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioSpecification:
    """Ask for k of n contracts that minimise q·xᵀΣx − μᵀx, chosen by QAOA.

    `of` is n, spread evenly over `products`; `choose` is k. `as_of` None means the latest date
    the source holds. `window_days` counts business days of daily changes.
    """

    products: tuple[str, ...]
    choose: int
    of: int
    source: str
    as_of: date | None
    seed: int
    risk_aversion: float = 0.5
    window_days: int = 250
    depth: int = 3
    shots: int = 4096
    starts: int = 8

    def __post_init__(self) -> None:
        validate_source(self.source)
        _require(bool(self.products), "products", "name at least one product")
        _require(len(set(self.products)) == len(self.products), "products", "names one twice")
        for code in self.products:
            _require(code in PRODUCTS, "products", f"product {code!r} is unknown")
        _require(self.choose >= 1, "choose", f"expected at least 1, was {self.choose}")
        _require(
            self.choose < self.of,
            "choose",
            f"expected fewer than the {self.of} contracts to choose from, was {self.choose}",
        )
        _require(self.of <= MAX_CONTRACTS, "of", f"expected at most {MAX_CONTRACTS}, was {self.of}")
        _require(
            self.of % len(self.products) == 0,
            "of",
            f"expected a multiple of the {len(self.products)} products, was {self.of}",
        )
        _require_between("shots", self.shots, 1, MAX_SHOTS)
        _require_between("depth", self.depth, 1, MAX_DEPTH)
        _require_between("starts", self.starts, 1, MAX_STARTS)
        _require_between("window_days", self.window_days, 20, 2520)
        _require_between("seed", self.seed, 0, 2**63 - 1)
        _require(
            0.0 <= self.risk_aversion <= 1e6,
            "risk_aversion",
            f"expected a number from 0 to 1,000,000, was {self.risk_aversion}",
        )

    @property
    def positions_per_product(self) -> int:
        return self.of // len(self.products)

    def to_json(self) -> dict[str, Any]:
        """Return the specification as JSON-ready values."""
        return {
            "products": list(self.products),
            "choose": self.choose,
            "of": self.of,
            "source": self.source,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "seed": self.seed,
            "risk_aversion": self.risk_aversion,
            "window_days": self.window_days,
            "depth": self.depth,
            "shots": self.shots,
            "starts": self.starts,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PortfolioSpecification":
        """Rebuild the specification from `to_json`.

        Raises:
            InvalidInput: a value breaks a rule.
        """
        as_of = values["as_of"]
        return cls(
            **{
                **values,
                "products": tuple(values["products"]),
                "as_of": None if as_of is None else date.fromisoformat(as_of),
            }
        )


def _require(condition: bool, field: str, reason: str) -> None:
    if not condition:
        raise InvalidInput(field=field, reason=reason)


def _require_between(field: str, value: int, low: int, high: int) -> None:
    _require(low <= value <= high, field, f"expected {low} to {high}, was {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """Record one step in the life of a run; `sequence` counts from 1 without holes."""

    run_id: UUID
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold one run as stored."""

    org_id: UUID
    run_id: UUID
    kind: str
    status: RunStatus
    specification: dict[str, Any]
    problem: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Hold the stored outcome of one chunk of a run."""

    run_id: UUID
    stage: Stage
    index: int
    result: dict[str, Any]
    elapsed_s: float
