"""Own the compiled loops over the standardised changes of the past, sorted, with their ages."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import ordered_kernel

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

MEDIAN = 0.5


@ordered_kernel
def insert(
    values: Reals, ages: Indices, newest: Reals, later_values: Reals, later_ages: Indices
) -> None:
    """Write the rising `values` (series, days) and their `ages` a day later, with the newest.

    The later arrays hold one day more, or as many: then the oldest is left out.
    """
    kept = later_values.shape[1] - 1
    for j in range(values.shape[0]):
        column = 0
        is_placed = False
        for i in range(values.shape[1]):
            if not is_placed and newest[j] < values[j, i]:
                later_values[j, column] = newest[j]
                later_ages[j, column] = 0
                column += 1
                is_placed = True
            if ages[j, i] < kept:
                later_values[j, column] = values[j, i]
                later_ages[j, column] = ages[j, i] + 1
                column += 1
        if not is_placed:
            later_values[j, column] = newest[j]
            later_ages[j, column] = 0


@ordered_kernel
def spread(
    values: Reals,
    ages: Indices,
    weights: Reals,
    levels: Reals,
    multipliers: Reals,
    in_order: Reals,
    probabilities: Reals,
) -> None:
    """Write the values about their mean, times their multiplier, and the probability below each.

    `weights` (days,) are by age. `multipliers` (levels, series) hold at `levels`, an even number
    of them; in between they are linear in the probability, through 1 at the median.
    """
    total = 0.0
    for weight in weights:
        total += weight
    half = levels.size // 2
    for j in range(values.shape[0]):
        mean = 0.0
        for i in range(values.shape[1]):
            mean += weights[ages[j, i]] * values[j, i]
        mean /= total
        below = 0.0
        highest = -np.inf
        interval = 0
        for i in range(values.shape[1]):
            below += weights[ages[j, i]]
            probability = below / (total + weights[0])
            while interval < levels.size and levels[interval] < probability:
                interval += 1
            if interval == 0:
                factor = multipliers[0, j]
            elif interval == levels.size:
                factor = multipliers[-1, j]
            else:
                left, right = levels[interval - 1], levels[interval]
                low, high = multipliers[interval - 1, j], multipliers[interval, j]
                if interval == half:
                    if probability < MEDIAN:
                        right, high = MEDIAN, 1.0
                    else:
                        left, low = MEDIAN, 1.0
                factor = low + (high - low) * (probability - left) / (right - left)
            # a multiplier that varies fast could turn the order round
            highest = max(highest, (values[j, i] - mean) * factor)
            in_order[j, i] = highest
            probabilities[j, i] = probability
