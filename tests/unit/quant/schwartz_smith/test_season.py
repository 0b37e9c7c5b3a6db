import numpy as np
import pytest

from core.errors import InvalidInput
from quant.schwartz_smith.parameters import OIL, forward_intercept
from quant.schwartz_smith.season import log_season

GENERATOR = np.random.default_rng(8)
TRUE = np.array([0.1, 0.08, 0.03, -0.05, -0.06, -0.05, -0.04, -0.04, -0.03, -0.02, 0.02, 0.06])


def curves(rows: int, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw two-factor curves of rolling contracts with a season by delivery month."""
    starts = np.sort(GENERATOR.uniform(0.0, 3.0, rows))
    months = (np.floor(starts * 12.0).astype(np.int64)[:, None] + np.arange(cells)) % 12
    years = (np.arange(cells) + 1.0 - (starts * 12.0 % 1.0)[:, None]) / 12.0
    chi, xi = GENERATOR.normal(0.0, 0.2, (rows, 1)), GENERATOR.normal(4.0, 0.3, (rows, 1))
    smooth = np.exp(-OIL.kappa * years) * chi + xi + forward_intercept(years, OIL)
    return smooth + (TRUE - TRUE.mean())[months], years, months


@pytest.mark.parametrize("cells", [18, 36])
def test_a_season_is_found_below_moving_curves(cells: int) -> None:
    logs, years, months = curves(300, cells)
    found = log_season(logs, years, months)
    assert found == pytest.approx(TRUE - TRUE.mean(), abs=0.006)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)


def test_missing_prices_and_short_curves_are_passed_over() -> None:
    logs, years, months = curves(300, 36)
    logs[::2, 6:] = np.nan
    logs[1::2][GENERATOR.random(logs[1::2].shape) < 0.3] = np.nan
    assert log_season(logs, years, months) == pytest.approx(TRUE - TRUE.mean(), abs=0.006)


def test_no_season_is_none() -> None:
    logs, years, months = curves(100, 36)
    flat = logs - (TRUE - TRUE.mean())[months]
    assert log_season(flat, years, months) == pytest.approx(np.zeros(12), abs=0.006)


def test_what_cannot_have_a_season_is_refused() -> None:
    logs, years, months = curves(10, 12)
    with pytest.raises(InvalidInput, match="eight"):
        log_season(logs[:, :7], years[:, :7], months[:, :7])
    with pytest.raises(InvalidInput, match="months"):
        log_season(logs, years, months + 1)
    with pytest.raises(InvalidInput, match="one shape"):
        log_season(logs, years[:, :3], months)
