from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import exp

import numpy as np
import pytest

from core.clock import ns_from_utc
from core.errors import InvalidInput
from core.market import Instrument
from core.products import FED_PRODUCTS, product
from quant.calendars import business_days, listed_contracts, settlement_time
from quant.holidays import Calendar
from quant.schwartz_smith.parameters import OIL
from quant.simulated_market import (
    REPLAY_STARTS,
    SIMULATED_PRODUCTS,
    intraday_noise,
    short_term_factor,
    simulate_market,
)
from quant.simulated_shapes import Reals

CLOSES = 60.0 * np.exp(np.random.default_rng(3).normal(0.0, 0.02, 8321).cumsum())
DAY = date(2026, 11, 20)
SETTLED_BEFORE_ICE = {"CL": "112.19", "BZ": "115.21", "HO": "3.2364", "RB": "2.8105", "NG": "6.868"}
FRONT = listed_contracts("CL", DAY, 36)


def test_shocks_of_the_split_have_the_published_moments() -> None:
    generator = np.random.default_rng(11)
    step = 1 / 252
    total = OIL.sigma_chi**2 + OIL.sigma_xi**2 + 2 * OIL.rho * OIL.sigma_chi * OIL.sigma_xi
    log_spot = generator.normal(0.0, np.sqrt(total * step), 200_000).cumsum()
    chi = short_term_factor(log_spot, OIL, generator)
    chi_shock = chi[1:] - exp(-OIL.kappa * step) * chi[:-1]
    xi_shock = np.diff(log_spot) - chi_shock
    assert chi_shock.std() / np.sqrt(step) == pytest.approx(OIL.sigma_chi, rel=0.01)
    assert xi_shock.std() / np.sqrt(step) == pytest.approx(OIL.sigma_xi, rel=0.01)
    assert np.corrcoef(chi_shock, xi_shock)[0, 1] == pytest.approx(OIL.rho, abs=0.01)


def test_an_expiring_contract_settles_at_the_close_of_its_day() -> None:
    market = simulate_market(CLOSES, seed=7)
    contract = Instrument.parse("CL-202005")
    days = business_days(REPLAY_STARTS, date(2020, 4, 21), Calendar.NYMEX)
    (price,) = market.settlements(date(2020, 4, 21), [contract])
    assert float(price) == pytest.approx(CLOSES[len(days) - 1], abs=0.005)


def test_a_date_has_one_price_wherever_computing_starts() -> None:
    market = simulate_market(CLOSES, seed=7)
    days = business_days(date(2026, 1, 2), DAY, Calendar.NYMEX)
    whole = market.settlement_ticks(days, FRONT)
    again = simulate_market(CLOSES, seed=7)
    assert market.settlements(DAY, FRONT) == again.settlements(DAY, FRONT)
    assert [int(price * 100) for price in again.settlements(DAY, FRONT)] == whole[-1].tolist()
    assert again.settlements(DAY, FRONT) != simulate_market(CLOSES, 8).settlements(DAY, FRONT)


def test_the_path_never_ends_and_never_jumps() -> None:
    market = simulate_market(CLOSES[:300], seed=7)
    days = business_days(date(2004, 1, 2), date(2010, 1, 4), Calendar.NYMEX)
    front = np.diff(market.log_prices(days, [Instrument.parse("CL-201212")])[:, 0])
    assert np.abs(front).max() < 0.15


@pytest.mark.parametrize("code", SIMULATED_PRODUCTS)
def test_quotes_are_pure_narrow_and_on_tick(code: str) -> None:
    market, again = simulate_market(CLOSES, seed=7), simulate_market(CLOSES, seed=7)
    contract = listed_contracts(code, DAY, 3)[2]
    tick = product(code).tick
    start_ns = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    seen = set()
    for second in range(0, 7200, 7):
        now_ns = start_ns + second * 1_000_000_000
        quote = market.quote(contract, now_ns)
        assert quote == again.quote(contract, now_ns)
        assert quote.ask - quote.bid in (tick, 2 * tick, 3 * tick)
        assert quote.bid % tick == 0
        assert min(quote.bid_size, quote.ask_size) >= 1
        trade = market.trade(contract, now_ns)
        assert trade.price in (quote.bid, quote.ask)
        assert trade.size >= 1
        seen.add(quote.bid)
    assert len(seen) > 5


@pytest.mark.parametrize(
    ("code", "local"),
    [("CL", "14:30-05:00"), ("B", "19:30+00:00"), ("G", "16:30+00:00"), ("TTF", "17:15+01:00")],
)
def test_quotes_arrive_at_the_settlement(code: str, local: str) -> None:
    market = simulate_market(CLOSES, seed=7)
    settle_ns = ns_from_utc(datetime.fromisoformat(f"{DAY}T{local}"))
    assert settle_ns == ns_from_utc(settlement_time(code, DAY))
    contracts = listed_contracts(code, DAY, 36)
    settlements = market.settlements(DAY, contracts)
    slack = 2 * product(code).tick
    for now_ns in (settle_ns - 1, settle_ns):
        for contract, settlement in zip(contracts, settlements, strict=True):
            quote = market.quote(contract, now_ns)
            assert quote.bid - slack <= settlement <= quote.ask + slack


def test_noise_is_bounded_and_continuous() -> None:
    start_ns = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    step_ns = 250_000_000
    values = np.array([intraday_noise(1, "CL", start_ns + n * step_ns) for n in range(20_000)])
    assert np.abs(values).max() <= 0.0068
    assert np.abs(np.diff(values)).max() < 0.0001
    assert abs(values.mean()) < 0.003


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(InvalidInput):
        simulate_market(np.array([1.0, 0.0, 2.0]), seed=1)
    with pytest.raises(InvalidInput, match="'T' is not simulated"):
        simulate_market(CLOSES, seed=1).settlements(DAY, [Instrument.parse("T-202701")])


def test_every_product_of_a_feed_is_simulated() -> None:
    assert set(SIMULATED_PRODUCTS) == set(FED_PRODUCTS)


def test_prices_of_the_new_york_products_are_those_of_earlier_releases() -> None:
    market = simulate_market(CLOSES, seed=7)
    fronts = {code: Instrument.parse(f"{code}-202702") for code in ("CL", "BZ", "HO", "RB", "NG")}
    prices = market.settlements(DAY, list(fronts.values()))
    assert dict(zip(fronts, map(str, prices), strict=True)) == SETTLED_BEFORE_ICE


def daily_changes(codes: Sequence[str]) -> Reals:
    market = simulate_market(CLOSES, seed=7)
    days = business_days(date(2010, 1, 4), DAY, Calendar.NYMEX)
    contracts = [Instrument.parse(f"{code}-202702") for code in codes]
    return np.diff(market.log_prices(days, contracts), axis=0)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("B", "BZ", 0.99, 1.0),
        ("B", "CL", 0.9, 1.0),
        ("G", "HO", 0.9, 1.0),
        ("G", "CL", 0.7, 1.0),
        ("NBP", "TTF", 0.95, 1.0),
        ("TTF", "NG", 0.05, 0.4),
        ("TTF", "CL", 0.02, 0.4),
    ],
)
def test_products_move_together_as_much_as_they_should(
    one: str, other: str, low: float, high: float
) -> None:
    assert low <= np.corrcoef(daily_changes([one, other]).T)[0, 1] <= high


def test_levels_fit_each_other_and_their_units() -> None:
    market = simulate_market(CLOSES, seed=7)
    days = business_days(date(2010, 1, 4), DAY, Calendar.NYMEX)
    codes = ("CL", "B", "G", "TTF", "NBP")
    logs = market.log_prices(days, [Instrument.parse(f"{code}-202705") for code in codes])
    crude, brent, gasoil, ttf, nbp = np.exp(logs.mean(axis=0)).tolist()
    assert brent / crude == pytest.approx(1.04, rel=0.05)
    # A tonne of gasoil is about 7.45 barrels, each dearer than crude by a refiner's margin.
    assert 1.0 < gasoil / 7.45 / crude < 1.5
    # 1 therm is 0.0293071 MWh, and 1 EUR stays well between 70 and 100 pence.
    assert 70.0 < nbp / (ttf * 0.0293071) < 100.0


@pytest.mark.parametrize("code", ["NBP", "TTF"])
def test_winter_gas_is_dearer_than_summer_gas(code: str) -> None:
    market = simulate_market(CLOSES, seed=7)
    months = [Instrument.parse(f"{code}-{month}") for month in ("202801", "202807", "202901")]
    first, summer, second = market.log_prices([DAY], months)[0].tolist()
    assert first - summer > 0.1
    assert second - summer > 0.1


def test_a_day_on_which_only_london_is_open_has_a_price_of_its_own() -> None:
    # Thanksgiving: NYMEX is closed, ICE settles.
    market = simulate_market(CLOSES, seed=7)
    days = [date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)]
    assert business_days(days[0], days[2], Calendar.ICE) == tuple(days)
    assert days[1] not in business_days(days[0], days[2], Calendar.NYMEX)
    contract = Instrument.parse("B-202902")
    before, holiday, after = market.log_prices(days, [contract])[:, 0].tolist()
    assert holiday == pytest.approx((before + after) / 2, abs=1e-4)


def test_curves_stay_plausible_for_three_years() -> None:
    market = simulate_market(CLOSES, seed=7)
    days = business_days(DAY - timedelta(days=3 * 365), DAY, Calendar.NYMEX)
    spread = market.log_prices(days, [FRONT[0], FRONT[-1]])
    assert np.abs(spread[:, 0] - spread[:, 1]).max() < 1.5
