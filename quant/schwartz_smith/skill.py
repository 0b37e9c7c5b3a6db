"""Own the errors of forecast curves beside those of two naive curves, over the same contracts."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.schwartz_smith.chain import Chain
from quant.schwartz_smith.walk_forward import Walk

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSize:
    """Hold the mean absolute and the root mean square error of log prices."""

    absolute: float
    square: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveScore:
    """Hold the sizes of the errors over all `cells` of all curves, the same for all three."""

    cells: int
    forecast: ErrorSize
    same_contract: ErrorSize
    same_position: ErrorSize


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurveErrors:
    """Hold errors of log prices, (rows, positions), nan in all three where a price is missing.

    Of the forecast, of each contract's own price left unchanged, and of each position's. Row n was
    forecast on `origins[n]` and came on `targets[n]`; its positions are those of the target.
    """

    origins: tuple[date, ...]
    targets: tuple[date, ...]
    forecast: Reals
    same_contract: Reals
    same_position: Reals

    def between(self, first: date, last: date) -> "CurveErrors":
        """Return the rows forecast on `first` or later that came on `last` or earlier."""
        kept = [
            row
            for row, (origin, target) in enumerate(zip(self.origins, self.targets, strict=True))
            if first <= origin and target <= last
        ]
        return CurveErrors(
            origins=tuple(self.origins[row] for row in kept),
            targets=tuple(self.targets[row] for row in kept),
            forecast=self.forecast[kept],
            same_contract=self.same_contract[kept],
            same_position=self.same_position[kept],
        )

    def score(self) -> CurveScore:
        """Return the sizes of the errors over all cells.

        Raises:
            InvalidInput: there is no cell.
        """
        cells = int(np.isfinite(self.forecast).sum())
        if not cells:
            raise InvalidInput(field="errors", reason="expected at least one cell")
        return CurveScore(
            cells=cells,
            forecast=_size(self.forecast),
            same_contract=_size(self.same_contract),
            same_position=_size(self.same_position),
        )


def curve_errors(chain: Chain, walk: Walk, ahead: int) -> CurveErrors:
    """Return the errors of a walk at one of its horizons, for each contract that both curves hold.

    The curves are those of a row and of the row `ahead` later, both inside the walk. Errors are of
    log prices, so that contracts, products and years weigh alike; a cell without a logarithm or
    without a price in either naive curve is missing.

    Raises:
        InvalidInput: the walk has no such horizon.
    """
    if ahead not in walk.days:
        raise InvalidInput(field="ahead", reason=f"expected one of {walk.days}, was {ahead}")
    logs, fronts = chain.panel.log_prices, chain.contracts[:, 0]
    origins = np.arange(walk.first_row, max(walk.end_row - ahead, walk.first_row))
    rolled = (fronts[origins + ahead] - fronts[origins])[:, None]
    columns = np.arange(logs.shape[1]) + rolled
    listed = columns < logs.shape[1]
    own = np.where(listed, logs[origins[:, None], np.where(listed, columns, 0)], np.nan)
    there, came = logs[origins], logs[origins + ahead]
    missing = np.isnan(own) | np.isnan(there) | np.isnan(came)
    came = np.where(missing, np.nan, came)
    change = walk.changes[: origins.size, walk.days.index(ahead)][:, None]
    return CurveErrors(
        origins=tuple(chain.dates[row] for row in origins.tolist()),
        targets=tuple(chain.dates[row + ahead] for row in origins.tolist()),
        forecast=came - own - change,
        same_contract=came - own,
        same_position=came - there,
    )


def _size(errors: Reals) -> ErrorSize:
    known = errors[np.isfinite(errors)]
    return ErrorSize(
        absolute=float(np.abs(known).mean()), square=float(np.sqrt(np.square(known).mean()))
    )
