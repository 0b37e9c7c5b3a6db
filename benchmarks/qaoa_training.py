"""Train QAOA on random portfolios of 8 of 16, and state how near the optimum its mean comes.

Each training is one descent from the linear ramp, on one thread.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report, Row
from core.mixers import Mixer
from quant.quantum.basis import Basis
from quant.quantum.costs import cost_vector
from quant.quantum.qaoa import train
from quant.quantum.subspace import Ansatz

INSTANCES, QUICK_INSTANCES = 20, 4
ASSETS, CHOSEN, LAYERS = 16, 8, 5
RISK_AVERSION = 0.5
TARGET_RATIO = 0.95

# The uniform start is its top state and the gap below is n: five layers are nearly adiabatic.
# The ring's gap shrinks with n, its Trotter step does not even keep the start, and Grover's mixer
# is blind to what subsets have in common.
BEST_MIXER = Mixer.COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Hold what one trained instance reached, beside the mean subset, and how long it took."""

    ratio: float
    random_ratio: float
    probability_of_optimum: float
    seconds: float


def measure(*, quick: bool) -> Report:
    """Train seeds 0 to 19 with the best mixer, and with the others too, `quick` on fewer."""
    started = time.perf_counter()
    best = [_train(seed, BEST_MIXER) for seed in range(INSTANCES)]
    wall_s = time.perf_counter() - started
    others = range(QUICK_INSTANCES if quick else INSTANCES)
    compared = {
        f"approximation ratio, {mixer}": [_train(seed, mixer).ratio for seed in others]
        for mixer in Mixer
        if mixer is not BEST_MIXER
    }
    why = f"the other mixers were trained on {len(others)} of {INSTANCES} instances"
    return Report(
        name="qaoa_training",
        rows=[
            Row(
                metric=f"mean approximation ratio of p = {LAYERS} on ({ASSETS},{CHOSEN})",
                unit="of the spread",
                ours=float(np.mean([training.ratio for training in best])),
                target=TARGET_RATIO,
                higher_is_better=True,
            )
        ],
        skipped=[{"metric": "mean of every mixer", "why": why}] if quick else [],
        samples={
            f"approximation ratio, {BEST_MIXER}": [training.ratio for training in best],
            "its least, quartiles and greatest": _quartiles(best),
            "approximation ratio of the mean subset": [t.random_ratio for t in best],
            "probability of the optimum": [t.probability_of_optimum for t in best],
            "seconds of a training": [t.seconds for t in best],
            "seconds of all, costs included": [wall_s],
            **compared,
        },
    )


def _quartiles(trained: list[Training]) -> list[float]:
    ratios = [training.ratio for training in trained]
    return [float(value) for value in np.quantile(ratios, (0.0, 0.25, 0.5, 0.75, 1.0))]


def _train(seed: int, mixer: Mixer) -> Training:
    ansatz = Ansatz(Basis(ASSETS, CHOSEN), _costs(seed), mixer, threads=1)
    started = time.perf_counter()
    found = train(ansatz, LAYERS, seed, 0)
    seconds = time.perf_counter() - started
    least, greatest = float(ansatz.costs.min()), float(ansatz.costs.max())
    chances = ansatz.probabilities(np.array(found.gammas), np.array(found.betas))
    return Training(
        ratio=(greatest - found.energy) / (greatest - least),
        random_ratio=(greatest - float(ansatz.costs.mean())) / (greatest - least),
        probability_of_optimum=float(chances[ansatz.costs.argmin()]),
        seconds=seconds,
    )


def _costs(seed: int) -> NDArray[np.float64]:
    """Draw μ ~ N(0, 1), then A ~ N(0, 1) for Σ = AAᵀ/n."""
    random = np.random.default_rng(seed)
    mu, loadings = random.normal(size=ASSETS), random.normal(size=(ASSETS, ASSETS))
    sigma = loadings @ loadings.T / ASSETS
    return cost_vector(Basis(ASSETS, CHOSEN), mu, sigma, RISK_AVERSION)
