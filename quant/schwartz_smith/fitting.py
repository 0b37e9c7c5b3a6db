"""Own maximum likelihood: several seeded starts, then standard errors where the optimum is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.schwartz_smith.filtering import FilterState, noise_variances, vague_state
from quant.schwartz_smith.information import standard_errors
from quant.schwartz_smith.kernels import STATE_SIZE, filter_rows
from quant.schwartz_smith.panel import FuturesPanel
from quant.schwartz_smith.parameters import (
    MODEL,
    SchwartzSmithModel,
    SchwartzSmithParameters,
)
from quant.schwartz_smith.transforms import Coordinates

Reals = NDArray[np.float64]
Progress = Callable[[int, float], None]
"""Is told the number of starts that are done and the best log-likelihood so far."""

MINIMUM_ROWS = 50
"""Name the rows with two prices or more that an estimate needs."""

_SPREAD_OF_STARTS = 0.4
_IMPOSSIBLE = 1e12
_EQUAL = 1e-6
_SMALL_NOISE = 1e-4
_HARDLY_WORSE = 1e-3
_ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """Hold a maximum-likelihood estimate and how sure it is.

    `standard_errors` are of the natural parameters by name, from the observed information and the
    delta method. Missing there: what was fixed, and what is `at_bound`, a noise estimated as 0;
    all are missing where the information is not positive definite. `starts` holds the
    log-likelihood that each start reached.
    """

    model: SchwartzSmithModel
    log_likelihood: float
    rows: int
    cells: int
    free: tuple[str, ...]
    at_bound: tuple[str, ...]
    starts: tuple[float, ...]
    standard_errors: Mapping[str, float] = field(hash=False)

    @property
    def aic(self) -> float:
        """Return −2 ln L + 2k with k the parameters that were free."""
        return -2.0 * self.log_likelihood + 2.0 * len(self.free)

    @property
    def bic(self) -> float:
        """Return −2 ln L + k ln n with n the prices."""
        return -2.0 * self.log_likelihood + len(self.free) * float(np.log(self.cells))


def fit(
    panel: FuturesPanel,
    *,
    fixed: Mapping[str, float] | None = None,
    initial: FilterState | None = None,
    first: SchwartzSmithModel | None = None,
    starts: int = 4,
    seed: int = 0,
    errors: bool = True,
    progress: Progress | None = None,
) -> FittedModel:
    """Estimate the parameters and the noise of each group of a panel by maximum likelihood.

    `fixed` holds parameters by name (noise_0, noise_1, … are the noises), `initial` the state
    before the first step (else `vague_state`). The first start is `first` or drawn from the
    panel's own moments; the others are scattered about it by `seed`. With `errors` false no
    standard errors are computed. A panel whose curves have one price each is refused: that price
    alone cannot tell the two factors apart.

    Raises:
        HistoryTooShort: fewer than `MINIMUM_ROWS` rows hold two prices or more.
        ModelNotApplicable: no row holds two prices.
        InvalidInput: a fixed name is unknown or its value no parameter, everything is fixed,
            `starts` is below 1, `first` has noises of other groups, or more than two prices of a
            row are to be met exactly.
    """
    _check_panel(panel)
    coordinates = Coordinates(groups=int(panel.groups.max()) + 1, fixed=dict(fixed or {}))
    if not coordinates.free or starts < 1:
        raise InvalidInput(
            field="fixed" if starts >= 1 else "starts",
            reason="expected one free parameter and one start at least",
        )
    if first is not None and len(first.noises) != coordinates.groups:
        reason = f"expected {coordinates.groups} noises, were {len(first.noises)}"
        raise InvalidInput(field="first", reason=reason)
    begin = coordinates.vector(_moments(panel) if first is None else first)
    noise_variances(coordinates.model(begin), panel.groups, panel.log_prices)
    state = (vague_state(panel) if initial is None else initial).to_array()
    cost = partial(_cost, coordinates, panel, state)
    bounds = coordinates.bounds()
    generator = np.random.default_rng(seed)
    reached: list[float] = []
    best, least = begin, np.inf
    for start in range(starts):
        scattered = begin + (start > 0) * _SPREAD_OF_STARTS * generator.standard_normal(begin.size)
        found, value = _descend(cost, np.clip(scattered, *np.transpose(bounds)), bounds)
        reached.append(-value)
        if value < least:
            best, least = found, value
        if progress is not None:
            progress(start + 1, -least)
    free = coordinates.free
    coordinates, best, at_bound = _noises_of_zero(coordinates, best, panel, state)
    cost = partial(_cost, coordinates, panel, state)
    return FittedModel(
        model=coordinates.model(best),
        log_likelihood=-cost(best),
        rows=len(panel.steps),
        cells=panel.cells,
        free=free,
        at_bound=at_bound,
        starts=tuple(reached),
        standard_errors=standard_errors(cost, coordinates, best) if errors else {},
    )


def _cost(coordinates: Coordinates, panel: FuturesPanel, start: Reals, vector: Reals) -> float:
    """Return the negative log-likelihood, a large number where there is none."""
    natural = coordinates.natural(vector)
    variances = np.square(natural[-coordinates.groups :])[panel.groups]
    state = start.copy()
    failed = filter_rows(
        natural[: -coordinates.groups],
        variances,
        np.ascontiguousarray(panel.log_prices),
        np.ascontiguousarray(panel.years),
        panel.steps,
        state,
        np.empty((len(panel.steps), STATE_SIZE)),
    )
    value = float(state[-1])
    return -value if failed < 0 and np.isfinite(value) else _IMPOSSIBLE


def _descend(
    cost: Callable[[Reals], float], start: Reals, bounds: list[tuple[float, float]]
) -> tuple[Reals, float]:
    """Return a local minimum and its value: quasi-Newton steps, restarted until they stand still.

    A restart forgets the curvature that was built up elsewhere.
    """
    low, high = np.transpose(bounds)
    vector, value = start, cost(start)
    for _ in range(_ROUNDS):
        found = minimize(
            cost,
            vector,
            jac=lambda at: _gradient(cost, at, low, high),
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-5, "maxcor": 30},
        )
        gained = value - float(found.fun)
        if gained > 0.0:
            vector, value = np.asarray(found.x, dtype=np.float64), float(found.fun)
        if gained < _EQUAL:
            break
    return vector, value


def _gradient(cost: Callable[[Reals], float], at: Reals, low: Reals, high: Reals) -> Reals:
    """Return central differences, one-sided at a bound."""
    slopes = np.empty(at.size)
    for place in range(at.size):
        step = 1e-5 * max(1.0, abs(at[place]))
        ahead, behind = at.copy(), at.copy()
        ahead[place] = min(at[place] + step, high[place])
        behind[place] = max(at[place] - step, low[place])
        slopes[place] = (cost(ahead) - cost(behind)) / (ahead[place] - behind[place])
    return slopes


def _noises_of_zero(
    coordinates: Coordinates, vector: Reals, panel: FuturesPanel, state: Reals
) -> tuple[Coordinates, Reals, tuple[str, ...]]:
    """Hold noises at exactly 0 that the likelihood drives there."""
    at_bound: list[str] = []
    for name in [name for name in coordinates.free if name.startswith("noise_")]:
        place = coordinates.free.index(name)
        if vector[place] > np.log(_SMALL_NOISE):
            continue
        exact = Coordinates(groups=coordinates.groups, fixed={**coordinates.fixed, name: 0.0})
        without = np.delete(vector, place)
        cost = partial(_cost, exact, panel, state)
        if cost(without) <= _cost(coordinates, panel, state, vector) + _HARDLY_WORSE:
            coordinates, vector = exact, _descend(cost, without, exact.bounds())[0]
            at_bound.append(name)
    return coordinates, vector, tuple(at_bound)


def _check_panel(panel: FuturesPanel) -> None:
    prices = np.isfinite(panel.log_prices).sum(axis=1)
    curves = int((prices >= 2).sum())
    if curves == 0 and len(prices) >= MINIMUM_ROWS:
        raise ModelNotApplicable(
            model=MODEL,
            reason="two factors need a curve of two prices at least; for one price a day use a "
            "random walk with the volatility of its changes",
        )
    if curves < MINIMUM_ROWS:
        raise HistoryTooShort(subject=MODEL, needed=MINIMUM_ROWS, found=curves)


def _moments(panel: FuturesPanel) -> SchwartzSmithModel:
    """Return a first guess: volatilities of the nearest and farthest column, the rest plain."""
    changes = np.diff(panel.log_prices, axis=0)
    with np.errstate(invalid="ignore"):
        variances = changes**2 / np.maximum(panel.steps[1:, None], 1e-6)
    known = np.isfinite(variances)
    mean = np.where(known, variances, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    near, far = float(mean[0]), float(mean[-1])
    return SchwartzSmithModel(
        parameters=SchwartzSmithParameters(
            kappa=1.0,
            sigma_chi=float(np.sqrt(max(near - far, 0.25 * near, 1e-4))),
            lambda_chi=0.0,
            mu_xi=0.0,
            mu_xi_star=0.0,
            sigma_xi=float(np.sqrt(max(far, 1e-4))),
            rho=0.3,
        ),
        noises=(0.01,) * (int(panel.groups.max()) + 1),
    )
