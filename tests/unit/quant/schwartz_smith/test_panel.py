from datetime import date

import numpy as np
import pytest

from core.errors import InvalidInput, ModelNotApplicable
from quant.schwartz_smith.panel import FuturesPanel, FuturesRow, log_prices

DATES = (date(2020, 4, 17), date(2020, 4, 20), date(2020, 4, 21))
PRICES = np.array([[18.27, 25.03], [-37.63, 20.43], [10.01, 11.57]])  # CL in April 2020


def panel(rows: int = 6) -> FuturesPanel:
    return FuturesPanel(
        log_prices=np.arange(2.0 * rows).reshape(rows, 2),
        years=np.full((rows, 2), 0.5),
        steps=np.arange(1.0, rows + 1.0),
        groups=np.zeros(2, dtype=np.int64),
    )


def test_a_price_that_is_not_positive_is_refused_with_a_way_out() -> None:
    with pytest.raises(ModelNotApplicable, match="dollar changes") as refused:
        log_prices(DATES, PRICES)
    assert "the first on 2020-04-20" in refused.value.detail


def test_cells_left_out_are_reported() -> None:
    logs, left_out = log_prices(DATES, PRICES, leave_out=True)
    assert (left_out.cells, left_out.dates) == (1, (date(2020, 4, 20),))
    assert np.isnan(logs).tolist() == [[False, False], [True, False], [False, False]]
    assert logs[1, 1] == np.log(20.43)


def test_a_missing_price_stays_missing_and_is_no_reason_to_refuse() -> None:
    logs, left_out = log_prices(DATES[:1], np.array([[np.nan, 0.5]]))
    assert np.isnan(logs[0, 0])
    assert (left_out.cells, left_out.dates) == (0, ())


def test_every_nth_row_carries_the_time_of_those_between() -> None:
    kept = panel().every(4)
    assert kept.log_prices[:, 0].tolist() == [0.0, 8.0]
    assert kept.steps.tolist() == [1.0, 2.0 + 3.0 + 4.0 + 5.0]
    assert panel().every(1).steps.tolist() == panel().steps.tolist()
    with pytest.raises(InvalidInput, match="count"):
        panel().every(0)


def test_rows_are_those_of_the_panel() -> None:
    row = panel().between(2, 5).row(1)
    assert row.log_prices.tolist() == [6.0, 7.0]
    assert row.step == 4.0
    assert panel().cells == 12


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"years": np.full((6, 3), 0.5)}, "years"),
        ({"years": np.full((6, 2), -0.1)}, "years"),
        ({"years": np.full((6, 2), np.nan)}, "years"),
        ({"groups": np.array([0, -1])}, "groups"),
        ({"groups": np.array([0, 1, 2])}, "groups"),
        ({"steps": np.ones(5)}, "steps"),
        ({"steps": np.full(6, np.nan)}, "steps"),
        ({"steps": np.full(6, -1.0)}, "steps"),
        ({"log_prices": np.full((6, 2), np.inf)}, "log_prices"),
        ({"log_prices": np.zeros(6)}, "log_prices"),
    ],
)
def test_what_does_not_fit_together_is_refused(change: dict[str, np.ndarray], field: str) -> None:
    whole = panel()
    values = {
        "log_prices": whole.log_prices,
        "years": whole.years,
        "steps": whole.steps,
        "groups": whole.groups,
    }
    with pytest.raises(InvalidInput) as refused:
        FuturesPanel(**{**values, **change})
    assert refused.value.context["field"] == field


def test_a_row_is_checked_like_a_panel() -> None:
    cells = {"years": np.array([0.5]), "groups": np.zeros(1, dtype=np.int64)}
    with pytest.raises(InvalidInput, match="step"):
        FuturesRow(log_prices=np.array([3.0]), step=-1.0, **cells)
    with pytest.raises(InvalidInput, match="one dimension"):
        FuturesRow(log_prices=np.array([[3.0]]), step=1.0, **cells)
    missing = FuturesRow(
        log_prices=np.array([np.nan]),
        years=np.array([-1.0]),
        groups=np.zeros(1, dtype=np.int64),
        step=0.0,
    )
    assert np.isnan(missing.log_prices[0])


def test_dates_must_fit_the_prices() -> None:
    with pytest.raises(InvalidInput, match="2 rows"):
        log_prices(DATES[:2], PRICES)
