"""Own what either client asks of models: forecasts, volatilities, cards, and how they stand."""

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Unpack

from heliostat.forecast_flows import (
    ForecastChoice,
    ForecastOptions,
    PublicationOptions,
    ScenarioOptions,
)
from heliostat.forecasts import Forecast, ForecastModel, ModelStatus, Scenarios, Volatility

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Forecasting:
    """Be the part of a client that asks models."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def forecast(self, product: str, **asked: Unpack[ForecastOptions]) -> Forecast:
        """Return the distributions of a product's settlements to come; unset: all of the latest.

        Raises:
            ModelNotReady: the model of the product has no forecast yet, or none runs.
            ForecastNotFound: there was none `as_of` the day.
            UnknownInstrument: the forecast does not have the contract.
        """
        return self._transport.run(self._flows.forecast(product, asked))

    def watch_forecasts(
        self, product: str, max_events: int | None = None, **asked: Unpack[ForecastChoice]
    ) -> Generator[Forecast, None, None]:
        """Yield the latest forecast of a product, then each new one; for ever without a bound.

        A lost connection resumes after the last one. Of several published meanwhile the newest
        is yielded.
        """
        return self._transport.iterate(self._flows.watch_forecasts(product, max_events, asked))

    def scenarios(self, product: str, **asked: Unpack[ScenarioOptions]) -> Scenarios:
        """Return paths of all contracts together; unset: 100 of 20 business days.

        Raises:
            ModelNotReady: the model of the product has no forecast yet.
            InvalidInput: more prices are asked for than one answer holds.
        """
        return self._transport.run(self._flows.scenarios(product, asked))

    def volatility(self, product: str, **asked: Unpack[PublicationOptions]) -> Volatility:
        """Return how much each contract of a product moves, and what the term structure gives.

        Raises:
            ModelNotReady: the model of the product has no forecast yet, or none runs.
            ForecastNotFound: there was none `as_of` the day.
            UnknownInstrument: there is none of the contract.
        """
        return self._transport.run(self._flows.volatility(product, asked))

    def model_card(self, product: str, source: str | None = None) -> ForecastModel:
        """Return how the model of a product stands, and what it was made from."""
        return self._transport.run(self._flows.model_card(product, source))

    def models(self) -> tuple[ModelStatus, ...]:
        """Return how the model of each product stands."""
        return self._transport.run(self._flows.models())


class AsyncForecasting:
    """Be the part of an asynchronous client that asks models."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def forecast(self, product: str, **asked: Unpack[ForecastOptions]) -> Forecast:
        """Return the distributions of a product's settlements to come; unset: all of the latest.

        Raises:
            ModelNotReady: the model of the product has no forecast yet, or none runs.
            ForecastNotFound: there was none `as_of` the day.
            UnknownInstrument: the forecast does not have the contract.
        """
        return await self._transport.run(self._flows.forecast(product, asked))

    def watch_forecasts(
        self, product: str, max_events: int | None = None, **asked: Unpack[ForecastChoice]
    ) -> AsyncGenerator[Forecast, None]:
        """Yield the latest forecast of a product, then each new one; for ever without a bound.

        A lost connection resumes after the last one. Of several published meanwhile the newest
        is yielded.
        """
        return self._transport.iterate(self._flows.watch_forecasts(product, max_events, asked))

    async def scenarios(self, product: str, **asked: Unpack[ScenarioOptions]) -> Scenarios:
        """Return paths of all contracts together; unset: 100 of 20 business days.

        Raises:
            ModelNotReady: the model of the product has no forecast yet.
            InvalidInput: more prices are asked for than one answer holds.
        """
        return await self._transport.run(self._flows.scenarios(product, asked))

    async def volatility(self, product: str, **asked: Unpack[PublicationOptions]) -> Volatility:
        """Return how much each contract of a product moves, and what the term structure gives.

        Raises:
            ModelNotReady: the model of the product has no forecast yet, or none runs.
            ForecastNotFound: there was none `as_of` the day.
            UnknownInstrument: there is none of the contract.
        """
        return await self._transport.run(self._flows.volatility(product, asked))

    async def model_card(self, product: str, source: str | None = None) -> ForecastModel:
        """Return how the model of a product stands, and what it was made from."""
        return await self._transport.run(self._flows.model_card(product, source))

    async def models(self) -> tuple[ModelStatus, ...]:
        """Return how the model of each product stands."""
        return await self._transport.run(self._flows.models())
