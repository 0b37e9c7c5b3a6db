"""Own what happens to a request for a run before it is one: read, posed, weighed, then stored.

Nothing is stored of a run that is refused. One that is stored is carried out even if nobody could
be told of it at once.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import msgspec
import uuid_utils.compat as uuid_utils

from core.asked import Asked
from core.backends import Backend, Family
from core.clock import utc_from_ns
from core.errors import HeliostatError, InvalidInput, SourceUnavailable
from core.identity import Permission, Principal
from core.logs import get_logger
from core.plans import Plan
from core.runs import NewRun, Run, RunKind
from core.specifications.amplitude import AmplitudeSpecification
from core.specifications.backtest import BacktestSpecification
from core.specifications.circuit import Program
from core.specifications.contracts import ContractWindow
from core.specifications.risk import RiskSpecification
from core.specifications.sweep import SweepSpecification
from jobs.backends.choice import Choice, Workload, choose
from jobs.kinds import kind_of
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.plans.risk_books import LoadedBook
from serve.identity.access import require
from serve.risk_runs import load_book
from serve.run_requests import RunRequest
from serve.services import Services
from storage import plans, runs
from storage.settlement_windows import LoadedHistories, load_histories

log = get_logger(__name__)

DEVICES_WITHIN_S = 2.0
_LAST_DEADLINE = datetime(2200, 1, 1, tzinfo=UTC)
_QUBITS_ARE_IN = {
    RunKind.CIRCUIT: "program.qubits",
    RunKind.OBSERVABLE: "program.qubits",
    RunKind.AMPLITUDE: "qubits",
}
_SHOTS_ARE_IN = {RunKind.RISK: "paths"}
_POINTS_ARE_IN = {
    RunKind.CIRCUIT: "parameters.points",
    RunKind.OBSERVABLE: "parameters.points",
    RunKind.BACKTEST: "first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Hold a run that could be stored: what is solved, how much that is, and what would do it.

    `digest` is the same for two runs of one organisation that must have the same answer.
    """

    kind: RunKind
    posed: Posed
    workload: Workload
    choice: Choice
    digest: bytes


async def prepare(request: RunRequest[Asked], caller: Principal, services: Services) -> Prepared:
    """Settle what a request asks for; stores nothing.

    Raises:
        InvalidInput: it cannot be carried out as asked; names the field.
        SourceUnavailable: what is needed to tell cannot answer now.
    """
    require_future(request.deadline, utc_from_ns(services.clock.now_ns()))
    specification = await _with_source(request.specification, services)
    await _require_devices(specification, services)
    kind = kind_of(request.kind)
    loaded = await _loaded(kind, specification, caller, services)
    circuit = None
    if isinstance(specification, Program):
        circuit = await services.parser.parse(specification.language, specification.program)
    return await asyncio.to_thread(
        _settled, request.kind, kind, specification, loaded, circuit, caller.org_id, services
    )


async def submit(
    request: RunRequest[Asked], idempotency_key: str | None, caller: Principal, services: Services
) -> Run:
    """Store a run and have it carried out, or return the stored one that answers the request.

    Raises:
        InvalidInput: it cannot be carried out as asked; names the field.
        PlanLimitExceeded: it is more than the organisation's plan allows.
        TooManyRuns: the organisation has as many unfinished runs as its plan allows.
        IdempotencyKeyReused: the key came before with another request.
    """
    org_id = caller.org_id
    prepared = await prepare(request, caller, services)
    request_hash = sha256(request.model_dump_json().encode()).digest()
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(org_id) as connection:
        plan = await plans.plan_of(connection, org_id)
        require_within(plan, prepared.kind, prepared.workload, request.priority)
        if not request.fresh:
            known = None
            if idempotency_key is not None:
                known = await runs.find_by_key(connection, org_id, idempotency_key, request_hash)
            known = known or await runs.find_finished(connection, org_id, prepared.digest)
            if known is not None:
                return known
        run, created = await runs.create(
            connection,
            _new_run(request, prepared, caller, services.config.version),
            idempotency_key,
            request_hash,
            now,
            plan.max_unfinished,
        )
    if created:
        # The answer does not wait for the manager, whose next sweep finds what this cannot tell.
        services.background.start(_nudge(services, org_id, run.run_id))
    return run


def require_future(deadline: datetime | None, now: datetime) -> None:
    """Refuse a deadline that has passed, or that no calendar of ours holds.

    Raises:
        InvalidInput: it has, or it lies after 2199.
    """
    if deadline is not None and not now < deadline < _LAST_DEADLINE:
        reason = f"expected a moment after {now.isoformat()} and before {_LAST_DEADLINE.year}"
        raise InvalidInput(field="deadline", reason=reason)


def require_within(plan: Plan, kind: RunKind, workload: Workload, priority: int) -> None:
    """Refuse more than a plan allows.

    Raises:
        PlanLimitExceeded: something is over its limit; names the field that says so.
    """
    plan.require(_QUBITS_ARE_IN.get(kind, "of"), workload.qubits, plan.max_qubits)
    plan.require(_SHOTS_ARE_IN.get(kind, "shots"), workload.shots, plan.max_shots)
    plan.require(_POINTS_ARE_IN.get(kind, "points"), workload.points, plan.max_points)
    plan.require("priority", priority, plan.max_priority)


def backend_of(specification: Asked) -> str:
    """Return the backend asked for; of a sweep over several there is no one."""
    if isinstance(specification, SweepSpecification):
        several = len(specification.backends) > 1
        return str(Family.AUTO) if several else specification.backends[0]
    return str(getattr(specification, "backend", Family.AUTO))


def seed_of(specification: Asked) -> int:
    """Return the seed asked for; of a sweep over several the first."""
    if isinstance(specification, SweepSpecification):
        return specification.seeds[0]
    return int(getattr(specification, "seed", 0))


def digest_of(kind: RunKind, posed: Posed, org_id: UUID, version: str) -> bytes:
    """Digest all that settles an answer: who asks, for what, of which data, of which code."""
    settled = [
        str(org_id),
        kind.value,
        posed.specification.to_json(),
        version,
        posed.vintage,
    ]
    return sha256(msgspec.json.encode(settled, order="sorted")).digest()


async def _loaded(
    kind: Kind, specification: Asked, caller: Principal, services: Services
) -> LoadedHistories | LoadedBook | None:
    """Read what a run is posed from, if anything."""
    if isinstance(specification, RiskSpecification):
        if specification.book is not None:
            require(caller, Permission.BOOKS_READ)
        return await load_book(specification, caller, services)
    asked = kind.histories(specification)
    if asked is None:
        return None
    async with services.pools.read(caller.org_id) as connection:
        return await load_histories(connection, caller.org_id, asked)


def _settled(
    name: RunKind,
    kind: Kind,
    specification: Asked,
    loaded: LoadedHistories | LoadedBook | None,
    circuit: ParsedCircuit | None,
    org_id: UUID,
    services: Services,
) -> Prepared:
    posed = kind.pose(specification, loaded, circuit)
    workload = kind.workload(posed.specification, posed.problem)
    asked = Backend.parse(backend_of(posed.specification))
    return Prepared(
        kind=name,
        posed=posed,
        workload=workload,
        choice=choose(workload, asked, services.config.task_memory_bytes),
        digest=digest_of(name, posed, org_id, services.config.version),
    )


def _new_run(
    request: RunRequest[Asked], prepared: Prepared, caller: Principal, version: str
) -> NewRun:
    posed = prepared.posed
    return NewRun(
        org_id=caller.org_id,
        run_id=uuid_utils.uuid7(),
        kind=prepared.kind,
        specification=posed.specification.to_json(),
        specification_hash=prepared.digest,
        problem=posed.problem,
        backend=backend_of(posed.specification),
        seed=seed_of(posed.specification),
        code_version=version,
        vintage=posed.vintage,
        submitted_by=caller.actor,
        priority=request.priority,
        deadline=request.deadline,
        labels=request.labels,
    )


async def _with_source(specification: Asked, services: Services) -> Asked:
    """Return the specification with the live source where it names none."""
    settled = (ContractWindow, BacktestSpecification)
    if isinstance(specification, settled) and specification.source is None:
        source = await _live_source(specification.products, services)
        return specification.model_copy(update={"source": source})
    if isinstance(specification, AmplitudeSpecification):
        holding = specification.holding
        if holding is not None and holding.source is None:
            source = await _live_source((holding.product,), services)
            judged = holding.model_copy(update={"source": source})
            return specification.model_copy(update={"holding": judged})
    return specification


async def _live_source(products: tuple[str, ...], services: Services) -> str:
    live = await services.market.live_products()
    sources = {live.get(product) for product in products}
    if len(sources) != 1 or None in sources:
        raise InvalidInput(
            field="source",
            reason="name one: these products have no single live source "
            f"(live are {', '.join(sorted(live)) or 'none'}), and sources are never mixed",
        )
    return str(sources.pop())


async def _require_devices(specification: Asked, services: Services) -> None:
    """Refuse a device that the account does not have, if it can be asked at once."""
    field = "backend"
    names: tuple[str, ...] = (backend_of(specification),)
    if isinstance(specification, SweepSpecification):
        field, names = "backends", specification.backends
    asked = [backend for backend in map(Backend.parse, names) if backend.family is Family.IBM]
    if not asked:
        return
    try:
        async with asyncio.timeout(DEVICES_WITHIN_S):
            known = sorted(device.name for device in await services.qpu.devices())
    except (HeliostatError, TimeoutError):
        return  # Whether there is such a device shows when the run is carried out.
    for backend in asked:
        if backend.device not in known:
            listed = ", ".join(f"ibm:{name}" for name in known) or "none"
            reason = f"there is no device {backend}; known are {listed}"
            raise InvalidInput(field=field, reason=reason)


async def _nudge(services: Services, org_id: UUID, run_id: UUID) -> None:
    try:
        await services.runs.submit(org_id, run_id)
    except SourceUnavailable as error:
        log.warning("run.nudge.failed", run_id=str(run_id), reason=error.detail)
