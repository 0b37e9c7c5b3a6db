"""Own what a sandbox exchange announces at an instant: a pure function of seed and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from core.clock import NANOSECONDS_PER_SECOND, ns_from_utc
from core.market import (
    SANDBOX_SOURCE,
    Instrument,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)
from core.products import product
from quant.calendars import (
    NEW_YORK,
    calendar_of,
    last_settled_day,
    listed_contracts,
    session_trade_date,
    settlement_time,
)
from quant.holidays import Calendar
from quant.simulated_market import SimulatedMarket

_NYMEX_FINAL_AT = time(19, 0)
_ICE_FINAL_AFTER = timedelta(hours=1)
_MAX_TICKS_OFF = 5
_CORRECTION_STREAM = 0xC0
_EARLIEST_CORRECTION_S, _LATEST_CORRECTION_S = 300, 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig:
    """Set how much the exchange lists and says; `updates_per_s` is per product.

    `corrected_share` of the settlements are first announced a few ticks off, and put right 5 to
    30 minutes after they are final.
    """

    months: int = 36
    updates_per_s: float = 20.0
    tick_s: float = 0.1
    trade_share: float = 0.12
    heartbeat_s: float = 5.0
    corrected_share: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRound:
    """Name one announcement of settlements: the day and how final it is."""

    day: date
    stage: SettlementStage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errors:
    """Hold by how many ticks settlements of one day are first wrong, and when that is put right."""

    ticks: dict[Instrument, int]
    corrected_ns: int


def final_time(code: str, day: date) -> datetime:
    """Return when a day's settlements are final: 19:00 New York, or an hour after on ICE."""
    if calendar_of(code) is Calendar.NYMEX:
        return datetime.combine(day, _NYMEX_FINAL_AT, NEW_YORK)
    return settlement_time(code, day) + _ICE_FINAL_AFTER


class Exchange:
    """Answer what is listed, quoted, traded and settled at an instant."""

    def __init__(
        self, market: SimulatedMarket, products: Sequence[str], config: ExchangeConfig
    ) -> None:
        self._market = market
        self.config = config
        self.products = tuple(products)
        nearness = 1.0 / np.arange(1, config.months + 1)
        self._cumulative = (nearness / nearness.sum()).cumsum()
        self._errors = lru_cache(maxsize=256)(self._draw_errors)

    def is_open(self, product: str, now_ns: int) -> bool:
        """Tell whether a product trades at an instant."""
        return session_trade_date(product, now_ns) is not None

    def listed(self, product: str, now_ns: int) -> tuple[Instrument, ...]:
        """Return the contracts listed at an instant, nearest first."""
        day = session_trade_date(product, now_ns) or last_settled_day(product, now_ns)
        return listed_contracts(product, day, self.config.months)

    def settlement_round(self, product: str, now_ns: int) -> SettlementRound:
        """Return the latest round that has been announced; CORRECTED only where one was wrong."""
        day = last_settled_day(product, now_ns)
        errors = self._errors(product, day)
        stage = SettlementStage.PRELIMINARY
        if errors.ticks and now_ns >= errors.corrected_ns:
            stage = SettlementStage.CORRECTED
        elif now_ns >= ns_from_utc(final_time(product, day)):
            stage = SettlementStage.FINAL
        return SettlementRound(day=day, stage=stage)

    def settlements(
        self, product: str, announced: SettlementRound, now_ns: int
    ) -> list[Settlement]:
        """Return the settlement of every contract that was listed on the day.

        In a corrected round only those that were wrong are CORRECTED, the others stay FINAL.
        """
        contracts = listed_contracts(product, announced.day, self.config.months)
        prices = self._market.settlements(announced.day, contracts)
        errors = self._errors(product, announced.day)
        return [
            self._settlement(contract, price, announced, errors, now_ns)
            for contract, price in zip(contracts, prices, strict=True)
        ]

    def _settlement(
        self,
        contract: Instrument,
        price: Decimal,
        announced: SettlementRound,
        errors: _Errors,
        now_ns: int,
    ) -> Settlement:
        off = errors.ticks.get(contract, 0)
        stage, event_ns = announced.stage, self._struck_ns(contract.product, announced)
        if stage is SettlementStage.CORRECTED:
            if off:
                event_ns = errors.corrected_ns
            else:
                stage = SettlementStage.FINAL
        else:
            price += off * product(contract.product).tick
        return Settlement(
            instrument=contract,
            source=SANDBOX_SOURCE,
            trade_date=announced.day,
            price=price,
            stage=stage,
            event_ns=event_ns,
            received_ns=now_ns,
        )

    def _struck_ns(self, code: str, announced: SettlementRound) -> int:
        if announced.stage is SettlementStage.PRELIMINARY:
            return ns_from_utc(settlement_time(code, announced.day))
        return ns_from_utc(final_time(code, announced.day))

    def _draw_errors(self, code: str, day: date) -> _Errors:
        generator = np.random.default_rng(
            [self._market.seed, _CORRECTION_STREAM, day.toordinal(), *code.encode()]
        )
        contracts = listed_contracts(code, day, self.config.months)
        delay_s = int(generator.integers(_EARLIEST_CORRECTION_S, _LATEST_CORRECTION_S + 1))
        is_wrong = generator.random(len(contracts)) < self.config.corrected_share
        # Upwards, so that no first price is zero or less.
        ticks = generator.integers(1, _MAX_TICKS_OFF + 1, len(contracts)).tolist()
        final_ns = ns_from_utc(final_time(code, day))
        return _Errors(
            ticks={
                contract: count
                for contract, wrong, count in zip(contracts, is_wrong, ticks, strict=True)
                if wrong
            },
            corrected_ns=final_ns + delay_s * NANOSECONDS_PER_SECOND,
        )

    def quote(self, contract: Instrument, now_ns: int) -> Quote:
        """Return the top of a contract's book."""
        quote = self._market.quote(contract, now_ns)
        return Quote(
            instrument=contract,
            source=SANDBOX_SOURCE,
            session=0,
            sequence=0,
            frame_index=0,
            event_ns=now_ns,
            received_ns=now_ns,
            bid=quote.bid,
            bid_size=quote.bid_size,
            ask=quote.ask,
            ask_size=quote.ask_size,
        )

    def updates(self, product: str, tick: int) -> list[Quote | Trade]:
        """Return what changes in one tick (instant ÷ `tick_s`): near months most often.

        Nothing changes outside a session.
        """
        tick_ns = round(self.config.tick_s * 1e9)
        now_ns = tick * tick_ns
        if not self.is_open(product, now_ns):
            return []
        generator = np.random.default_rng([self._market.seed, tick, *product.encode()])
        count = generator.poisson(self.config.updates_per_s * self.config.tick_s)
        chosen = np.searchsorted(self._cumulative, generator.random(count))
        contracts = self.listed(product, now_ns)
        is_trade = generator.random(count) < self.config.trade_share
        moments = now_ns + np.sort(generator.integers(0, tick_ns, count))
        return [
            self._trade(contracts[position], moment, f"{tick}-{index}")
            if traded
            else self.quote(contracts[position], moment)
            for index, (position, traded, moment) in enumerate(
                zip(chosen.tolist(), is_trade.tolist(), moments.tolist(), strict=True)
            )
        ]

    def _trade(self, contract: Instrument, now_ns: int, entry_id: str) -> Trade:
        trade = self._market.trade(contract, now_ns)
        return Trade(
            instrument=contract,
            source=SANDBOX_SOURCE,
            entry_id=entry_id,
            event_ns=now_ns,
            received_ns=now_ns,
            price=trade.price,
            size=trade.size,
            aggressor=trade.aggressor,
        )
