"""Own the only way to call an actor: by name, with a time-out, from any process of the stack."""

import asyncio
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors import names
from actors.messages import FeedStatus, MarketBatch
from core.errors import HeliostatError, SourceUnavailable
from core.forecasts import Forecast, ModelCard, ModelStatus
from core.logs import get_logger
from core.market import Curve
from integrations.backoff import backoff_s

if TYPE_CHECKING:  # every actor imports the handles, and few of them what these name
    from actors.qpu.requests import QpuDevice, QpuOutcome, QpuRequest
    from jobs.kinds.kind import ParsedCircuit

log = get_logger(__name__)

CALL_WITHIN_S = 10.0
PARSE_WITHIN_S = 200.0
"""Outlast the parser, which bounds waiting, starting and reading itself; a test compares them."""
ASK_VENDOR_WITHIN_S = 60.0
EXECUTE_WITHIN_S = 3_600.0
SUPERVISE_WITHIN_S = 2.0
"""Bound what a feed that could connect again waits for advice, which is held for 0.4 s."""


@cache
def _look_up(name: str, namespace: str) -> Any:
    return ray.get_actor(name, namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorHandle:
    """Call one named actor; it is looked up anew after it was restarted or could not be found."""

    name: str
    namespace: str
    within_s: float = CALL_WITHIN_S

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method and return its answer.

        Raises:
            SourceUnavailable: the actor is not there, restarting, or too slow.
            HeliostatError: whatever the actor itself raised.
        """
        try:
            async with asyncio.timeout(self.within_s):
                handle = await asyncio.to_thread(_look_up, self.name, self.namespace)
                return await getattr(handle, method).remote(*arguments)
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, HeliostatError):
                raise cause from None
            raise
        except ValueError as error:  # Ray knows nobody of this name
            _look_up.cache_clear()
            raise SourceUnavailable(source=self.name, reason="it has not started yet") from error
        except RayActorError as error:
            _look_up.cache_clear()
            raise SourceUnavailable(source=self.name, reason="it is restarting") from error
        except TimeoutError as error:
            reason = f"it did not answer within {self.within_s:.0f} s"
            raise SourceUnavailable(source=self.name, reason=reason) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketHandle:
    """Call the MarketActor."""

    namespace: str

    async def apply(self, batch: MarketBatch) -> None:
        await self._actor.call("apply", batch)

    async def newer_curve(self, product: str, version: int) -> Curve | None:
        curve: Curve | None = await self._actor.call("newer_curve", product, version)
        return curve

    async def live_products(self) -> dict[str, str]:
        products: dict[str, str] = await self._actor.call("live_products")
        return products

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(name=names.MARKET, namespace=self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsHandle:
    """Call the RunManager."""

    namespace: str

    async def submit(self, org_id: UUID, run_id: UUID) -> None:
        await self._actor.call("submit", org_id, run_id)

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        await self._actor.call("cancel", org_id, run_id)

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(name=names.RUNS, namespace=self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorHandle:
    """Call the FeedSupervisor; a feed that cannot reach it waits by itself."""

    namespace: str

    async def delay_s(self, venue: str, attempt: int) -> float:
        try:
            delay: float = await self._actor.call("delay_s", venue, attempt)
        except Exception as error:  # whatever ails the supervisor, the feed must come back
            log.warning("supervisor.unreachable", venue=venue, reason=str(error))
            return backoff_s(attempt, random.SystemRandom())
        return delay

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(
            name=names.SUPERVISOR, namespace=self.namespace, within_s=SUPERVISE_WITHIN_S
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHandle:
    """Call the FeedActor of one venue."""

    namespace: str
    venue: str

    async def status(self) -> FeedStatus:
        status: FeedStatus = await self._actor.call("status")
        return status

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(name=names.feed(self.venue), namespace=self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHandle:
    """Call the ModelActor of one product."""

    namespace: str
    product: str

    async def apply(self, batch: MarketBatch) -> None:
        await self._actor.call("apply", batch)

    async def forecast(self) -> Forecast:
        forecast: Forecast = await self._actor.call("forecast")
        return forecast

    async def card(self) -> ModelCard:
        card: ModelCard = await self._actor.call("card")
        return card

    async def status(self) -> ModelStatus:
        status: ModelStatus = await self._actor.call("status")
        return status

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(name=names.model(self.product), namespace=self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserHandle:
    """Call the CircuitParser; the first call waits for a process to start."""

    namespace: str

    async def parse(self, language: str, program: str) -> "ParsedCircuit":
        circuit: ParsedCircuit = await self._actor.call("parse", language, program)
        return circuit

    @property
    def _actor(self) -> ActorHandle:
        return ActorHandle(name=names.PARSER, namespace=self.namespace, within_s=PARSE_WITHIN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuHandle:
    """Call the QpuActor; the first call waits for the vendor's package to be imported.

    An answer that takes longer than one call is asked for again, and never sent again.
    """

    namespace: str

    async def devices(self) -> "list[QpuDevice]":
        devices: list[QpuDevice] = await self._actor(ASK_VENDOR_WITHIN_S).call("devices")
        return devices

    async def check(self, device: str) -> None:
        await self._actor(ASK_VENDOR_WITHIN_S).call("check", device)

    async def execute(self, request: "QpuRequest") -> "QpuOutcome":
        outcome: QpuOutcome = await self._actor(EXECUTE_WITHIN_S).call("execute", request)
        return outcome

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        await self._actor(CALL_WITHIN_S).call("cancel", org_id, run_id)

    def _actor(self, within_s: float) -> ActorHandle:
        return ActorHandle(name=names.QPU, namespace=self.namespace, within_s=within_s)
