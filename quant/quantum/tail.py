"""Own the conditional value at risk of a distribution of costs: the mean of its cheapest part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.passes import lower_tail

Reals = NDArray[np.float64]


def rising_order(costs: Reals) -> NDArray[np.int32]:
    """Return the outcomes (size,) from the cheapest up; that of equal ones changes no tail."""
    return np.argsort(costs).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Average the cheapest outcomes of probability α: Barkoutsos et al., arXiv 1907.04769.

    `costs` is (size,), `order` their `rising_order`. α = 1 is the mean, α → 0 the minimum.

    Raises:
        InvalidInput: α is not in (0, 1].
    """

    costs: Reals
    order: NDArray[np.int32]
    alpha: float

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha <= 1.0:
            raise InvalidInput(field="alpha", reason=f"expected 0 < α ≤ 1, was {self.alpha}")

    def value(self, probabilities: Reals) -> float:
        """Return CVaR_α of the costs under the probabilities (size,)."""
        return lower_tail(probabilities, self.costs, self.order, self.alpha)[0]

    def value_and_weights(self, probabilities: Reals) -> tuple[float, Reals]:
        """Return CVaR_α and its derivatives (size,) by the probabilities.

        CVaR_α = max over t of Σ p·(t − (t − c)⁺/α) (Rockafellar and Uryasev, 2000), and by the
        envelope theorem t stays at the cost that ends the tail.
        """
        value, last = lower_tail(probabilities, self.costs, self.order, self.alpha)
        weights = self.costs - last
        np.minimum(weights, 0.0, out=weights)
        weights /= self.alpha
        weights += last
        return value, weights
