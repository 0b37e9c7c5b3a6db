from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from time import perf_counter

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.calendars import business_days
from quant.forecast.fitting import fit_density
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.state import DensityState, begin, replay, update, with_parameters
from quant.holidays import Calendar

POSITIONS = (1, 6, 12)
USUAL = usual_parameters("CL", POSITIONS)
DAYS = business_days(date(2010, 1, 4), date(2012, 12, 31), Calendar.NYMEX)


def simulated(days: int, seed: int = 0) -> np.ndarray:
    """Draw changes of a curve that moves together, with volatility that comes in clusters."""
    generator = np.random.default_rng(seed)
    changes, variance = np.empty((days, 3)), 1.0
    for day in range(days):
        common = np.sqrt(variance) * generator.standard_t(6) * np.sqrt(4 / 6)
        changes[day] = common * np.array([1.5, 1.2, 1.0]) + 0.1 * generator.standard_normal(3)
        variance = 0.03 + 0.07 * common**2 + 0.9 * variance
    return changes


def numbers_of(state: DensityState) -> list[np.ndarray]:
    variance = state.variance
    return [
        variance.fast.variances,
        variance.slow.variances,
        variance.anchor.variances,
        variance.garch.variances,
        variance.har.measures,
        variance.weights.scores,
        state.days.sums,
        state.changes,
        state.residuals.values,
        state.residuals.ages,
        state.tracker.corrections,
        state.thresholds,
    ]


def sides(state: DensityState) -> tuple[np.ndarray, np.ndarray]:
    return state.residuals.values, state.residuals.ages


def test_a_replay_is_an_update_a_day() -> None:
    changes = simulated(400)
    state = begin(USUAL, DAYS[:22], changes[:22])
    for day, row in zip(DAYS[22:400], changes[22:], strict=True):
        state = update(USUAL, state, day, row)
    again = replay(USUAL, DAYS[:400], changes)
    for ours, theirs in zip(numbers_of(state), numbers_of(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (state.observations, state.as_of, state.first_day) == (400, DAYS[399], DAYS[0])


def test_updates_leave_the_state_before_as_it_was() -> None:
    changes = simulated(60)
    state = replay(USUAL, DAYS[:59], changes[:59])
    before = [values.copy() for values in numbers_of(state)]
    update(USUAL, state, DAYS[59], changes[59])
    for ours, theirs in zip(numbers_of(state), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_settlement_takes_less_than_a_millisecond() -> None:
    changes = simulated(700)
    state = replay(USUAL, DAYS[:600], changes[:600])
    elapsed = []
    for day, row in zip(DAYS[600:700], changes[600:], strict=True):
        started = perf_counter()
        state = update(USUAL, state, day, row)
        elapsed.append(perf_counter() - started)
    # the best of many, because other programs may share the processor
    assert min(elapsed) < 1e-3


def test_residuals_have_the_size_that_was_forecast() -> None:
    state = replay(USUAL, DAYS[:750], simulated(750))
    np.testing.assert_allclose(state.standardised().by_day()[:, -500:].std(axis=1), 1.0, atol=0.2)


def test_units_do_not_matter() -> None:
    changes = simulated(200)
    dollars = replay(USUAL, DAYS[:200], changes)
    cents = replay(USUAL, DAYS[:200], 100.0 * changes)
    np.testing.assert_allclose(cents.residuals.values, dollars.residuals.values, rtol=1e-9)
    np.testing.assert_allclose(cents.thresholds, dollars.thresholds, rtol=1e-9)


def test_the_window_forgets() -> None:
    short = usual_parameters("CL", POSITIONS, replace(USUAL.settings, residual_window=100))
    state = replay(short, DAYS[:150], simulated(150))
    assert state.residuals.values.shape == (3, 100)
    assert sorted(state.residuals.ages[0]) == list(range(100))


def test_missing_changes_are_taken_from_the_neighbour_and_counted() -> None:
    changes = simulated(120)
    changes[100, 2] = np.nan
    state = replay(USUAL, DAYS[:101], changes[:101])
    assert state.filled == 1
    newest = [values[ages == 0] for values, ages in zip(*sides(state), strict=True)]
    assert newest[2] == newest[1]
    np.testing.assert_allclose(state.changes[-1, :2], changes[100, :2])
    assert np.isfinite(np.concatenate([values.ravel() for values in numbers_of(state)])).all()


def test_a_day_without_prices_changes_nothing() -> None:
    changes = simulated(60)
    state = replay(USUAL, DAYS[:60], changes)
    assert update(USUAL, state, DAYS[60], np.full(3, np.nan)) is state


def test_a_history_may_begin_with_days_without_prices() -> None:
    changes = simulated(60)
    changes[[0, 21]] = np.nan
    state = replay(USUAL, DAYS[:60], changes)
    known = [row for row in range(60) if row not in {0, 21}]
    again = replay(USUAL, [DAYS[row] for row in known], changes[known])
    assert state.first_day == DAYS[1]
    for ours, theirs in zip(numbers_of(state), numbers_of(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_exception_raises_the_next_value_at_risk() -> None:
    state = replay(USUAL, DAYS[:500], simulated(500))
    usual_size = np.sqrt(state.variance.next_day())
    calm = update(USUAL, state, DAYS[500], -0.5 * usual_size)
    shocked = update(USUAL, state, DAYS[500], -5.0 * usual_size)

    def value_at_risk(after: DensityState) -> np.ndarray:
        return -after.thresholds[1] * np.sqrt(after.variance.next_day())

    assert (value_at_risk(shocked) > 1.2 * value_at_risk(calm)).all()


def test_news_is_bounded() -> None:
    state = replay(USUAL, DAYS[:500], simulated(500))
    size = np.sqrt(state.variance.next_day())
    large, huge = (update(USUAL, state, DAYS[500], -n * size) for n in (6.5, 25.0))
    np.testing.assert_allclose(
        huge.variance.fast.variances, large.variance.fast.variances, rtol=1e-12
    )


def test_parameters_can_be_swapped_in_the_middle() -> None:
    changes = simulated(600)
    state = replay(USUAL, DAYS[:600], changes)
    fitted = fit_density("CL", POSITIONS, DAYS[:600], changes)
    assert fitted.fitted_through == DAYS[599]
    assert fitted.fallbacks == ()
    swapped = with_parameters(state, fitted)
    assert swapped.variance.garch.parameters == fitted.garch
    assert swapped.residuals is state.residuals
    with pytest.raises(InvalidInput):
        with_parameters(state, usual_parameters("CL", (1, 2)))


def test_a_fit_finds_the_persistence_of_what_was_simulated() -> None:
    days = business_days(date(2005, 1, 3), date(2012, 12, 31), Calendar.NYMEX)
    fitted = fit_density("CL", POSITIONS, days[:1_500], simulated(1_500, seed=4))
    for garch in fitted.garch:
        assert 0.85 < garch.persistence < 1.0
    assert all(1.2 < ratio < 2.2 for ratio in fitted.har_ratios)


def test_a_fit_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelNotApplicable(model="GARCH(1,1)", reason="no maximum")

    monkeypatch.setattr("quant.forecast.fitting.fit_garch", refuse)
    fitted = fit_density("CL", POSITIONS, DAYS[:300], simulated(300))
    assert fitted.fallbacks == tuple(f"GARCH(1,1)-t of position {n}" for n in POSITIONS)
    assert fitted.garch == USUAL.garch


def refused(dates: Sequence[date], changes: np.ndarray) -> DensityState:
    return replay(USUAL, dates, changes)


def test_bad_histories_are_refused() -> None:
    changes = simulated(60)
    with pytest.raises(HistoryTooShort):
        refused(DAYS[:10], changes[:10])
    with pytest.raises(InvalidInput):
        refused(DAYS[:60], changes[:, :2])
    with pytest.raises(InvalidInput):
        refused(DAYS[59::-1], changes)
    with pytest.raises(ModelNotApplicable, match="never moved"):
        refused(DAYS[:60], np.zeros((60, 3)))
    changes[30, 1] = np.inf
    with pytest.raises(InvalidInput):
        refused(DAYS[:60], changes)
    with pytest.raises(HistoryTooShort):
        fit_density("CL", POSITIONS, DAYS[:200], simulated(200))


def test_positions_rise_from_one() -> None:
    for positions in ((), (0, 1), (2, 1), (1, 1)):
        with pytest.raises(InvalidInput):
            usual_parameters("CL", positions)
    assert usual_parameters("CL", (3, 7)).positions == (3, 7)
    with pytest.raises(InvalidInput):
        DensityParameters(
            product="CL", positions=(1, 2), garch=USUAL.garch, har=USUAL.har, har_ratios=(1.6, 1.6)
        )


@pytest.mark.parametrize(
    "change",
    [
        {"fast_half_life": 0.0},
        {"news_limit": -1.0},
        {"tracking_gains": (-0.1, 0.1)},
        {"residual_window": 99},
        {"history_share": 1.5},
        {"history_share": -0.1},
    ],
)
def test_settings_are_checked(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        replace(USUAL.settings, **change)
