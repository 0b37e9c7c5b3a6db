"""Hold increments against measuring the books apart."""

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.aggregation import aggregate
from quant.risk.exposures import exposures
from quant.risk.historical import historical_risk
from quant.risk.increments import incremental_risk, removals
from tests.risk_books import book, factor_days, future, market, mixed


def test_removals_are_books_without_a_position() -> None:
    held, exposed = mixed(), book()
    changes, _ = factor_days(exposed, 500)
    found = removals(exposed, changes, 0.99)
    (whole,) = historical_risk(aggregate([exposed]), changes, 0.99)
    for number in range(len(held)):
        rest = exposures([*held[:number], *held[number + 1 :]], market(), exposed.factors)
        (without,) = historical_risk(aggregate([rest]), changes, 0.99)
        added = incremental_risk(whole, without)
        assert found.value_at_risk[number] == pytest.approx(added.value_at_risk, abs=1e-5)
        assert found.expected_shortfall[number] == pytest.approx(added.expected_shortfall, abs=1e-5)


def test_a_hedge_lowers_risk() -> None:
    held = [future("CL-202403", 10)]
    books = [
        exposures(held, market()),
        exposures([*held, future("CL-202403", -4)], market()),
    ]
    moves = np.random.default_rng(0).normal(size=(300, 1))
    before, after = historical_risk(aggregate(books), moves, 0.95)
    assert incremental_risk(before, after).value_at_risk == pytest.approx(
        -0.4 * before.value_at_risk
    )


def test_other_scenarios_are_refused() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 500)
    (before,) = historical_risk(aggregate([exposed]), changes, 0.99)
    (after,) = historical_risk(aggregate([exposed]), changes[:400], 0.99)
    with pytest.raises(InvalidInput):
        incremental_risk(before, after)
    with pytest.raises(HistoryTooShort):
        removals(exposed, changes[:50], 0.99)
    with pytest.raises(InvalidInput):
        removals(exposed, changes[:, :2], 0.99)
