"""Own what measured outcomes are worth: which keep k ones, and the objective of each.

Outcomes are keyed by hexadecimal masks, qubit 0 the least significant bit. Imports numpy only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.costs import subset_costs
from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]
Masks = NDArray[np.uint64]
_SLICE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Hold what shots amount to: how many keep k ones, the best of those, and their mean objective.

    `total` is the sum of the objectives of the shots kept. `mask` and `objective` are None where
    no shot was kept; of equal objectives the least mask counts.
    """

    shots: int
    kept: int
    total: float
    mask: int | None
    objective: float | None

    @property
    def feasible_fraction(self) -> float:
        """Return the share of shots that keep k ones: 1 without noise."""
        return self.kept / self.shots

    @property
    def mean(self) -> float | None:
        """Return the mean objective of the shots kept."""
        return self.total / self.kept if self.kept else None

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; floats keep every bit."""
        return {
            "shots": self.shots,
            "kept": self.kept,
            "total": self.total,
            "mask": self.mask,
            "objective": self.objective,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Tally":
        """Rebuild from `to_json`, whatever else the mapping holds."""
        names = ("shots", "kept", "total", "mask", "objective")
        return cls(**{name: values[name] for name in names})


def tally(problem: SubsetProblem, counts: Mapping[str, int]) -> Tally:
    """Keep the outcomes of k ones and add them up, in the order of their masks."""
    masks, weights = kept_of(counts, problem.k)
    values = objectives(problem, masks)
    best = int(values.argmin()) if len(masks) else None
    return Tally(
        shots=sum(counts.values()),
        kept=int(weights.sum()),
        total=float(values @ weights),
        mask=None if best is None else int(masks[best]),
        objective=None if best is None else float(values[best]),
    )


def merged(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up; all but the last digits of `total` are the same however shots were grouped.

    Raises:
        ValueError: there are none.
    """
    parts = list(tallies)
    found = [
        (one.objective, one.mask)
        for one in parts
        if one.objective is not None and one.mask is not None
    ]
    objective, mask = min(found, default=(None, None))
    if not parts:
        message = "expected at least one tally"
        raise ValueError(message)
    return Tally(
        shots=sum(one.shots for one in parts),
        kept=sum(one.kept for one in parts),
        total=sum(one.total for one in parts),
        mask=mask,
        objective=objective,
    )


def kept_of(counts: Mapping[str, int], k: int) -> tuple[Masks, Reals]:
    """Return the masks (m,) of k ones, rising, and how often each was measured (m,)."""
    masks = np.fromiter((int(key, 16) for key in counts), dtype=np.uint64, count=len(counts))
    weights = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
    kept = (np.bitwise_count(masks) == k) & (weights > 0)
    order = np.argsort(masks[kept])
    return masks[kept][order], weights[kept][order]


def objectives(problem: SubsetProblem, masks: Masks) -> Reals:
    """Return q·xᵀΣx − μᵀx of masks (m,) of k ones each."""
    values = np.empty(len(masks))
    for first in range(0, len(masks), _SLICE):
        some = slice(first, first + _SLICE)
        positions = _positions(masks[some], problem.n, problem.k)
        values[some] = subset_costs(positions, problem.mu, problem.sigma, problem.q)
    return values


def members_of(mask: int) -> list[int]:
    """Return the rising positions of the ones of a mask."""
    return [position for position in range(mask.bit_length()) if mask >> position & 1]


def merged_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts, in the order of their masks so that the order of parts leaves no trace."""
    total: dict[str, int] = {}
    for part in parts:
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return dict(sorted(total.items(), key=lambda item: int(item[0], 16)))


def _positions(masks: Masks, n: int, k: int) -> NDArray[np.intp]:
    bits = masks[:, None] >> np.arange(n, dtype=np.uint64)[None, :] & np.uint64(1)
    return np.nonzero(bits)[1].reshape(len(masks), k)
