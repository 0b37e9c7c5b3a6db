"""Own the Kalman filter: over a whole panel, or one row at a time with the same numbers."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.schwartz_smith.kernels import STATE_SIZE, advance, filter_rows, observe
from quant.schwartz_smith.panel import FuturesPanel, FuturesRow, Integers
from quant.schwartz_smith.parameters import (
    SchwartzSmithModel,
    SchwartzSmithParameters,
    forward_intercept,
    short_term_loading,
)

Reals = NDArray[np.float64]

VAGUE_VARIANCE = 100.0
"""Name the variance of both factors before anything was seen, in squared log price."""

_EXACT_CELLS = 2  # two factors can meet no more prices exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterState:
    """Hold what the filter knows after `rows` rows: mean and covariance of (χ, ξ), likelihood.

    Plain numbers: `dataclasses.asdict`, JSON and `FilterState(**values)` return the same state,
    and filtering goes on from it as if never interrupted.

    Raises:
        InvalidInput: a number is not finite, a variance or a count is negative.
    """

    chi: float
    xi: float
    chi_variance: float
    covariance: float
    xi_variance: float
    log_likelihood: float = 0.0
    rows: int = 0
    cells: int = 0

    def __post_init__(self) -> None:
        if not all(isfinite(value) for value in self.to_array().tolist()):
            raise InvalidInput(field="state", reason="expected finite numbers only")
        if min(self.chi_variance, self.xi_variance, self.rows, self.cells) < 0:
            raise InvalidInput(field="state", reason="expected no negative variance or count")

    def to_array(self) -> Reals:
        """Return the numbers that the kernels move, shape (6,)."""
        return np.array(
            [
                self.chi,
                self.xi,
                self.chi_variance,
                self.covariance,
                self.xi_variance,
                self.log_likelihood,
            ]
        )

    @property
    def mean(self) -> Reals:
        """Return the mean of (χ, ξ), shape (2,)."""
        return np.array([self.chi, self.xi])

    @property
    def spread(self) -> Reals:
        """Return the covariance of (χ, ξ), shape (2, 2)."""
        return np.array([[self.chi_variance, self.covariance], [self.covariance, self.xi_variance]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filtered:
    """Hold what the filter knew after each row, and its state after the last.

    `means` (rows, 2) of (χ, ξ); `covariances` (rows, 3): Var χ, Cov, Var ξ;
    `log_likelihoods` (rows,) of each row given those before it.
    """

    means: Reals
    covariances: Reals
    log_likelihoods: Reals
    last: FilterState

    @property
    def log_likelihood(self) -> float:
        return self.last.log_likelihood


def vague_state(panel: FuturesPanel) -> FilterState:
    """Return the state before a panel of which nothing is known.

    χ = 0 and ξ = the first price of the first row that has one, both with `VAGUE_VARIANCE` and
    without covariance: with it the likelihood of the published parameters is the one printed.

    Raises:
        InvalidInput: the panel holds no price.
    """
    known = panel.log_prices[np.isfinite(panel.log_prices)]
    if not known.size:
        raise InvalidInput(field="log_prices", reason="expected at least one price")
    return FilterState(
        chi=0.0,
        xi=float(known[0]),
        chi_variance=VAGUE_VARIANCE,
        covariance=0.0,
        xi_variance=VAGUE_VARIANCE,
    )


def filter_panel(
    model: SchwartzSmithModel, panel: FuturesPanel, initial: FilterState | None = None
) -> Filtered:
    """Filter a panel from `initial`, the state before its first step, else from `vague_state`.

    The log-likelihood is exact: of all prices under the initial state, missing cells left out.

    Raises:
        InvalidInput: a column's noise group has no noise, more than two prices of a row are to be
            met exactly, or a price could be foretold exactly.
    """
    start = vague_state(panel) if initial is None else initial
    state = start.to_array()
    states = np.empty((len(panel.steps), STATE_SIZE))
    failed = filter_rows(
        np.array(model.parameters.to_tuple()),
        _noise_variances(model, panel.groups, panel.log_prices),
        np.ascontiguousarray(panel.log_prices),
        np.ascontiguousarray(panel.years),
        panel.steps,
        state,
        states,
    )
    if failed >= 0:
        raise _foretold(failed)
    return Filtered(
        means=states[:, :2],
        covariances=states[:, 2:5],
        log_likelihoods=np.diff(states[:, 5], prepend=start.log_likelihood),
        last=_state(state, rows=start.rows + len(states), cells=start.cells + panel.cells),
    )


def update(model: SchwartzSmithModel, state: FilterState, row: FuturesRow) -> FilterState:
    """Return the state after one more row; `state` is left as it is.

    The numbers are those of `filter_panel` over the same rows. A row without any price moves the
    state through its step.

    Raises:
        InvalidInput: as `filter_panel`.
    """
    parameters = np.array(model.parameters.to_tuple())
    numbers = state.to_array()
    variances = _noise_variances(model, row.groups, row.log_prices[None])
    advance(parameters, row.step, numbers)
    prices, years = np.ascontiguousarray(row.log_prices), np.ascontiguousarray(row.years)
    if not observe(parameters, variances, prices, years, numbers):
        raise _foretold(state.rows)
    seen = int(np.isfinite(row.log_prices).sum())
    return _state(numbers, rows=state.rows + 1, cells=state.cells + seen)


def fitted_log_prices(means: Reals, years: Reals, parameters: SchwartzSmithParameters) -> Reals:
    """Return the model's log prices (rows, cells) at states (rows, 2) of (χ, ξ)."""
    fitted: Reals = (
        short_term_loading(years, parameters) * means[:, :1]
        + means[:, 1:]
        + forward_intercept(years, parameters)
    )
    return fitted


def _state(numbers: Reals, *, rows: int, cells: int) -> FilterState:
    chi, xi, chi_variance, covariance, xi_variance, likelihood = numbers.tolist()
    return FilterState(
        chi=chi,
        xi=xi,
        # prices met exactly leave nothing, of which rounding may keep a negative trace
        chi_variance=max(chi_variance, 0.0),
        covariance=covariance,
        xi_variance=max(xi_variance, 0.0),
        log_likelihood=likelihood,
        rows=rows,
        cells=cells,
    )


def _noise_variances(model: SchwartzSmithModel, groups: Integers, prices: Reals) -> Reals:
    """Return the noise variance of each column (cells,), after a check against the prices."""
    if int(groups.max(initial=-1)) >= len(model.noises):
        raise InvalidInput(
            field="noises",
            reason=f"expected one for each group up to {groups.max()}, were {len(model.noises)}",
        )
    variances: Reals = np.square(np.array(model.noises))[groups]
    exact = np.isfinite(prices[:, variances == 0.0]).sum(axis=1)
    if int(exact.max(initial=0)) > _EXACT_CELLS:
        raise InvalidInput(
            field="noises",
            reason="two factors can meet two prices of a row exactly; more have noise 0",
        )
    return variances


def _foretold(row: int) -> InvalidInput:
    return InvalidInput(
        field="noises",
        reason=f"a price of row {row} could be foretold exactly; give it a noise above 0",
    )
