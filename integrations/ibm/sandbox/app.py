"""Own the sandbox's application: tokens, instances, devices, jobs, batches and usage."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from core.clock import NANOSECONDS_PER_SECOND, Clock, utc_from_ns
from integrations.ibm.config import API_PATH, CATALOG_PATH, SANDBOX_INSTANCE
from integrations.ibm.sandbox import accounts, devices
from integrations.ibm.sandbox.job_queue import FAILED, LONG, STALLED, TOO_LONG, JobQueue
from integrations.ibm.sandbox.jobs import MAX_TAG_LENGTH, MAX_TAGS, Job, JobStore, Session
from integrations.sandbox_kit import FaultSwitch, fault_routes

ACCEPTED_BUT_ERROR = "accepted_but_error"
ACCEPTED_BUT_SLOW = "accepted_but_slow"
SLOW = "slow_answer"
UNKNOWN_JOB = "unknown_job"
OFFLINE = "device_offline"
_PROGRAMS = ("executor", "sampler", "estimator")
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Set up a sandbox. `api_key` None accepts every key.

    Each job waits at least `queue_s`; a slow answer comes after `slow_s`. Usage beyond `limit_s`
    is refused.
    """

    seed: int
    clock: Clock
    api_key: str | None = None
    queue_s: float = 0.5
    slow_s: float = 300.0
    limit_s: int = 360_000
    token_lifetime_s: int = 3600


class IbmSandbox:
    """Answer as the vendor does, and carry jobs out on simulated devices. Close it when done.

    Jobs live in memory and end with the process.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._account = accounts.Account(config.api_key, config.token_lifetime_s)
        self._calls: Counter[str] = Counter()
        self.store = JobStore()
        self.faults = FaultSwitch(
            ACCEPTED_BUT_ERROR,
            ACCEPTED_BUT_SLOW,
            SLOW,
            UNKNOWN_JOB,
            OFFLINE,
            STALLED,
            LONG,
            FAILED,
            TOO_LONG,
        )
        self._queue = JobQueue(config.clock, self.faults, queue_s=config.queue_s, seed=config.seed)

    async def close(self) -> None:
        """End the jobs that run."""
        await self._queue.close()

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/identity/token", self._token, methods=["POST"]),
                Route("/v3/resources/search", self._guarded(self._search), methods=["POST"]),
                Route(CATALOG_PATH + "/{plan}", self._guarded(self._catalog)),
                Mount(API_PATH, routes=self._api()),
                fault_routes(self.faults, self._state),
            ],
        )

    def _api(self) -> list[BaseRoute]:
        def route(path: str, handler: _Handler, method: str = "GET") -> Route:
            return Route(path, self._guarded(handler), methods=[method])

        return [
            route("/backends", self._backends),
            route("/backends/{device}/configuration", self._configuration),
            route("/backends/{device}/properties", self._properties),
            route("/backends/{device}/status", self._status),
            route("/instances/usage", self._usage),
            route("/jobs", self._list_jobs),
            route("/jobs", self._submit, "POST"),
            route("/jobs/{job}", self._job),
            route("/jobs/{job}", self._delete_job, "DELETE"),
            route("/jobs/{job}/results", self._results),
            route("/jobs/{job}/cancel", self._cancel_job, "POST"),
            route("/jobs/{job}/metrics", self._metrics),
            route("/jobs/{job}/logs", self._logs),
            route("/jobs/{job}/tags", self._tag_job, "PUT"),
            route("/sessions", self._open_session, "POST"),
            route("/sessions/{session}", self._session),
            route("/sessions/{session}", self._change_session, "PATCH"),
            route("/sessions/{session}/close", self._close_session, "DELETE"),
        ]

    def _state(self) -> dict[str, object]:
        jobs = self.store.jobs.values()
        return {
            "now_ns": self._config.clock.now_ns(),
            "calls": dict(self._calls),
            "jobs": [
                {"id": job.id, "status": job.status, "tags": job.tags, "device": job.device}
                for job in jobs
            ],
        }

    def _guarded(self, handler: _Handler) -> _Handler:
        async def answer(request: Request) -> Response:
            self._calls[f"{request.method} {_generic(request)}"] += 1
            if self.faults.take(SLOW):
                await asyncio.sleep(self._config.slow_s)
            status = self.faults.http_status()
            if status is not None:
                return _error(status, "Spoilt on purpose")
            if not self._account.admits(request.headers.get("authorization", ""), self._now_s()):
                return _error(401, "Authentication credentials are missing or wrong")
            try:
                return await handler(request)
            except _Refused as refusal:
                return _error(refusal.status, refusal.reason)

        return answer

    def _now_s(self) -> int:
        return self._config.clock.now_ns() // NANOSECONDS_PER_SECOND

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        given = self._account.token(form.get("apikey", [""])[0], self._now_s())
        if given is None:
            message = "Provided API key could not be found."
            return JSONResponse(
                {"errorCode": "BXNIM0415E", "errorMessage": message}, status_code=400
            )
        return JSONResponse(given, headers={"Cache-Control": "no-store"})

    async def _search(self, _request: Request) -> Response:
        return JSONResponse(accounts.found_instances())

    async def _catalog(self, request: Request) -> Response:
        if request.path_params["plan"] != accounts.PLAN_ID:
            return _error(404, "No such entry")
        return JSONResponse(accounts.catalog_entry())

    async def _backends(self, _request: Request) -> Response:
        is_online = self.faults.left[OFFLINE] == 0
        listed = [
            devices.summary(device, self.store.waiting(device), is_online)
            for device in devices.DEVICES
        ]
        return JSONResponse({"devices": listed})

    async def _configuration(self, request: Request) -> Response:
        return JSONResponse(devices.configuration(_device(request)))

    async def _properties(self, request: Request) -> Response:
        return JSONResponse(devices.properties(_device(request)))

    async def _status(self, request: Request) -> Response:
        device = _device(request)
        is_online = not self.faults.take(OFFLINE)
        return JSONResponse(
            {
                "state": is_online,
                "status": "active" if is_online else "internal",
                "message": "available" if is_online else "maintenance",
                "length_queue": self.store.waiting(device),
                "backend_version": devices.configuration(device)["backend_version"],
            }
        )

    async def _usage(self, _request: Request) -> Response:
        used_s, limit_s = self.store.charged_s(), self._config.limit_s
        return JSONResponse(
            {
                "instance_id": SANDBOX_INSTANCE,
                "plan_id": accounts.PLAN_ID,
                "usage_consumed_seconds": used_s,
                "usage_limit_seconds": limit_s,
                "usage_limit_reached": used_s >= limit_s,
            }
        )

    async def _submit(self, request: Request) -> Response:
        job = self._new_job(await _body(request))
        if self.store.charged_s() >= self._config.limit_s:
            raise _Refused(409, "The instance has reached its usage limit")
        self.store.jobs[job.id] = job
        self._queue.put(job)
        if self.faults.take(ACCEPTED_BUT_SLOW):
            await asyncio.sleep(self._config.slow_s)
        if self.faults.take(ACCEPTED_BUT_ERROR):
            raise _Refused(502, "Bad gateway")
        answer = {"id": job.id, "backend": job.device, "private": job.is_private}
        return JSONResponse({**answer, "session_id": job.session_id})

    def _new_job(self, body: dict[str, Any]) -> Job:
        tags = body.get("tags", [])
        if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_LENGTH for tag in tags):
            raise _Refused(400, f"expected at most {MAX_TAGS} tags of {MAX_TAG_LENGTH} characters")
        if body.get("program_id") not in _PROGRAMS:
            raise _Refused(404, f"expected a program of {', '.join(_PROGRAMS)}")
        if body.get("backend") not in devices.DEVICES:
            raise _Refused(404, f"no backend {body.get('backend')!r}")
        session = body.get("session_id")
        if session is not None and not self._known_session(session).is_accepting:
            raise _Refused(400, "The session is closed")
        return Job(
            id=uuid4().hex[:20],
            program=body["program_id"],
            device=body["backend"],
            params=body["params"],
            tags=tuple(tags),
            session_id=session,
            cost_s=body.get("cost"),
            created=utc_from_ns(self._config.clock.now_ns()),
            is_private=bool(body.get("private")),
        )

    async def _list_jobs(self, request: Request) -> Response:
        query = request.query_params
        try:
            return JSONResponse(self.store.page(query, query.getlist("tags")))
        except ValueError as error:
            raise _Refused(400, str(error)) from error

    async def _job(self, request: Request) -> Response:
        with_params = request.query_params.get("exclude_params") != "true"
        return JSONResponse(self._known_job(request).view(with_params=with_params))

    async def _delete_job(self, request: Request) -> Response:
        del self.store.jobs[self._known_job(request).id]
        return Response(status_code=204)

    async def _results(self, request: Request) -> Response:
        job = self._known_job(request)
        text = job.result if job.status == "Completed" else job.reason or ""
        return PlainTextResponse(text, status_code=200 if job.is_final else 204)

    async def _cancel_job(self, request: Request) -> Response:
        job = self._known_job(request)
        if job.is_final:
            raise _Refused(409, f"Job is already {job.status}")
        self._queue.cancel(job)
        return Response(status_code=204)

    async def _metrics(self, request: Request) -> Response:
        return JSONResponse(self._known_job(request).metrics())

    async def _logs(self, request: Request) -> Response:
        return PlainTextResponse(self._known_job(request).reason or "")

    async def _tag_job(self, request: Request) -> Response:
        job = self._known_job(request)
        job.tags = tuple((await _body(request)).get("tags", ()))
        return Response(status_code=204)

    async def _open_session(self, request: Request) -> Response:
        body = await _body(request)
        if body.get("backend") not in devices.DEVICES:
            raise _Refused(404, f"no backend {body.get('backend')!r}")
        session = Session(
            id=uuid4().hex[:20],
            device=body["backend"],
            mode=body.get("mode", "dedicated"),
            max_ttl_s=body.get("max_ttl", 28_800),
            started=utc_from_ns(self._config.clock.now_ns()),
        )
        self.store.sessions[session.id] = session
        return JSONResponse(session.view([]), status_code=201)

    async def _session(self, request: Request) -> Response:
        session = self._known_session(request.path_params["session"])
        return JSONResponse(session.view(self.store.of_session(session.id)))

    async def _change_session(self, request: Request) -> Response:
        session = self._known_session(request.path_params["session"])
        session.is_accepting = bool((await _body(request)).get("accepting_jobs", True))
        return Response(status_code=204)

    async def _close_session(self, request: Request) -> Response:
        session = self._known_session(request.path_params["session"])
        session.is_accepting = False
        for job in self.store.of_session(session.id):
            if job.status == "Queued":
                self._queue.cancel(job)
        return Response(status_code=204)

    def _known_session(self, session_id: str) -> Session:
        session = self.store.sessions.get(session_id)
        if session is None:
            raise _Refused(404, f"no session {session_id!r}")
        return session

    def _known_job(self, request: Request) -> Job:
        job = self.store.jobs.get(request.path_params["job"])
        if job is None or self.faults.take(UNKNOWN_JOB):
            raise _Refused(404, "Job not found")
        return job


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise _Refused(400, "expected JSON") from error
    if not isinstance(body, dict):
        raise _Refused(400, "expected an object")
    return body


def _device(request: Request) -> str:
    device: str = request.path_params["device"]
    if device not in devices.DEVICES:
        raise _Refused(404, f"no backend {device!r}")
    return device


def _generic(request: Request) -> str:
    path = request.url.path
    for name in ("device", "job", "session", "plan"):
        if name in request.path_params:
            path = path.replace(str(request.path_params[name]), "{" + name + "}")
    return path


def _error(status: int, message: str) -> Response:
    failure = {"code": status, "message": message, "solution": "", "more_info": ""}
    return JSONResponse({"errors": [failure], "trace": uuid4().hex}, status_code=status)
