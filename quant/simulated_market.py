"""Own the simulated market: real spot closes replayed, the rest of each curve from a model.

Everything is a pure function of the closes, a seed and a date or instant, so a simulated price
never depends on where somebody began to compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from core.clock import ns_from_utc
from core.errors import InvalidInput
from core.market import Instrument, Side
from core.products import product
from quant.calendars import (
    calendar_of,
    last_settled_day,
    last_trade_date,
    next_business_day,
    settlement_time,
)
from quant.holidays import Calendar, holidays
from quant.schwartz_smith.parameters import (
    OIL,
    SchwartzSmithParameters,
    forward_intercept,
    short_term_loading,
)
from quant.simulated_shapes import SHAPES, STEP_YEARS, Reals, noise_paths, shape

Integers = NDArray[np.int64]

REPLAY_STARTS = date(2006, 1, 3)
"""Name the business day that shows the first close; closes of 1986 then run 20 years behind."""

_DAYS_PER_YEAR = 365.25
_MASK = (1 << 64) - 1


def short_term_factor(
    log_spot: Reals, parameters: SchwartzSmithParameters, generator: np.random.Generator
) -> Reals:
    """Split a log spot path, shape (days,): return χ; ξ is what remains.

    χ(t+1) = e^(−κΔ) χ(t) + β Δln S + residual, β = (σχ² + ρσχσξ)/(σχ² + σξ² + 2ρσχσξ): the
    regression of the short-term shock on the whole one; the residual has what variance is left.
    """
    p = parameters
    covariance = p.rho * p.sigma_chi * p.sigma_xi
    total = p.sigma_chi**2 + p.sigma_xi**2 + 2.0 * covariance
    beta = (p.sigma_chi**2 + covariance) / total
    residual_sd = sqrt(max(p.sigma_chi**2 - beta**2 * total, 0.0) * STEP_YEARS)
    shocks = beta * np.diff(log_spot) + residual_sd * generator.standard_normal(len(log_spot) - 1)
    decay = exp(-p.kappa * STEP_YEARS)
    chi = [0.0]
    for shock in shocks.tolist():
        chi.append(decay * chi[-1] + shock)
    return np.array(chi)


SIMULATED_PRODUCTS = tuple(SHAPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedQuote:
    """Hold both sides of a book at one instant."""

    bid: Decimal
    bid_size: int
    ask: Decimal
    ask_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTrade:
    """Hold one trade at one instant."""

    price: Decimal
    size: int
    aggressor: Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedMarket:
    """Price the contracts of every simulated product at any day or instant.

    `chi` and `xi` have shape (closes,); `noise` maps a product to its log noise, same shape.
    Build it with `simulate_market`.
    """

    seed: int
    parameters: SchwartzSmithParameters
    chi: Reals
    xi: Reals
    noise: dict[str, Reals]

    def log_prices(self, days: Sequence[date], contracts: Sequence[Instrument]) -> Reals:
        """Return log futures prices before rounding, shape (days, contracts).

        Raises:
            InvalidInput: a product is not simulated.
        """
        shapes = [shape(contract.product) for contract in contracts]
        walk = _Walk.over(days, len(self.chi))
        years = _years_to_expiry(days, contracts)
        decay = short_term_loading(years, self.parameters)
        log_forward = decay * walk.along(self.chi)[:, None] + walk.along(self.xi)[:, None]
        log_forward += forward_intercept(years, self.parameters)
        noise = {code: walk.along(self.noise[code]) for code in {one.product for one in contracts}}
        for column, (contract, row) in enumerate(zip(contracts, shapes, strict=True)):
            log_forward[:, column] *= row.loading
            log_forward[:, column] += log(row.level) + noise[contract.product]
            log_forward[:, column] += row.log_season(contract.contract_month)
        return log_forward

    def settlement_ticks(self, days: Sequence[date], contracts: Sequence[Instrument]) -> Integers:
        """Return settlements as whole ticks, at least 1, shape (days, contracts)."""
        prices = np.exp(self.log_prices(days, contracts))
        ticks = np.array([float(product(contract.product).tick) for contract in contracts])
        counts = np.rint(prices / ticks)
        whole: Integers = np.maximum(counts, 1).astype(np.int64)
        return whole

    def settlements(self, day: date, contracts: Sequence[Instrument]) -> tuple[Decimal, ...]:
        """Return the settlement of each contract on one business day."""
        row = self.settlement_ticks([day], contracts)[0].tolist()
        return tuple(
            _price(count, contract) for count, contract in zip(row, contracts, strict=True)
        )

    def quote(self, contract: Instrument, now_ns: int) -> SimulatedQuote:
        """Return the book's top at an instant: one to three ticks wide, 1 to 60 lots a side."""
        middle = self._middle_ticks(contract, now_ns)
        second = now_ns // 1_000_000_000
        noise = _mix(self.seed, _key(contract), second)
        width = 1 + (noise & 0xFFFF) % 3
        bid = max(round(middle - width / 2.0), 1)
        return SimulatedQuote(
            bid=_price(bid, contract),
            bid_size=1 + (noise >> 16 & 0xFFFF) % 60,
            ask=_price(bid + width, contract),
            ask_size=1 + (noise >> 32 & 0xFFFF) % 60,
        )

    def trade(self, contract: Instrument, now_ns: int) -> SimulatedTrade:
        """Return a trade at an instant, at the quote's bid or ask."""
        quote = self.quote(contract, now_ns)
        noise = _mix(self.seed + 1, _key(contract), now_ns)
        is_buy = bool(noise & 1)
        return SimulatedTrade(
            price=quote.ask if is_buy else quote.bid,
            size=1 + (noise >> 8) % (quote.ask_size if is_buy else quote.bid_size),
            aggressor=Side.BUY if is_buy else Side.SELL,
        )

    def _middle_ticks(self, contract: Instrument, now_ns: int) -> float:
        span = _span(contract.product, now_ns)
        from_log, to_log = _span_prices(self, contract, span.first, span.last)
        fraction = (now_ns - span.first_ns) / (span.last_ns - span.first_ns)
        # Noise fades at both ends, so a quote arrives at the settlement when it is struck.
        fade = 4.0 * fraction * (1.0 - fraction)
        noise = intraday_noise(self.seed, shape(contract.product).pulse, now_ns)
        middle = from_log + fraction * (to_log - from_log) + fade * noise
        return exp(middle) / float(product(contract.product).tick)


def simulate_market(
    closes: Reals, seed: int, parameters: SchwartzSmithParameters = OIL
) -> SimulatedMarket:
    """Build the market that replays `closes` (USD/bbl, shape (days,)), one a business day.

    The first close is shown on `REPLAY_STARTS`; past its last close the path runs backwards.

    Raises:
        InvalidInput: fewer than two closes, or one that is not a positive number.
    """
    if closes.ndim != 1 or len(closes) < 2 or not bool((closes > 0).all()):
        raise InvalidInput(field="closes", reason="expected at least two positive prices")
    log_spot = np.log(closes)
    chi = short_term_factor(log_spot, parameters, np.random.default_rng([seed, 0]))
    return SimulatedMarket(
        seed=seed,
        parameters=parameters,
        chi=chi,
        xi=log_spot - chi,
        noise=noise_paths(len(closes), seed),
    )


def intraday_noise(seed: int, code: str, now_ns: int) -> float:
    """Return bounded log noise at an instant: |noise| ≤ 0.68 %, continuous, mean zero.

    Straight lines between hashed lattice values, summed over four time scales.
    """
    key = int.from_bytes(code.encode(), "big")
    total = 0.0
    for scale, (period_ns, amplitude) in enumerate(_NOISE_SCALES):
        cell, within_ns = divmod(now_ns, period_ns)
        left = _mix(seed, key + scale, cell) / _MASK * 2.0 - 1.0
        right = _mix(seed, key + scale, cell + 1) / _MASK * 2.0 - 1.0
        total += amplitude * (left + (right - left) * within_ns / period_ns)
    return total


_NOISE_SCALES = (
    (3_600_000_000_000, 0.0040),
    (600_000_000_000, 0.0020),
    (60_000_000_000, 0.0006),
    (5_000_000_000, 0.0002),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Hold the two settlements around an instant."""

    first: date
    last: date
    first_ns: int
    last_ns: int


def _span(code: str, now_ns: int) -> _Span:
    return _span_after(code, last_settled_day(code, now_ns))


@lru_cache(maxsize=64)
def _span_after(code: str, first: date) -> _Span:
    last = next_business_day(first, calendar_of(code))
    return _Span(
        first=first,
        last=last,
        first_ns=ns_from_utc(settlement_time(code, first)),
        last_ns=ns_from_utc(settlement_time(code, last)),
    )


@lru_cache(maxsize=4096)
def _span_prices(
    market: SimulatedMarket, contract: Instrument, first: date, last: date
) -> tuple[float, float]:
    before, after = market.log_prices([first, last], [contract])[:, 0].tolist()
    return before, after


@cache
def _business_calendar() -> np.busdaycalendar:
    closed = [day for year in range(1990, 2100) for day in holidays(Calendar.NYMEX, year)]
    return np.busdaycalendar(holidays=closed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Walk:
    """Say where on the paths some days are: between `before` and `after`, which may be one."""

    before: Integers
    after: Integers

    @classmethod
    def over(cls, days: Sequence[date], length: int) -> "_Walk":
        """Count NYMEX days; one on which only another exchange is open lies half-way."""
        calendar = _business_calendar()
        wanted = np.array(days, dtype="datetime64[D]")
        counted = np.busday_count(np.datetime64(REPLAY_STARTS), wanted, busdaycal=calendar)
        after = np.asarray(counted, dtype=np.int64)
        is_open = np.is_busday(wanted, busdaycal=calendar)
        return cls(before=_folded(after - ~is_open, length), after=_folded(after, length))

    def along(self, path: Reals) -> Reals:
        """Return a path's values on the days, shape (days,)."""
        values: Reals = 0.5 * (path[self.before] + path[self.after])
        return values


def _folded(counted: Integers, length: int) -> Integers:
    # The path is walked to and fro: 0 … n−1 … 0, so every date has a close and none jumps.
    period = 2 * (length - 1)
    folded = np.mod(counted, period)
    index: Integers = np.minimum(folded, period - folded)
    return index


def _years_to_expiry(days: Sequence[date], contracts: Sequence[Instrument]) -> Reals:
    ends = np.array([last_trade_date(contract) for contract in contracts], dtype="datetime64[D]")
    starts = np.array(days, dtype="datetime64[D]")
    remaining = (ends[None, :] - starts[:, None]).astype(np.float64) / _DAYS_PER_YEAR
    years: Reals = np.maximum(remaining, 0.0)
    return years


@lru_cache(maxsize=4096)
def _key(contract: Instrument) -> int:
    return int.from_bytes(str(contract).encode(), "big") & _MASK


def _price(ticks: int, contract: Instrument) -> Decimal:
    return ticks * product(contract.product).tick


def _mix(*parts: int) -> int:
    """Hash integers to 64 even bits (the finaliser of SplitMix64 after each part)."""
    state = 0
    for part in parts:
        state = (state + part * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state
