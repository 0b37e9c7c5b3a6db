"""Own signing in where there is no browser at hand: the device grant of RFC 8628."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from heliostat.address import is_loopback
from heliostat.authorization import (
    TOKEN_PATH,
    Now,
    login_of_answer,
    problem_of,
    unix_now,
)
from heliostat.errors import (
    SignInFailed,
    UnexpectedAnswer,
    Unreachable,
    error_from_problem,
)
from heliostat.logins import LoginFile, StoredLogin
from heliostat.sse import json_object

CLIENT_ID = "heliostat-cli"
_DEVICE_PATH = "/oauth/device_authorization"
_REVOKE_PATH = "/oauth/revoke"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """Hold what the person is shown: the code to type at `page`, or `link`, which holds it."""

    user_code: str
    page: str
    link: str
    expires_in_s: float
    device_code: str = field(repr=False)
    interval_s: float = 5.0


def sign_in(
    file: LoginFile,
    on_code: Callable[[DeviceCode], None],
    *,
    scope: str | None = None,
    transport: httpx.BaseTransport | None = None,
    now: Now = unix_now,
    sleep: Callable[[float], None] = time.sleep,
) -> StoredLogin:
    """Sign a person in at the address of `file`, and keep the login there.

    `on_code` is called once with what to show; then this waits until the person has decided.

    Raises:
        SignInFailed: the person refused, or took too long, or the address is not safe.
        Unreachable: the API could not be reached at the start.
    """
    url = file.url
    if not (url.startswith("https://") or is_loopback(url)):
        message = f"A login is sent over HTTPS only, and {url} is plain HTTP."
        raise SignInFailed(message)
    with httpx.Client(base_url=url, transport=transport, trust_env=not is_loopback(url)) as http:
        code = _begin(http, scope)
        on_code(code)
        login = _wait(http, url, code, now, sleep)
    file.write(login)
    return login


def sign_out(file: LoginFile, *, transport: httpx.BaseTransport | None = None) -> bool:
    """End the login at the address of `file`, there and here; False where there is none.

    Raises:
        Unreachable: the API was not told; nothing is forgotten.
    """
    login = file.read()
    if login is None:
        return False
    url = file.url
    with httpx.Client(base_url=url, transport=transport, trust_env=not is_loopback(url)) as http:
        form = {"client_id": login.client_id, "token": login.refresh_token}
        answer = _post(http, _REVOKE_PATH, form)
    if answer.status_code >= 500:
        raise error_from_problem(problem_of(answer.status_code, answer.content))
    file.forget()
    return True


def _begin(http: httpx.Client, scope: str | None) -> DeviceCode:
    form = {"client_id": CLIENT_ID, **({"scope": scope} if scope else {})}
    answer = _post(http, _DEVICE_PATH, form)
    if answer.status_code != 200:
        raise error_from_problem(problem_of(answer.status_code, answer.content))
    values: dict[str, Any] = json_object(answer.content)
    try:
        return DeviceCode(
            user_code=values["user_code"],
            page=values["verification_uri"],
            link=values["verification_uri_complete"],
            expires_in_s=float(values["expires_in"]),
            device_code=values["device_code"],
            interval_s=float(values.get("interval", _SLOWER_S)),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"The answer to a login has another shape: {error}"
        raise UnexpectedAnswer(message) from error


def _wait(
    http: httpx.Client, url: str, code: DeviceCode, now: Now, sleep: Callable[[float], None]
) -> StoredLogin:
    ends, interval_s = now() + code.expires_in_s, code.interval_s
    form = {"grant_type": _GRANT, "client_id": CLIENT_ID, "device_code": code.device_code}
    while now() < ends:
        sleep(interval_s)
        try:
            answer = _post(http, TOKEN_PATH, form)
        except Unreachable:
            # A connection that is lost while somebody looks for their phone is no end.
            interval_s += _SLOWER_S
            continue
        told = problem_of(answer.status_code, answer.content).get("error")
        match told:
            case "authorization_pending":
                continue
            case "slow_down":
                interval_s += _SLOWER_S
                continue
            case "access_denied":
                message = "The login was refused."
                raise SignInFailed(message)
            case "expired_token":
                break
        if answer.status_code >= 500:
            continue
        login = login_of_answer(url, CLIENT_ID, answer.status_code, answer.content, now())
        if login is None:
            message = "The login is not good any more; begin anew."
            raise SignInFailed(message)
        return login
    message = f"Nobody let this device in within {code.expires_in_s / 60:.0f} minutes; begin anew."
    raise SignInFailed(message)


def _post(http: httpx.Client, path: str, form: dict[str, str]) -> httpx.Response:
    try:
        return http.post(path, data=form, headers={"Accept": "application/json"})
    except httpx.RequestError as error:
        raise Unreachable(str(error) or type(error).__name__) from error
