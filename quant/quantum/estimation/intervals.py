"""Own the confidence interval of one proportion; imports no Qiskit."""

from scipy.special import betaincinv

Interval = tuple[float, float]


def clopper_pearson(good: float, shots: int, alpha: float) -> Interval:
    """Return the exact interval of a proportion that covers it with at least 1 − alpha."""
    low = betaincinv(good, shots - good + 1, alpha / 2) if good > 0 else 0.0
    high = betaincinv(good + 1, shots - good, 1 - alpha / 2) if good < shots else 1.0
    return float(low), float(high)
