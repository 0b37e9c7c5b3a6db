"""Hold the shortfall tests against their definition, day by day, and published limits."""

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.coverage.expected_shortfall import acerbi_szekely, simulate_null
from quant.risk.standard_tails import StandardTail


def test_the_statistics_follow_their_definition() -> None:
    generator = np.random.default_rng(3)
    pnl = generator.standard_normal(500)
    var, es = generator.uniform(1.0, 2.0, 500), generator.uniform(2.0, 3.0, 500)
    total, number = 0.0, 0
    for day in range(500):
        if pnl[day] < -var[day]:
            total += pnl[day] / es[day]
            number += 1
    found = acerbi_szekely(pnl, var, es, 0.025)
    assert found.exceptions == number
    assert found.conditional == pytest.approx(total / number + 1)
    assert found.unconditional == pytest.approx(total / (500 * 0.025) + 1)


def test_published_limits_of_250_days_at_97_5_percent() -> None:
    # Acerbi and Székely (2014), table of Z2's limits: normal −0.70 and −1.8
    null = simulate_null(250, 0.025, simulations=200_000, seed=1)
    assert null.limit(0.05) == pytest.approx(-0.70, abs=0.01)
    assert null.limit(0.0001) == pytest.approx(-1.8, abs=0.1)
    assert null.unconditional.mean() == pytest.approx(0.0, abs=0.005)
    # and heavy tails have lower ones, three degrees of freedom the lowest: −0.82 and −4.4
    heavy = simulate_null(250, 0.025, degrees_of_freedom=3.0, simulations=200_000, seed=1)
    assert heavy.limit(0.05) == pytest.approx(-0.82, abs=0.02)
    assert heavy.limit(0.0001) == pytest.approx(-4.4, abs=0.5)


def test_drawing_exceptions_alone_is_as_drawing_every_day() -> None:
    generator = np.random.default_rng(4)
    tail = StandardTail()
    var, es = tail.value_at_risk(0.975), tail.expected_shortfall(0.975)
    pnl = generator.standard_normal((20_000, 250))
    beyond = np.where(pnl < -var, pnl, 0.0)
    slow = beyond.sum(axis=1) / es / (250 * 0.025) + 1.0
    fast = simulate_null(250, 0.025, simulations=100_000, seed=2).unconditional
    for share in (0.05, 0.25, 0.5, 0.75):
        assert np.quantile(fast, share) == pytest.approx(np.quantile(slow, share), abs=0.03)


def test_a_shortfall_too_small_is_found() -> None:
    generator = np.random.default_rng(5)
    tail = StandardTail()
    days = np.ones(250)
    pnl = generator.standard_normal(250) * 1.8
    var, es = tail.value_at_risk(0.975) * days, tail.expected_shortfall(0.975) * days
    found = acerbi_szekely(pnl, var, es, 0.025)
    null = simulate_null(250, 0.025, seed=3)
    assert found.unconditional < null.limit(0.0001)
    conditional, unconditional = null.p_values(found)
    assert unconditional < 0.001
    assert conditional < 0.2
    right = acerbi_szekely(pnl, 1.8 * var, 1.8 * es, 0.025)
    assert null.p_values(right)[1] > 0.05


def test_no_exceptions_have_values() -> None:
    found = acerbi_szekely(np.zeros(250), np.ones(250), np.ones(250), 0.025)
    assert (found.conditional, found.unconditional) == (0.0, 1.0)
    null = simulate_null(250, 0.025, simulations=10_000)
    assert null.p_values(found)[1] == 1.0
    assert np.isfinite(null.p_values(found)).all()
    empty = simulate_null(1, 1e-9, simulations=10)
    assert empty.conditional.tolist() == [0.0] * 10


def test_the_same_seed_gives_the_same_draws() -> None:
    first, again = (simulate_null(250, 0.025, simulations=1000, seed=8) for _ in range(2))
    np.testing.assert_array_equal(first.unconditional, again.unconditional)


def test_bad_forecasts_are_refused() -> None:
    ones = np.ones(3)
    for shortfall in (np.zeros(3), np.ones(2), np.array([1.0, np.inf, 1.0])):
        with pytest.raises(InvalidInput):
            acerbi_szekely(ones, ones, shortfall, 0.025)
    with pytest.raises(InvalidInput):
        acerbi_szekely(ones, ones, ones, 1.0)
    with pytest.raises(InvalidInput):
        simulate_null(250, 0.025, degrees_of_freedom=2.0)
    with pytest.raises(InvalidInput):
        simulate_null(0, 0.025)
    with pytest.raises(InvalidInput):
        simulate_null(250, 0.025).limit(0.0)
