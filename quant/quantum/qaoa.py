"""Own the training of QAOA angles, by L-BFGS with the adjoint gradient.

Every function depends on its arguments only: one seed, one set of angles, in any process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.angle_units import Units, natural_units
from quant.quantum.progress import Listener, Tracker
from quant.quantum.schedules import Growth, interpolate, linear_ramp, midpoints
from quant.quantum.subspace import Ansatz
from quant.quantum.sweep import block_generator

Reals = NDArray[np.float64]
Expansion = Callable[[Reals], tuple[Reals, Reals]]
Contraction = Callable[[Reals, Reals], Reals]

MAX_ITERATIONS = 120
MAX_EVALUATIONS = 180
DRAWS = 16
GAMMA_REACH = (1.0, 5.0)

RAMP_HEIGHTS = {
    Mixer.RING: (-0.6, 0.6),
    Mixer.RING_EXACT: (-0.6, 0.6),
    Mixer.COMPLETE: (-3.0, 2.0),
    Mixer.GROVER: (-0.6, 0.6),
}
"""Gamma and beta of the first guess in natural units.

The Dicke state is at the top of a mixer's spectrum, so gammas and betas differ in sign.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Hold the angles training ended with, their exact objective, and what it cost.

    `energy` is ⟨c⟩, or CVaR where that was trained; `evaluations` are those with a gradient.
    """

    gammas: tuple[float, ...]
    betas: tuple[float, ...]
    energy: float
    evaluations: int


def units_of(ansatz: Ansatz) -> Units:
    """Return the natural units of an ansatz's angles."""
    return natural_units(ansatz.costs, ansatz.mixer, ansatz.basis.n)


def refine(ansatz: Ansatz, gammas: Reals, betas: Reals, alpha: float | None = None) -> Trained:
    """Minimise ⟨c⟩, or CVaR with `alpha`, from given angles over all of them.

    Raises:
        InvalidInput: not as many betas as gammas, none at all, or alpha outside (0, 1].
    """
    depth = len(gammas)
    midpoints(depth)
    return _descend(
        ansatz,
        start=np.concatenate(_in_units(units_of(ansatz), gammas, betas)),
        expand=lambda point: (point[:depth], point[depth:]),
        contract=lambda by_gamma, by_beta: np.concatenate((by_gamma, by_beta)),
        alpha=alpha,
    )


def train(
    ansatz: Ansatz, depth: int, seed: int, start_index: int, alpha: float | None = None
) -> Trained:
    """Minimise ⟨c⟩, or CVaR with `alpha`, over `depth` gammas and betas from one start.

    Scaling the objective scales the gammas and nothing else.
    """
    gammas, betas = initial_angles(ansatz, depth, seed, start_index)
    return refine(ansatz, gammas, betas, alpha)


def multistart(
    ansatz: Ansatz,
    depth: int,
    *,
    seed: int,
    starts: int,
    alpha: float | None = None,
    listener: Listener | None = None,
) -> Trained:
    """Return the best of `starts` trainings, with the evaluations of all of them.

    Raises:
        InvalidInput: fewer than one start or layer, or alpha outside (0, 1].
    """
    if starts < 1:
        raise InvalidInput(field="starts", reason=f"expected at least 1, was {starts}")
    tracker = Tracker(total=starts, listener=listener)
    results: list[Trained] = []
    for start_index in range(starts):
        results.append(train(ansatz, depth, seed, start_index, alpha))
        best = merge_best(results)
        tracker.step(units=1, energy=best.energy, evaluations=results[-1].evaluations)
    return _with_evaluations(merge_best(results), results)


def train_ramp(ansatz: Ansatz, depth: int, alpha: float | None = None) -> Trained:
    """Minimise over the two heights of a linear ramp, whatever the depth.

    `schedules.ramp_heights` gives the heights back, for use at other depths and sizes.
    """
    rising = midpoints(depth)
    return _descend(
        ansatz,
        start=np.array(RAMP_HEIGHTS[ansatz.mixer]),
        expand=lambda heights: linear_ramp(depth, heights[0], heights[1]),
        contract=lambda by_gamma, by_beta: np.array([by_gamma @ rising, by_beta @ rising[::-1]]),
        alpha=alpha,
    )


def grow(
    ansatz: Ansatz,
    depth: int,
    *,
    seed: int,
    starts: int,
    alpha: float | None = None,
    growth: Growth = interpolate,
    listener: Listener | None = None,
) -> tuple[Trained, ...]:
    """Train one layer from `starts` starts, then a layer more at a time; return every depth.

    Each depth begins where `growth` carries the angles of the one before (INTERP or FOURIER); if
    that ends higher than before, from the linear ramp. A layer of zeros, which changes nothing,
    is what remains if both do: no depth is worse than the one before.

    Raises:
        InvalidInput: fewer than one start or layer, or alpha outside (0, 1].
    """
    layers = int(np.arange(1, len(midpoints(depth)) + 1).sum())
    tracker = Tracker(total=layers, listener=listener)
    grown = [multistart(ansatz, 1, seed=seed, starts=starts, alpha=alpha)]
    tracker.step(units=1, energy=grown[0].energy, evaluations=grown[0].evaluations)
    for layer in range(2, depth + 1):
        grown.append(_with_a_layer_more(ansatz, grown[-1], growth, alpha))
        tracker.step(units=layer, energy=grown[-1].energy, evaluations=grown[-1].evaluations)
    return tuple(grown)


def initial_angles(ansatz: Ansatz, depth: int, seed: int, start_index: int) -> tuple[Reals, Reals]:
    """Return the gammas and betas (depth,) to start from.

    Start 0 is the linear ramp: phases grow while mixing fades. Odd starts shake a ramp of random
    height. Even ones are the best of 16 uniform draws by ⟨c⟩.
    """
    units = units_of(ansatz)
    gammas, betas = linear_ramp(depth, *RAMP_HEIGHTS[ansatz.mixer])
    if start_index == 0:
        return gammas * units.gamma, betas * units.beta
    random = block_generator("train", seed, start_index)
    if start_index % 2:
        heights = random.uniform(0.3, 2.0, size=2)
        shake = random.normal(scale=0.1, size=(2, depth))
        gammas, betas = gammas * heights[0] + shake[0], betas * heights[1] + shake[1]
        return gammas * units.gamma, betas * units.beta
    return _best_draw(ansatz, depth, random)


def merge_best(results: Sequence[Trained]) -> Trained:
    """Return the result of least energy; of equal ones the first."""
    return min(results, key=lambda result: result.energy)


def _best_draw(ansatz: Ansatz, depth: int, random: np.random.Generator) -> tuple[Reals, Reals]:
    """Draw angles of any sign, betas once around and gammas up to some turns of the phase."""
    reach = units_of(ansatz).gamma * random.uniform(*GAMMA_REACH, size=(DRAWS, 1))
    gammas = reach * random.uniform(-1.0, 1.0, size=(DRAWS, depth))
    betas = random.uniform(-np.pi, np.pi, size=(DRAWS, depth))
    best = int(ansatz.expectations(gammas, betas).argmin())
    return gammas[best], betas[best]


def _with_a_layer_more(
    ansatz: Ansatz, shallow: Trained, growth: Growth, alpha: float | None
) -> Trained:
    gammas, betas = np.array(shallow.gammas), np.array(shallow.betas)
    tried = [refine(ansatz, *growth(gammas, betas), alpha)]
    if tried[0].energy > shallow.energy:
        tried.append(train(ansatz, len(gammas) + 1, 0, 0, alpha))
    padded = replace(shallow, gammas=(*shallow.gammas, 0.0), betas=(*shallow.betas, 0.0))
    return _with_evaluations(merge_best([padded, *tried]), tried)


def _with_evaluations(best: Trained, results: Sequence[Trained]) -> Trained:
    return replace(best, evaluations=sum(result.evaluations for result in results))


def _in_units(units: Units, gammas: Reals, betas: Reals) -> tuple[Reals, Reals]:
    return gammas / units.gamma, betas / units.beta


def _descend(
    ansatz: Ansatz,
    *,
    start: Reals,
    expand: Expansion,
    contract: Contraction,
    alpha: float | None,
) -> Trained:
    """Minimise over points (m,) that `expand` turns into angles in natural units."""
    units = units_of(ansatz)

    def value_and_slope(point: Reals) -> tuple[float, Reals]:
        gammas, betas = expand(point)
        value, by_gamma, by_beta = ansatz.value_and_gradient(
            gammas * units.gamma, betas * units.beta, alpha
        )
        slope = contract(by_gamma * units.gamma, by_beta * units.beta)
        return value * units.gamma, slope * units.gamma

    found = minimize(
        value_and_slope,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "maxfun": MAX_EVALUATIONS, "ftol": 1e-9, "gtol": 1e-5},
    )
    gammas, betas = expand(found.x)
    return Trained(
        gammas=tuple((gammas * units.gamma).tolist()),
        betas=tuple((betas * units.beta).tolist()),
        energy=float(found.fun) / units.gamma,
        evaluations=int(found.nfev),
    )
