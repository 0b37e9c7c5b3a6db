from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.errors import ModelNotApplicable
from quant.calendars import business_days, calendar_of, last_trade_date, listed_contracts
from quant.continuous import SettlementHistory
from quant.schwartz_smith.chain import build_chain, position_groups, position_years
from quant.schwartz_smith.panel import STEP_YEARS

SharedData = Callable[[str], Path]


def history(product: str, first: date, last: date, positions: int) -> SettlementHistory:
    dates = business_days(first, last, calendar_of(product))
    return SettlementHistory(
        product=product, dates=dates, settlements=np.full((len(dates), positions), 50.0)
    )


@pytest.mark.parametrize("product", ["CL", "NG", "HO", "RB", "B"])
def test_every_cell_has_the_time_to_its_own_last_trade_date(product: str) -> None:
    chain = build_chain(history(product, date(2019, 11, 1), date(2020, 3, 31), 14))
    for row, day in enumerate(chain.dates):
        contracts = listed_contracts(product, day, 14)
        days = [(last_trade_date(contract) - day).days for contract in contracts]
        assert (chain.panel.years[row] * 365.0).round(9).tolist() == days
        assert chain.months[row].tolist() == [one.contract_month.month - 1 for one in contracts]
        assert position_years(product, day, 14).tolist() == chain.panel.years[row].tolist()


def test_steps_count_business_days_and_weekends_as_one() -> None:
    whole = history("CL", date(2020, 1, 2), date(2020, 1, 31), 3)
    gone = [day for day in whole.dates if day not in {date(2020, 1, 15), date(2020, 1, 16)}]
    chain = build_chain(
        SettlementHistory(
            product="CL", dates=tuple(gone), settlements=np.full((len(gone), 3), 50.0)
        )
    )
    steps = (chain.panel.steps / STEP_YEARS).round(9)
    assert steps[gone.index(date(2020, 1, 17))] == 3.0
    assert np.delete(steps, gone.index(date(2020, 1, 17))).tolist() == [1.0] * (len(gone) - 1)


def test_near_positions_have_noises_of_their_own() -> None:
    assert position_groups(15).tolist() == [0, 1, 2, 2, 2, 2, *[3] * 6, *[4] * 3]


def test_rows_between_keep_their_contracts() -> None:
    chain = build_chain(history("CL", date(2020, 1, 2), date(2020, 3, 31), 3))
    part = chain.between(5, 9)
    assert part.dates == chain.dates[5:9]
    assert part.contracts.tolist() == chain.contracts[5:9].tolist()
    assert part.panel.years.tolist() == chain.panel.years[5:9].tolist()


def test_the_negative_price_of_april_2020_is_refused_or_reported(shared_data: SharedData) -> None:
    table = pq.read_table(
        shared_data("futures_settlements.parquet"),
        filters=[("product", "=", "CL"), ("position", "<=", 6)],
    ).sort_by([("date", "ascending"), ("position", "ascending")])
    days = [moment.date() for moment in table["date"].to_pylist()[::6]]
    prices = table["settlement"].to_numpy().reshape(len(days), 6)
    rows = [row for row, day in enumerate(days) if (day.year, day.month) == (2020, 4)]
    dates = tuple(days[row] for row in rows)
    april = SettlementHistory(product="CL", dates=dates, settlements=prices[rows])
    with pytest.raises(ModelNotApplicable, match="2020-04-20"):
        build_chain(april)
    chain = build_chain(april, leave_out=True)
    assert (chain.left_out.cells, chain.left_out.dates) == (1, (date(2020, 4, 20),))
    assert np.isnan(chain.panel.log_prices[dates.index(date(2020, 4, 20)), 0])
