from datetime import date

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.calendars import business_days, calendar_of, listed_contracts
from quant.continuous import SettlementHistory
from quant.schwartz_smith.chain import Chain, build_chain
from quant.schwartz_smith.skill import CurveErrors, curve_errors
from quant.schwartz_smith.walk_forward import Walk

DAYS = (5, 20)


def settlements() -> SettlementHistory:
    """Draw five months of nine positions, some missing, one negative."""
    dates = business_days(date(2020, 1, 2), date(2020, 5, 29), calendar_of("CL"))
    generator = np.random.default_rng(9)
    prices = 40.0 + generator.normal(0.0, 0.8, (len(dates), 9)).cumsum(axis=0)
    prices[generator.random(prices.shape) < 0.05] = np.nan
    prices[70, 0] = -37.63
    return SettlementHistory(product="CL", dates=dates, settlements=prices)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return build_chain(settlements(), leave_out=True)


@pytest.fixture(scope="module")
def walk(chain: Chain) -> Walk:
    rows = len(chain.dates) - 7
    changes = np.random.default_rng(2).normal(0.0, 0.01, (rows, 2))
    return Walk(first_row=5, end_row=5 + rows, days=DAYS, changes=changes, curves=())


def brute_force(walk: Walk, ahead: int) -> list[tuple[date, float, float, float]]:
    """Follow each contract by name, one cell at a time."""
    history, found = settlements(), []
    for row in range(walk.first_row, walk.end_row - ahead):
        then = listed_contracts("CL", history.dates[row], 9)
        now = listed_contracts("CL", history.dates[row + ahead], 9)
        for position, contract in enumerate(now):
            if contract not in then:
                continue
            came = float(history.settlements[row + ahead, position])
            own = float(history.settlements[row, then.index(contract)])
            there = float(history.settlements[row, position])
            if not (came > 0.0 and own > 0.0 and there > 0.0):
                continue
            change = walk.changes[row - walk.first_row, walk.days.index(ahead)]
            unchanged = np.log(came / own)
            found.append((history.dates[row], unchanged - change, unchanged, np.log(came / there)))
    return found


@pytest.mark.parametrize("ahead", DAYS)
def test_scores_are_those_of_a_loop_over_contracts(chain: Chain, walk: Walk, ahead: int) -> None:
    scored = curve_errors(chain, walk, ahead).score()
    expected = brute_force(walk, ahead)
    assert scored.cells == len(expected) > 300
    for place, size in enumerate(
        (scored.forecast, scored.same_contract, scored.same_position), start=1
    ):
        errors = np.array([row[place] for row in expected])
        assert size.absolute == pytest.approx(np.abs(errors).mean(), rel=1e-12)
        assert size.square == pytest.approx(np.sqrt(np.square(errors).mean()), rel=1e-12)


def test_a_period_counts_what_begins_and_ends_in_it(chain: Chain, walk: Walk) -> None:
    first, last = date(2020, 3, 2), date(2020, 3, 31)
    inside = curve_errors(chain, walk, 5).between(first, last)
    assert inside.origins[0] == first
    assert inside.targets[-1] == last
    later = chain.dates[chain.dates.index(inside.origins[-1]) + 5]
    assert later == last
    expected = [row for row in brute_force(walk, 5) if first <= row[0] <= inside.origins[-1]]
    assert inside.score().cells == len(expected)


def test_nothing_has_no_score(chain: Chain, walk: Walk) -> None:
    errors = curve_errors(chain, walk, 5)
    with pytest.raises(InvalidInput, match="at least one cell"):
        errors.between(date(2021, 1, 1), date(2021, 12, 31)).score()
    with pytest.raises(InvalidInput, match="ahead"):
        curve_errors(chain, walk, 7)
    short = Walk(first_row=0, end_row=3, days=DAYS, changes=np.zeros((3, 2)), curves=())
    assert isinstance(curve_errors(chain, short, 20), CurveErrors)
    assert curve_errors(chain, short, 20).origins == ()
