"""Own one product's model as an actor; the mathematics is imported where it is followed only."""

from actors.messages import MarketBatch
from actors.models.config import ModelConfig, NextModel
from actors.runs.metrics import Meter
from core.clock import Clock
from core.forecasts import Forecast, ModelCard, ModelStatus
from jobs.pieces import Fanout
from storage.cache import Cache
from storage.pool import PoolConfig, open_pools


class ModelActor:
    """Keep one product's model at its settlements, and its forecast published.

    Owns: the estimate in use, the state of both of its parts, and the last forecast. After a
    restart the last checkpoint and the settlements after it give the same numbers, and what was
    announced meanwhile is read from the database. Callers may retry `apply`: what is known changes
    nothing.
    """

    async def __init__(  # type: ignore[misc]  # Ray awaits it
        self, config: ModelConfig, fanout: Fanout, next_model: NextModel, clock: Clock, meter: Meter
    ) -> None:
        # Late: whoever makes the actor would wait for it too, and a stack's start would.
        from actors.models.follower import ModelFollower
        from actors.models.store import ModelStore

        self._config = config
        store = ModelStore(
            pools=await open_pools(config.database, PoolConfig(max_size=2)),
            cache=await Cache.open(config.cache_url),
            clock=clock,
            product=config.product,
            source=config.source,
            history_source=config.history_source,
            code_version=config.code_version,
        )
        self._follower: ModelFollower = ModelFollower(config, store, fanout, next_model, meter)

    def __repr__(self) -> str:
        return f"ModelActor({self._config.product} from {self._config.source})"

    async def close(self) -> None:
        """End the loop and the connections."""
        await self._follower.close()

    async def apply(self, batch: MarketBatch) -> None:
        """Follow settlements; return when the forecast that has seen them is stored.

        Without an estimate nothing is followed: the database has what settled.

        Raises:
            SourceUnavailable: the forecast could not be stored; nothing has changed.
        """
        await self._follower.apply(batch)

    async def forecast(self) -> Forecast:
        """Return the last published forecast.

        Raises:
            ModelNotReady: there is none yet.
        """
        return self._follower.forecast()

    async def card(self) -> ModelCard:
        """Return the card of the newest estimate.

        Raises:
            ModelNotReady: there is none yet.
        """
        return await self._follower.card()

    async def status(self) -> ModelStatus:
        """Tell how the model stands."""
        return self._follower.status()
