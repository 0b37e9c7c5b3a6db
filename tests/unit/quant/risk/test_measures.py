"""Hold the measures of a book by every method against each other and against NumPy."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.errors import HistoryTooShort, ModelNotApplicable
from core.risk import RiskMethod, RiskQuestion
from quant.risk.aggregation import aggregate
from quant.risk.exposures import Exposures
from quant.risk.factor_history import FactorHistory
from quant.risk.filtering import ewma_filtered
from quant.risk.historical import historical_risk
from quant.risk.measures import covariance_of, measured, scenario_changes
from tests.risk_books import AS_OF, Reals, book, factor_days, future, spread


def linear() -> Exposures:
    return book([future("CL-202403", 10), spread(-4, B_202404=1, B_202412=-1)])


def past(exposed: Exposures, days: int = 400) -> FactorHistory:
    changes, _ = factor_days(exposed, days)
    return history(exposed, changes)


def history(exposed: Exposures, changes: Reals) -> FactorHistory:
    days = len(changes)
    return FactorHistory(
        factors=exposed.factors,
        dates=tuple(AS_OF - timedelta(days=days - day) for day in range(days)),
        changes=changes,
        left_out=0,
        missing=(0,) * len(exposed.factors),
        uncommon=(),
    )


@pytest.mark.parametrize("method", RiskMethod)
@pytest.mark.parametrize("horizon", [1, 10])
def test_parts_add_up_to_both_measures(method: RiskMethod, horizon: int) -> None:
    exposed = book()
    question = RiskQuestion(method=method, horizon_days=horizon, paths=4_000, seed=3)
    found = measured([exposed], past(exposed), question)
    for (report,), level in zip(found.reports, question.levels, strict=True):
        assert report.level == level
        assert 0.0 < report.value_at_risk < report.expected_shortfall
        for parts in (report.by_position, report.by_factor):
            assert parts.value_at_risk.sum() == pytest.approx(report.value_at_risk, rel=1e-9)
            total = parts.expected_shortfall.sum()
            assert total == pytest.approx(report.expected_shortfall, rel=1e-9)


def test_historical_risk_is_a_quantile_of_what_numpy_adds_up() -> None:
    exposed = linear()
    found = measured([exposed], past(exposed), RiskQuestion(levels=(0.99,)))
    pnl = np.sort(past(exposed).changes @ exposed.deltas())
    ((report,),) = found.reports
    # of 400 days the fourth worst, and the mean of the four
    assert report.value_at_risk == pytest.approx(-pnl[3])
    assert report.expected_shortfall == pytest.approx(-pnl[:4].mean())
    assert found.profits is not None
    np.testing.assert_allclose(np.sort(found.profits[0]), pnl)


def test_filtered_scenarios_are_those_of_the_filter() -> None:
    exposed = linear()
    question = RiskQuestion(method=RiskMethod.FILTERED, levels=(0.95,), decay=0.97)
    found = measured([exposed], past(exposed), question)
    scenarios = ewma_filtered(past(exposed).changes, decay=0.97)
    (expected,) = historical_risk(aggregate([exposed]), scenarios, 0.95)
    ((report,),) = found.reports
    assert report.value_at_risk == expected.value_at_risk
    assert found.days == len(scenarios) == 379


def test_monte_carlo_of_a_linear_book_meets_its_closed_form() -> None:
    exposed = linear()
    asked: dict[str, Any] = {"levels": (0.99,), "degrees_of_freedom": 5.0, "horizon_days": 4}
    drawn = RiskQuestion(method=RiskMethod.MONTE_CARLO, paths=200_000, seed=1, **asked)
    closed = RiskQuestion(method=RiskMethod.PARAMETRIC, **asked)
    ((simulated,),) = measured([exposed], past(exposed), drawn).reports
    ((exact,),) = measured([exposed], past(exposed), closed).reports
    assert simulated.value_at_risk_error > 0.0 == exact.value_at_risk_error
    for name in ("value_at_risk", "expected_shortfall"):
        error = getattr(simulated, f"{name}_error")
        assert getattr(simulated, name) == pytest.approx(getattr(exact, name), abs=4.0 * error)
    root = np.cov(past(exposed).changes, rowvar=False)
    sigma = np.sqrt(4.0 * exposed.deltas() @ root @ exposed.deltas())
    # t(5) at 99 %, scaled to variance 1: 3.36493 √(3/5)
    assert exact.value_at_risk == pytest.approx(3.364930 * np.sqrt(0.6) * sigma, rel=1e-6)


def test_paths_of_several_days_scale_like_their_root_where_days_are_independent() -> None:
    exposed = linear()
    asked: dict[str, Any] = {"levels": (0.95,), "paths": 50_000, "block_days": 1}
    ((day,),) = measured([exposed], past(exposed), RiskQuestion(levels=(0.95,))).reports
    question = RiskQuestion(horizon_days=9, **asked)
    found = measured([exposed], past(exposed), question)
    ((days,),) = found.reports
    assert days.value_at_risk == pytest.approx(3.0 * day.value_at_risk, rel=0.15)
    assert {note.code for note in found.notes} == {"drawn-from-past-days"}
    assert days.scenario_count == 50_000


def test_the_same_seed_gives_the_same_answer() -> None:
    exposed = book()
    question = RiskQuestion(method=RiskMethod.MONTE_CARLO, paths=3_000, seed=9)
    first, again = (measured([exposed], past(exposed), question) for _ in range(2))
    np.testing.assert_array_equal(first.profits, again.profits)
    other = measured([exposed], past(exposed), question.model_copy(update={"seed": 10}))
    assert not np.array_equal(first.profits, other.profits)


def test_a_covariance_of_fewer_days_than_factors_is_shrunk_and_says_so() -> None:
    exposed = book()
    size = len(exposed.factors)
    short = past(exposed, size)
    covariance, (note,) = covariance_of(short, RiskQuestion())
    assert "correlations are" in note.detail
    sample = np.cov(short.changes, rowvar=False)
    np.testing.assert_allclose(np.diagonal(covariance), np.diagonal(sample))
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    plain, (note,) = covariance_of(past(exposed), RiskQuestion())
    np.testing.assert_allclose(plain, np.cov(past(exposed).changes, rowvar=False))
    assert "correlations" not in note.detail


def test_notes_say_what_is_assumed_of_options() -> None:
    exposed = book()
    codes = {
        method: {
            note.code
            for note in measured([exposed], past(exposed), RiskQuestion(method=method)).notes
        }
        for method in RiskMethod
    }
    assert codes[RiskMethod.HISTORICAL] == {"volatilities-stand-still"}
    assert codes[RiskMethod.PARAMETRIC] == {"covariance", "delta-only"}
    assert codes[RiskMethod.MONTE_CARLO] == {"covariance", "volatilities-stand-still"}


def test_a_price_that_did_not_move_cannot_be_filtered_and_is_named() -> None:
    exposed = linear()
    changes = past(exposed).changes.copy()
    changes[:, 1] = 0.0
    still = str(exposed.factors[1])
    with pytest.raises(ModelNotApplicable, match=f"{still} did not move for weeks"):
        scenario_changes(history(exposed, changes), RiskQuestion(method=RiskMethod.FILTERED))


def test_too_few_days_for_a_level() -> None:
    exposed = linear()
    with pytest.raises(HistoryTooShort, match=r"0\.99 quantile"):
        measured([exposed], past(exposed, 99), RiskQuestion())
