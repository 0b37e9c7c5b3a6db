from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput
from quant.calendars import business_days, calendar_of
from quant.continuous import SettlementHistory
from quant.schwartz_smith.chain import Chain, build_chain
from quant.schwartz_smith.walk_forward import Walk, walk_forward

FIRST, LAST = date(2019, 3, 1), date(2020, 3, 31)
DAYS = (5, 20)


def settlements(seed: int = 9) -> SettlementHistory:
    """Draw two years and more of nine positions: a random walk of level and slope, some missing."""
    dates = business_days(date(2018, 1, 2), LAST, calendar_of("CL"))
    generator = np.random.default_rng(seed)
    level = 4.0 + generator.normal(0.0, 0.02, len(dates)).cumsum()
    slope = generator.normal(0.0, 0.01, len(dates)).cumsum()
    logs = level[:, None] + slope[:, None] * np.exp(-0.2 * np.arange(9.0))
    logs += 0.003 * generator.standard_normal(logs.shape)
    logs[generator.random(logs.shape) < 0.02] = np.nan
    return SettlementHistory(product="CL", dates=dates, settlements=np.exp(logs))


@pytest.fixture(scope="module")
def chain() -> Chain:
    return build_chain(settlements())


@pytest.fixture(scope="module")
def walk(chain: Chain) -> Walk:
    return walk_forward(chain, FIRST, LAST, DAYS)


def test_the_walk_covers_its_dates_and_estimates_each_year(chain: Chain, walk: Walk) -> None:
    assert chain.dates[walk.first_row] == FIRST
    assert chain.dates[walk.end_row - 1] == LAST
    assert walk.changes.shape == (walk.end_row - walk.first_row, 2)
    assert np.isfinite(walk.changes).all()
    assert [day for day, _ in walk.curves] == [FIRST, date(2020, 1, 1)]


@pytest.mark.parametrize("today", [date(2019, 3, 1), date(2019, 10, 15), date(2020, 2, 3)])
def test_a_corrupted_future_changes_nothing_before_it(
    chain: Chain, walk: Walk, today: date
) -> None:
    history = settlements()
    row = history.dates.index(today)
    corrupt = history.settlements.copy()
    corrupt[row + 1 :] = np.random.default_rng(1).uniform(1.0, 500.0, corrupt[row + 1 :].shape)
    other = walk_forward(build_chain(replace(history, settlements=corrupt)), FIRST, LAST, DAYS)
    known = row + 1 - walk.first_row
    assert other.changes[:known].tolist() == walk.changes[:known].tolist()
    if today < date(2020, 1, 1):
        assert other.changes[known:].tolist() != walk.changes[known:].tolist()


def test_a_walk_that_ends_earlier_says_the_same(chain: Chain, walk: Walk) -> None:
    end = chain.dates.index(date(2019, 9, 30)) + 1
    short = walk_forward(chain.between(0, end), FIRST, date(2019, 9, 30), DAYS)
    assert short.changes.tolist() == walk.changes[: end - walk.first_row].tolist()


def test_without_history_there_is_nothing_to_walk_on(chain: Chain) -> None:
    with pytest.raises(HistoryTooShort):
        walk_forward(chain, date(2018, 3, 1), date(2018, 9, 3), DAYS)
    with pytest.raises(InvalidInput, match="no settlement"):
        walk_forward(chain, date(2021, 1, 1), date(2021, 12, 31), DAYS)


def test_a_walk_begins_when_a_year_lies_behind_it(chain: Chain) -> None:
    late = walk_forward(chain, date(2018, 3, 1), date(2019, 2, 28), (5,))
    assert [day for day, _ in late.curves] == [date(2019, 1, 1)]
    assert chain.dates[late.first_row] == date(2019, 1, 2)
