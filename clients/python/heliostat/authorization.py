"""Own what is sent as `Authorization`: a key as it is, or a login renewed before it ends."""

import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import anyio
import httpx

from heliostat.address import Address, ApiKey
from heliostat.errors import NotSignedIn, UnexpectedAnswer, Unreachable, error_from_problem
from heliostat.logins import Lock, LoginFile, StoredLogin
from heliostat.sse import json_object

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, no token
RENEW_EARLY_S = 30.0
"""Renew so long before the end: clocks differ, and a request takes its time."""

_LOCK_POLL_S = 0.05
_LOCK_LIMIT_S = 30.0
_TIMEOUT = httpx.Timeout(10.0).as_dict()

T = TypeVar("T")
Now = Callable[[], float]


def unix_now() -> float:
    """Return the seconds since 1970."""
    return time.time()  # noqa: TID251 - the client's own clock


def authorization_of(address: Address, now: Now = unix_now) -> httpx.Auth:
    """Return what adds the authorization to each request of a client."""
    credential = address.credential
    if isinstance(credential, ApiKey):
        return KeyAuth(credential.key)
    return LoginAuth(credential.file, now)


class KeyAuth(httpx.Auth):
    """Send a key."""

    def __init__(self, key: str) -> None:
        self._header = f"Bearer {key}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float


_Steps: TypeAlias = Generator[_Pause | httpx.Request, Any, T]


class LoginAuth(httpx.Auth):
    """Send the access token of a login, renewed shortly before its end and once after a 401.

    Renewing is done under the login's lock, and after another look at its file: whoever comes
    second finds the tokens of the first.
    """

    def __init__(self, file: LoginFile, now: Now = unix_now) -> None:
        self._file = file
        self._now = now
        self._login: StoredLogin | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        steps = self._steps(request)
        outcome: httpx.Response | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, _Pause):
                    time.sleep(step.seconds)
                    continue
                outcome = yield step
                if step is not request:
                    outcome.read()
        except StopIteration:
            return
        finally:
            steps.close()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        steps = self._steps(request)
        outcome: httpx.Response | None = None
        try:
            while (step := _advanced(steps, outcome)) is not None:
                if isinstance(step, _Pause):
                    await anyio.sleep(step.seconds)
                    continue
                outcome = yield step
                if step is not request:
                    await outcome.aread()
        finally:
            steps.close()

    def _steps(self, request: httpx.Request) -> _Steps[None]:
        login = self._login or self._read()
        if login.expires_at - self._now() < RENEW_EARLY_S:
            login = yield from self._renewed(login, request.url)
        self._login = login
        request.headers["Authorization"] = f"Bearer {login.access_token}"
        answer = yield request
        # A body that was streamed is gone; the caller's next request is sent with new tokens.
        if answer.status_code != 401 or not isinstance(request.stream, httpx.ByteStream):
            return
        self._login = login = yield from self._renewed(login, request.url)
        request.headers["Authorization"] = f"Bearer {login.access_token}"
        yield request

    def _renewed(self, used: StoredLogin, url: httpx.URL) -> _Steps[StoredLogin]:
        lock = yield from self._locked()
        try:
            stored = self._read()
            if stored.access_token != used.access_token:
                return stored
            answer = yield renewal_request(stored, url)
            renewed = login_of_answer(
                self._file.url, stored.client_id, answer.status_code, answer.content, self._now()
            )
            if renewed is None:
                self._file.forget()
                raise NotSignedIn(self._file.url)
            self._file.write(renewed)
            return renewed
        finally:
            lock.release()

    def _locked(self) -> _Steps[Lock]:
        for _ in range(round(_LOCK_LIMIT_S / _LOCK_POLL_S)):
            lock = self._file.lock()
            if lock is not None:
                return lock
            yield _Pause(_LOCK_POLL_S)
        message = f"Another process has been renewing the login of {self._file.url} for too long."
        raise Unreachable(message, sent=False)

    def _read(self) -> StoredLogin:
        stored = self._file.read()
        if stored is None:
            raise NotSignedIn(self._file.url)
        return stored


def renewal_request(login: StoredLogin, url: httpx.URL) -> httpx.Request:
    """Return the request that trades a refresh token for new tokens, at the host of `url`."""
    return httpx.Request(
        "POST",
        url.copy_with(raw_path=TOKEN_PATH.encode(), fragment=None),
        headers={"Accept": "application/json"},
        data={
            "grant_type": "refresh_token",
            "refresh_token": login.refresh_token,
            "client_id": login.client_id,
        },
        extensions={"timeout": _TIMEOUT},
    )


def login_of_answer(
    url: str, client_id: str, status: int, body: bytes, now: float
) -> StoredLogin | None:
    """Return the login that a token endpoint answered with, None where the grant is spent.

    Raises:
        ApiError: the endpoint could not answer, or refused for another reason.
        UnexpectedAnswer: the answer has another shape.
    """
    if status == 200:
        values = json_object(body)
        try:
            return StoredLogin(
                url=url,
                client_id=client_id,
                access_token=values["access_token"],
                refresh_token=values["refresh_token"],
                expires_at=now + float(values["expires_in"]),
                scope=values.get("scope", ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"The token endpoint's answer has another shape: {error}"
            raise UnexpectedAnswer(message) from error
    problem = problem_of(status, body)
    if problem.get("error") in {"invalid_grant", "invalid_token"}:
        return None
    raise error_from_problem(problem)


def problem_of(status: int, body: bytes) -> dict[str, Any]:
    """Return the members of an OAuth error, which are those of a problem too."""
    try:
        values = json_object(body)
    except UnexpectedAnswer:
        values = {}
    told = values.get("detail") or values.get("error_description") or values.get("error")
    return {**values, "status": status, **({"detail": told} if told else {})}


def _advanced(steps: _Steps[None], outcome: httpx.Response | None) -> _Pause | httpx.Request | None:
    try:
        return steps.send(outcome)
    except StopIteration:
        return None
