"""Own what either client asks of settlements: histories, spreads, seasons, prices between."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Unpack

from heliostat.histories import CurvePrices, History, Seasonality, Spread
from heliostat.history_flows import HistoryOptions, Interpolation, SeasonOptions, SpreadOptions

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Settled:
    """Be the part of a client that reads what settled."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def history(self, product: str, **asked: Unpack[HistoryOptions]) -> History:
        """Return a continuous series of a product, or one contract; unset: the front, a year.

        Raises:
            ModelNotApplicable: it is to roll by figures that are not stored, or to be adjusted by
                a ratio of prices that are not positive.
        """
        return self._transport.run(self._flows.history(product, asked))

    def spread(self, name: str, **asked: Unpack[SpreadOptions]) -> Spread:
        """Return a spread and the band of its earlier years: `calendar`, `crack-3-2-1`, …"""
        return self._transport.run(self._flows.spread(name, asked))

    def seasonality(self, product: str, **asked: Unpack[SeasonOptions]) -> Seasonality:
        """Return how the months or days of a position depart from their year, over whole years.

        Raises:
            HistoryTooShort: fewer than two years are whole.
        """
        return self._transport.run(self._flows.seasonality(product, asked))

    def curve_prices(
        self,
        product: str,
        on: Sequence[date | str],
        *,
        interpolation: Interpolation = "linear",
        as_of: date | str | None = None,
        source: str | None = None,
    ) -> CurvePrices:
        """Return the prices of days between the contracts of a settled curve."""
        flow = self._flows.curve_prices(product, on, interpolation, as_of, source)
        return self._transport.run(flow)


class AsyncSettled:
    """Be the part of an asynchronous client that reads what settled."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def history(self, product: str, **asked: Unpack[HistoryOptions]) -> History:
        """Return a continuous series of a product, or one contract; unset: the front, a year.

        Raises:
            ModelNotApplicable: it is to roll by figures that are not stored, or to be adjusted by
                a ratio of prices that are not positive.
        """
        return await self._transport.run(self._flows.history(product, asked))

    async def spread(self, name: str, **asked: Unpack[SpreadOptions]) -> Spread:
        """Return a spread and the band of its earlier years: `calendar`, `crack-3-2-1`, …"""
        return await self._transport.run(self._flows.spread(name, asked))

    async def seasonality(self, product: str, **asked: Unpack[SeasonOptions]) -> Seasonality:
        """Return how the months or days of a position depart from their year, over whole years.

        Raises:
            HistoryTooShort: fewer than two years are whole.
        """
        return await self._transport.run(self._flows.seasonality(product, asked))

    async def curve_prices(
        self,
        product: str,
        on: Sequence[date | str],
        *,
        interpolation: Interpolation = "linear",
        as_of: date | str | None = None,
        source: str | None = None,
    ) -> CurvePrices:
        """Return the prices of days between the contracts of a settled curve."""
        flow = self._flows.curve_prices(product, on, interpolation, as_of, source)
        return await self._transport.run(flow)
