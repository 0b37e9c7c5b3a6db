"""Own the conversations about forecasts and the models that make them."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from heliostat.answers import query, segment
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.forecast_reader import ForecastReader
from heliostat.forecasts import Forecast, ForecastModel, ModelStatus, Scenarios, Volatility


class ForecastChoice(TypedDict, total=False):
    """Name a published horizon, in business days, a contract (202612), a source; unset: all."""

    horizon: int | None
    contract: str | None
    source: str | None


class PublicationOptions(TypedDict, total=False):
    """Name a past day `as_of`, one `contract` (202612) and a source; unset: the latest, all."""

    as_of: date | str | None
    contract: str | None
    source: str | None


class ForecastOptions(PublicationOptions, total=False):
    """Name one of the published horizons, in business days, too; unset: all."""

    horizon: int | None


class ScenarioOptions(ForecastChoice, total=False):
    """Name how many `paths` are drawn, and the `seed`; the horizon is any of 1 to 60."""

    paths: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFlows(Conversation):
    """Make the flows about forecasts."""

    def forecast(self, product: str, asked: ForecastOptions) -> Flow[Forecast]:
        params = (*query(horizon=asked.get("horizon")), *_publication(asked))
        return self._fetch(Forecast, _of_product(product, "forecast", params))

    def watch_forecasts(
        self, product: str, max_events: int | None, asked: ForecastChoice
    ) -> Flow[None]:
        silence_s = self.timeouts.silence_s
        return self._follow(ForecastReader(product, _choice(asked), max_events, silence_s))

    def scenarios(self, product: str, asked: ScenarioOptions) -> Flow[Scenarios]:
        drawn = query(paths=asked.get("paths"), seed=asked.get("seed"))
        return self._fetch(Scenarios, _of_product(product, "scenarios", (*_choice(asked), *drawn)))

    def volatility(self, product: str, asked: PublicationOptions) -> Flow[Volatility]:
        call = _of_product(product, "volatility", _publication(asked))
        return self._fetch(Volatility, call)

    def model_card(self, product: str, source: str | None) -> Flow[ForecastModel]:
        return self._fetch(ForecastModel, _of_product(product, "model", query(source=source)))

    def models(self) -> Flow[tuple[ModelStatus, ...]]:
        return self._items(ModelStatus, Call(method="GET", path="/v1/models"))


def _of_product(product: str, noun: str, params: tuple[tuple[str, str], ...]) -> Call:
    return Call(method="GET", path=f"/v1/products/{segment(product)}/{noun}", params=params)


def _choice(asked: ForecastChoice) -> tuple[tuple[str, str], ...]:
    return query(
        horizon=asked.get("horizon"), contract=asked.get("contract"), source=asked.get("source")
    )


def _publication(asked: PublicationOptions) -> tuple[tuple[str, str], ...]:
    return query(
        as_of=asked.get("as_of"), contract=asked.get("contract"), source=asked.get("source")
    )
