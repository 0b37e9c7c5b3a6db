"""Own what is kept of sampled bit strings: those of k ones, their share, and the best of them.

Qubit 0 is the rightmost character of a bit string, so read in base 2 it is the mask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Hold the counts of the masks that have k ones, rising, out of all shots."""

    counts: dict[int, int]
    shots: int

    @property
    def kept(self) -> int:
        return sum(self.counts.values())

    @property
    def feasible_fraction(self) -> float:
        """Return the share of shots that have k ones: 1 without noise."""
        return self.kept / self.shots

    @property
    def masks(self) -> NDArray[np.uint64]:
        """Return the different masks (m,), rising."""
        return np.fromiter(self.counts, dtype=np.uint64, count=len(self.counts))


def post_select(counts: Mapping[str, int], k: int) -> Selected:
    """Keep the outcomes with k ones.

    Raises:
        InvalidInput: there is no shot at all.
    """
    shots = sum(counts.values())
    if shots < 1:
        raise InvalidInput(field="counts", reason="expected at least one shot, were none")
    kept = {int(bits, 2): n for bits, n in counts.items() if n and bits.count("1") == k}
    return Selected(counts=dict(sorted(kept.items())), shots=shots)


def feasible_fraction_of_noise(n: int, k: int) -> float:
    """Return the share of k ones among uniformly random n-bit strings.

    This is what is left once noise has washed everything out.
    """
    share: float = comb(n, k) / 2**n
    return share


def best_of(
    selected: Selected, costs_of: Callable[[NDArray[np.uint64]], Reals]
) -> tuple[int, float] | None:
    """Return the mask of least cost and its cost, of equal ones the least mask.

    `costs_of` turns masks (m,) into costs (m,). None if no shot was kept.
    """
    if not selected.counts:
        return None
    costs = costs_of(selected.masks)
    best = int(costs.argmin())
    return int(selected.masks[best]), float(costs[best])


def expected_best(probabilities: Reals, costs: Reals, shots: int) -> float:
    """Return the mean over all samples of `shots` outcomes of the least cost among them.

    E[min] = Σ c₍ᵢ₎ (Sᵢ^m − Sᵢ₊₁^m) with the costs rising and Sᵢ the probability of c₍ᵢ₎ or more.

    Raises:
        InvalidInput: fewer than one shot was asked for.
    """
    if shots < 1:
        raise InvalidInput(field="shots", reason=f"expected at least 1, was {shots}")
    order = np.argsort(costs, kind="stable")
    or_more = np.cumsum(probabilities[order][::-1])[::-1] / probabilities.sum()
    none_below = np.append(np.minimum(or_more, 1.0) ** shots, 0.0)
    return float((costs[order] * (none_below[:-1] - none_below[1:])).sum())


def shots_to_find(probability: float, confidence: float = 0.99) -> float:
    """Return how many shots contain an outcome of this probability with that confidence.

    ln(1 − confidence) / ln(1 − p); infinite for p = 0, and never below one.

    Raises:
        InvalidInput: the probability is not in 0…1, or the confidence not in (0, 1).
    """
    if not 0.0 <= probability <= 1.0:
        raise InvalidInput(field="probability", reason=f"expected 0 to 1, was {probability}")
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(field="confidence", reason=f"expected between 0 and 1, was {confidence}")
    if probability == 0.0:
        return float("inf")
    if probability >= confidence:
        return 1.0
    return float(np.log1p(-confidence) / np.log1p(-probability))
