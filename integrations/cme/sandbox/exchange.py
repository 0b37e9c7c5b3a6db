"""Own what the sandbox exchange announces at an instant: a pure function of seed and time."""

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np

from core.clock import ns_from_utc
from core.market import (
    SANDBOX_SOURCE,
    Instrument,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)
from quant.calendars import (
    NEW_YORK,
    last_settled_day,
    listed_contracts,
    session_trade_date,
    settlement_time,
)
from quant.simulated_market import SIMULATED_PRODUCTS, SimulatedMarket

_SETTLEMENTS_FINAL_AT = time(19, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig:
    """Set how much the exchange lists and says; `updates_per_s` is per product."""

    months: int = 36
    updates_per_s: float = 50.0
    tick_s: float = 0.1
    trade_share: float = 0.12
    heartbeat_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRound:
    """Name one announcement of settlements: the day and how final it is."""

    day: date
    stage: SettlementStage


class Exchange:
    """Answer what is listed, quoted, traded and settled at an instant."""

    def __init__(self, market: SimulatedMarket, config: ExchangeConfig) -> None:
        self._market = market
        self.config = config
        self.products = SIMULATED_PRODUCTS
        nearness = 1.0 / np.arange(1, config.months + 1)
        self._cumulative = (nearness / nearness.sum()).cumsum()

    def is_open(self, product: str, now_ns: int) -> bool:
        """Tell whether a product trades at an instant."""
        return session_trade_date(product, now_ns) is not None

    def listed(self, product: str, now_ns: int) -> tuple[Instrument, ...]:
        """Return the contracts listed at an instant, nearest first."""
        day = session_trade_date(product, now_ns) or last_settled_day(product, now_ns)
        return listed_contracts(product, day, self.config.months)

    def settlement_round(self, product: str, now_ns: int) -> SettlementRound:
        """Return the latest settlement that has been announced: final from 19:00 New York."""
        day = last_settled_day(product, now_ns)
        final_at = datetime.combine(day, _SETTLEMENTS_FINAL_AT, NEW_YORK)
        is_final = now_ns >= ns_from_utc(final_at)
        return SettlementRound(
            day=day, stage=SettlementStage.FINAL if is_final else SettlementStage.PRELIMINARY
        )

    def settlements(
        self, product: str, announced: SettlementRound, now_ns: int
    ) -> list[Settlement]:
        """Return the settlement of every contract that was listed on the day."""
        contracts = listed_contracts(product, announced.day, self.config.months)
        prices = self._market.settlements(announced.day, contracts)
        event_ns = ns_from_utc(settlement_time(product, announced.day))
        return [
            Settlement(
                instrument=contract,
                source=SANDBOX_SOURCE,
                trade_date=announced.day,
                price=price,
                stage=announced.stage,
                event_ns=event_ns,
                received_ns=now_ns,
            )
            for contract, price in zip(contracts, prices, strict=True)
        ]

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
