"""Own the study of an estimator over many ideal runs: bias, error, coverage, cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from quant.quantum.estimation.estimators import Estimator
from quant.quantum.estimation.experiments import IdealExperiment
from quant.quantum.sweep import block_seed


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Hold how an estimator fared at one amplitude over many seeded runs.

    `bias` is the mean error, `bias_error` its standard error; `coverage` the share of runs whose
    interval held the amplitude; `oracle_calls` the mean of a run.
    """

    amplitude: float
    runs: int
    bias: float
    bias_error: float
    root_mean_square: float
    coverage: float
    oracle_calls: float


def study(
    estimator: Estimator, amplitudes: Sequence[float], *, runs: int, seed: int
) -> tuple[Accuracy, ...]:
    """Return the accuracy at each amplitude, run on the ideal machine.

    Raises:
        InvalidInput: fewer than two runs, or an amplitude outside 0…1.
    """
    if runs < 2:
        raise InvalidInput(field="runs", reason=f"expected at least 2, was {runs}")
    if not all(0 <= amplitude <= 1 for amplitude in amplitudes):
        raise InvalidInput(field="amplitudes", reason="expected values of 0 to 1")
    return tuple(_accuracy(estimator, amplitude, runs, seed) for amplitude in amplitudes)


def _accuracy(estimator: Estimator, amplitude: float, runs: int, seed: int) -> Accuracy:
    stream = f"accuracy at {amplitude!r}"
    estimates = [
        estimator.estimate(IdealExperiment(amplitude, seed=block_seed(stream, seed, run)))
        for run in range(runs)
    ]
    errors = np.array([estimate.amplitude - amplitude for estimate in estimates])
    held = [low <= amplitude <= high for low, high in (each.interval for each in estimates)]
    return Accuracy(
        amplitude=amplitude,
        runs=runs,
        bias=float(errors.mean()),
        bias_error=float(errors.std(ddof=1) / np.sqrt(runs)),
        root_mean_square=float(np.sqrt((errors**2).mean())),
        coverage=float(np.mean(held)),
        oracle_calls=float(np.mean([estimate.oracle_calls for estimate in estimates])),
    )
