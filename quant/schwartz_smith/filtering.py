"""Own the Kalman filter: over a whole panel, or one row at a time with the same numbers."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.schwartz_smith.kernels import STATE_SIZE, filter_rows
from quant.schwartz_smith.panel import FuturesPanel, FuturesRow, Integers
from quant.schwartz_smith.parameters import (
    OIL,
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
    states, last = _filtered(model, panel, start)
    return Filtered(
        means=states[:, :2],
        covariances=states[:, 2:5],
        log_likelihoods=np.diff(states[:, 5], prepend=start.log_likelihood),
        last=last,
    )


def update(model: SchwartzSmithModel, state: FilterState, row: FuturesRow) -> FilterState:
    """Return the state after one more row; `state` is left as it is.

    The numbers are those of `filter_panel` over the same rows. A row without any price moves the
    state through its step.

    Raises:
        InvalidInput: as `filter_panel`.
    """
    panel = FuturesPanel(
        log_prices=row.log_prices[None],
        years=row.years[None],
        steps=np.array([row.step]),
        groups=row.groups,
    )
    return _filtered(model, panel, state)[1]


def fitted_log_prices(means: Reals, years: Reals, parameters: SchwartzSmithParameters) -> Reals:
    """Return the model's log prices (rows, cells) at states (rows, 2) of (χ, ξ)."""
    fitted: Reals = (
        short_term_loading(years, parameters) * means[:, :1]
        + means[:, 1:]
        + forward_intercept(years, parameters)
    )
    return fitted


def compile_filter() -> None:
    """Filter a small panel, so that the kernels are compiled."""
    panel = FuturesPanel(
        log_prices=np.array([[4.0, 4.1], [4.0, 4.1]]),
        years=np.array([[0.1, 1.0], [0.1, 1.0]]),
        steps=np.full(2, 0.02),
        groups=np.zeros(2, dtype=np.int64),
    )
    model = SchwartzSmithModel(parameters=OIL, noises=(0.01,))
    update(model, filter_panel(model, panel).last, panel.row(0))


def _filtered(
    model: SchwartzSmithModel, panel: FuturesPanel, start: FilterState
) -> tuple[Reals, FilterState]:
    """Return the numbers after each row (rows, 6), and the state after the last."""
    numbers = start.to_array()
    states = np.empty((len(panel.steps), STATE_SIZE))
    failed = filter_rows(
        np.array(model.parameters.to_tuple()),
        noise_variances(model, panel.groups, panel.log_prices),
        np.ascontiguousarray(panel.log_prices),
        np.ascontiguousarray(panel.years),
        np.ascontiguousarray(panel.steps),
        numbers,
        states,
    )
    if failed >= 0:
        raise InvalidInput(
            field="noises",
            reason=f"a price of row {start.rows + failed} could be foretold exactly; give it a "
            "noise above 0",
        )
    chi, xi, chi_variance, covariance, xi_variance, likelihood = numbers.tolist()
    last = FilterState(
        chi=chi,
        xi=xi,
        chi_variance=chi_variance,
        covariance=covariance,
        xi_variance=xi_variance,
        log_likelihood=likelihood,
        rows=start.rows + len(states),
        cells=start.cells + panel.cells,
    )
    return states, last


def noise_variances(model: SchwartzSmithModel, groups: Integers, prices: Reals) -> Reals:
    """Return the noise variance of each column (cells,) of prices (rows, cells).

    Raises:
        InvalidInput: a column's group has no noise, or more than two prices of a row are to be met
            exactly.
    """
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
