"""Own the three estimators of an amplitude; each asks an experiment, and none imports Qiskit.

Oracle calls count every use of A or its inverse: 2k + 1 for Qᵏ A.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, log2, pi
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.estimation.experiments import Experiment
from quant.quantum.estimation.intervals import Interval, clopper_pearson
from quant.quantum.estimation.likelihood import (
    Fit,
    angle_grid,
    fit,
    grover_likelihood,
    phase_likelihood,
    ratio_interval,
)

Reals = NDArray[np.float64]

MAX_PHASE_QUBITS = 12
MAX_POWER = 100_000
# ends of a half circle stay ends: π/2 is the whole of the first
ROUNDING = 1e-9


class Method(StrEnum):
    """Name an estimator in results and on the wire."""

    CANONICAL = "canonical"
    ITERATIVE = "iterative"
    MAXIMUM_LIKELIHOOD = "maximum-likelihood"


@dataclass(frozen=True, kw_only=True, slots=True)
class AmplitudeEstimate:
    """Hold an estimate beside the exact amplitude, and what it took.

    `interval` covers the amplitude with 1 − alpha; of an exact experiment it is the estimate
    itself, with no shots and no oracle calls. `powers` are those of Q, a repeated one repeated.
    `phase_amplitude` is the canonical sin²(πy/2^m) of the most frequent y, else None.
    """

    method: Method
    amplitude: float
    interval: Interval
    alpha: float
    exact: float
    powers: tuple[int, ...]
    shots: int
    oracle_calls: int
    seed: int | None
    phase_amplitude: float | None = None


class Estimator(Protocol):
    """Estimate the amplitude of an experiment with confidence 1 − alpha."""

    @property
    def alpha(self) -> float: ...

    def at(self, alpha: float) -> Self:
        """Return the same estimator with another confidence."""
        ...

    def estimate(self, experiment: Experiment) -> AmplitudeEstimate: ...


def linear_powers(last: int) -> tuple[int, ...]:
    """Return 0, 1, 2 … last: errors fall as oracle calls to the power −3/4."""
    return tuple(range(last + 1))


def exponential_powers(count: int) -> tuple[int, ...]:
    """Return 0 and 2⁰, 2¹ … 2^(count − 1): errors fall as the inverse of oracle calls."""
    return (0, *(2**j for j in range(count)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Canonical:
    """Read the angle by phase estimation on m qubits (quant-ph/0005055).

    The amplitude is the maximum of the likelihood of all outcomes, with a likelihood-ratio
    interval; outcomes alone know only the 2^(m−1) + 1 values sin²(πy/2^m).

    Raises:
        InvalidInput: qubits outside 1…12, shots below 1, or alpha outside 0…1.
    """

    qubits: int
    shots: int = 1024
    alpha: float = 0.05

    def __post_init__(self) -> None:
        _check(self.shots, self.alpha)
        if not 1 <= self.qubits <= MAX_PHASE_QUBITS:
            reason = f"expected 1 to {MAX_PHASE_QUBITS}, was {self.qubits}"
            raise InvalidInput(field="qubits", reason=reason)

    def at(self, alpha: float) -> Self:
        return replace(self, alpha=alpha)

    def estimate(self, experiment: Experiment) -> AmplitudeEstimate:
        outcomes = experiment.phases(self.qubits, self.shots)
        size = 2**self.qubits
        # y and 2^m − y tell of one amplitude, so their counts are added before the most frequent
        folded = outcomes[: size // 2 + 1].copy()
        folded[1 : (size + 1) // 2] += outcomes[: size // 2 : -1][: (size - 1) // 2]
        found = fit(phase_likelihood(self.qubits, outcomes), angle_grid(size))
        drawn = 0 if experiment.is_exact else self.shots
        return AmplitudeEstimate(
            method=Method.CANONICAL,
            amplitude=found.amplitude,
            interval=_interval(found, self.alpha, is_exact=experiment.is_exact),
            alpha=self.alpha,
            exact=experiment.amplitude,
            powers=tuple(2**j for j in range(self.qubits)),
            shots=drawn,
            oracle_calls=drawn * (2 * (size - 1) + 1),
            seed=experiment.seed,
            phase_amplitude=float(np.sin(np.pi * int(folded.argmax()) / size) ** 2),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MaximumLikelihood:
    """Fit the angle to the outcomes of fixed powers of Q (Suzuki et al., arXiv 1904.10246).

    `shots` are drawn of each power; the interval is the likelihood ratio's.

    Raises:
        InvalidInput: no powers, one outside 0…100,000, shots below 1, or alpha outside 0…1.
    """

    powers: tuple[int, ...]
    shots: int = 1024
    alpha: float = 0.05

    def __post_init__(self) -> None:
        _check(self.shots, self.alpha)
        if not self.powers or not all(0 <= power <= MAX_POWER for power in self.powers):
            reason = f"expected powers of 0 to {MAX_POWER}, were {self.powers}"
            raise InvalidInput(field="powers", reason=reason)

    def at(self, alpha: float) -> Self:
        return replace(self, alpha=alpha)

    def estimate(self, experiment: Experiment) -> AmplitudeEstimate:
        good = experiment.good(self.powers, self.shots)
        likelihood = grover_likelihood(self.powers, self.shots, good)
        found = fit(likelihood, angle_grid(2 * max(self.powers) + 1))
        drawn = 0 if experiment.is_exact else self.shots
        return AmplitudeEstimate(
            method=Method.MAXIMUM_LIKELIHOOD,
            amplitude=found.amplitude,
            interval=_interval(found, self.alpha, is_exact=experiment.is_exact),
            alpha=self.alpha,
            exact=experiment.amplitude,
            powers=self.powers,
            shots=drawn * len(self.powers),
            oracle_calls=drawn * sum(2 * power + 1 for power in self.powers),
            seed=experiment.seed,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Iterative:
    """Narrow the angle until the amplitude is known to ± epsilon (Grinko et al., npj QI 2021).

    Each round takes the highest power whose outcomes still tell the angle, draws `shots`, and
    cuts the interval by Clopper–Pearson at alpha/T, T = ⌈log₂(π/8ε)⌉ rounds at most expected
    (arXiv 1912.05559, algorithms 1 and 2). The estimate is the middle of the last interval.
    Stopping by width biases it, near some amplitudes more than near others (Miyamoto, arXiv
    2311.16560; `accuracy.study` measures it). With `repeats_last` the last round is drawn once
    more, its power and shots fixed, and alone gives estimate and interval: as proposed there, less
    biased; the interval may then be wider than epsilon asks.

    Raises:
        InvalidInput: epsilon outside 0.000001…0.5, shots below 1, or alpha outside 0…1.
    """

    epsilon: float
    shots: int = 100
    alpha: float = 0.05
    repeats_last: bool = False

    def __post_init__(self) -> None:
        _check(self.shots, self.alpha)
        if not 1e-6 <= self.epsilon <= 0.5:
            reason = f"expected 0.000001 to 0.5, was {self.epsilon}"
            raise InvalidInput(field="epsilon", reason=reason)

    def at(self, alpha: float) -> Self:
        return replace(self, alpha=alpha)

    def estimate(self, experiment: Experiment) -> AmplitudeEstimate:
        risk = self.alpha / (self._most_rounds() + self.repeats_last)
        chances = _expected if experiment.is_exact else clopper_pearson
        angles: Interval = (0.0, pi / 2)
        powers: list[int] = []
        drawn: list[int] = []
        good, shots = 0.0, 0
        middle: float | None = None
        while angles[1] - angles[0] > 2 * self.epsilon:
            power = next_power(powers[-1] if powers else 0, angles)
            if not powers or power != powers[-1]:
                good, shots = 0.0, 0
            powers.append(power)
            drawn.append(self.shots)
            good += float(experiment.good([power], self.shots)[0])
            shots += self.shots
            angles = _unfold(power, angles, chances(good, shots, risk))
        if self.repeats_last and not experiment.is_exact:
            powers.append(powers[-1])
            drawn.append(shots)
            good = float(experiment.good(powers[-1:], shots)[0])
            middle = _unfold(powers[-1], angles, (good / shots, good / shots))[0]
            angles = _unfold(powers[-1], angles, clopper_pearson(good, shots, risk))
        low, high = (float(np.sin(angle) ** 2) for angle in angles)
        counted = [] if experiment.is_exact else list(zip(powers, drawn, strict=True))
        return AmplitudeEstimate(
            method=Method.ITERATIVE,
            amplitude=(low + high) / 2 if middle is None else float(np.sin(middle) ** 2),
            interval=(low, high),
            alpha=self.alpha,
            exact=experiment.amplitude,
            powers=tuple(powers),
            shots=sum(shots for _, shots in counted),
            oracle_calls=sum(shots * (2 * power + 1) for power, shots in counted),
            seed=experiment.seed,
        )

    def _most_rounds(self) -> int:
        return max(1, ceil(log2(pi / (8 * self.epsilon))))


def next_power(power: int, angles: Interval) -> int:
    """Return the highest k for which (4k + 2)·angles lies within one half circle.

    It is `power` itself unless 4k + 2 can at least double.
    """
    low, high = angles
    if high <= low:
        return power
    # the least k whose 4k + 2 is at least twice as large
    lowest = 2 * power + 1
    highest = (int(pi / (high - low)) - 2) // 4
    if highest < lowest:
        return power
    factors = 4 * np.arange(lowest, highest + 1) + 2
    first = np.floor(factors * low / pi + ROUNDING)
    last = np.ceil(factors * high / pi - ROUNDING) - 1
    feasible = np.flatnonzero(first == last)
    return int(factors[feasible[-1]] - 2) // 4 if len(feasible) else power


def _unfold(power: int, angles: Interval, chance: Interval) -> Interval:
    """Return the angles of the half circle at hand whose outcomes have such a chance."""
    factor = 4 * power + 2
    half = int(factor * (angles[0] + angles[1]) / 2 / pi)
    inner = [float(np.arccos(1 - 2 * p)) / pi for p in chance]
    low, high = inner if half % 2 == 0 else (1 - inner[1], 1 - inner[0])
    return (half + low) * pi / factor, (half + high) * pi / factor


def _expected(good: float, shots: int, alpha: float) -> Interval:
    return good / shots, good / shots


def _interval(found: Fit, alpha: float, *, is_exact: bool) -> Interval:
    return (found.amplitude, found.amplitude) if is_exact else ratio_interval(found, alpha)


def _check(shots: int, alpha: float) -> None:
    if shots < 1:
        raise InvalidInput(field="shots", reason=f"expected at least 1, was {shots}")
    if not 0 < alpha < 1:
        raise InvalidInput(field="alpha", reason=f"expected between 0 and 1, was {alpha}")
