"""Own the vocabulary of backtests: which models are walked forward, and by what they are judged."""

from enum import StrEnum


class BacktestModel(StrEnum):
    """Name what forecasts price changes: the density model, its plainer company, two baselines."""

    DENSITY = "density"
    HISTORICAL = "historical"
    GARCH = "garch"
    HAR = "har"
    EWMA = "ewma"
    RANDOM_WALK = "random_walk"
    NAIVE = "naive"

    @property
    def has_window(self) -> bool:
        """Tell whether it learns from the last days of a window, so many as it is asked."""
        return self not in {BacktestModel.DENSITY, BacktestModel.EWMA}


BASELINES = (BacktestModel.NAIVE, BacktestModel.RANDOM_WALK)
"""Name the models that every other one is compared with."""


class BacktestMetric(StrEnum):
    """Name what a backtest measures, in the order in which it is told.

    The first three are losses, less being better. `exceptions` is the share of days on which a long
    position lost more than its value at risk; the p-values are of tests that it is as it should be
    (Kupiec), that exceptions fall independently (Christoffersen), and of both.
    """

    CRPS = "crps"
    PINBALL = "pinball"
    MASE = "mase"
    EXCEPTIONS = "exceptions"
    KUPIEC_P = "kupiec_p"
    CHRISTOFFERSEN_P = "christoffersen_p"
    JOINT_P = "joint_p"
    SKIPPED = "skipped"
