"""Own where the API is and what opens it: arguments, environment, a login, the stack's own file."""

import json
import os
import stat
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from heliostat.errors import NotConfigured
from heliostat.logins import LoginFile, config_folder, only_address

CLIENT_FILE = "client.json"
DEFAULT_DATA_DIR = Path(".heliostat")


class LoginIgnored(UserWarning):
    """Tell that HELIOSTAT_KEY goes before the login that is stored for the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Speak for whoever a key speaks for; the key stays out of `repr`."""

    key: str = field(repr=False)
    origin: str
    """Say where the key was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Speak for the person who signed in on this machine."""

    file: LoginFile


Credential = ApiKey | Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Name an API and what opens it."""

    url: str
    credential: Credential

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.url)


def is_loopback(url: str) -> bool:
    """Tell whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def find_address(
    url: str | None = None,
    key: str | None = None,
    data_dir: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Address:
    """Return the address and what opens it.

    The address is the argument, else HELIOSTAT_URL, else that of the stack's file, else that of
    the only login there is. What opens it is the argument, else HELIOSTAT_KEY, else the login
    stored for the address, else the key of the stack's file, which is sent to no other address
    than the file's own. The file is `client.json` in `data_dir`, else in HELIOSTAT_DATA, else in
    the `.heliostat` of this folder or the nearest above it, as a notebook is often a folder below.
    An explicit `data_dir` goes before HELIOSTAT_URL and HELIOSTAT_KEY.

    Warns:
        LoginIgnored: HELIOSTAT_KEY is used although a login is stored for the address.

    Raises:
        NotConfigured: nothing names an address or opens it, or a file cannot be trusted.
    """
    variables = os.environ if environ is None else environ  # noqa: TID251 - the client's own door
    found = find_url(url, data_dir, variables)
    if key is not None:
        return Address(url=found, credential=ApiKey(key=key, origin="argument"))
    login = LoginFile(config_folder(variables), found)
    from_environment = variables.get("HELIOSTAT_KEY") if data_dir is None else None
    if from_environment:
        if login.path.exists():
            message = f"HELIOSTAT_KEY is used, not the login stored for {found}."
            warnings.warn(message, LoginIgnored, stacklevel=3)
        return Address(url=found, credential=ApiKey(key=from_environment, origin="HELIOSTAT_KEY"))
    if login.read() is not None:
        return Address(url=found, credential=Login(file=login))
    return Address(url=found, credential=_key_of_the_file(found, data_dir, variables))


def find_url(
    url: str | None = None,
    data_dir: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Return the address alone, by the rule of `find_address`.

    Raises:
        NotConfigured: nothing names an address, or it is none.
    """
    variables = os.environ if environ is None else environ  # noqa: TID251 - the client's own door
    if data_dir is None:
        url = url or variables.get("HELIOSTAT_URL")
    if url is None:
        try:
            url, _ = _read_client_file(_client_file(data_dir, variables))
        except NotConfigured:
            url = only_address(config_folder(variables)) if data_dir is None else None
            if url is None:
                raise
    return _checked(url)


def login_file(
    url: str | None = None,
    data_dir: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoginFile:
    """Return where the login of an address is kept; the address is that of `find_url`.

    Raises:
        NotConfigured: nothing names an address, or it is none.
    """
    variables = os.environ if environ is None else environ  # noqa: TID251 - the client's own door
    return LoginFile(config_folder(variables), find_url(url, data_dir, variables))


def _key_of_the_file(url: str, data_dir: Path | str | None, variables: Mapping[str, str]) -> ApiKey:
    path = _client_file(data_dir, variables)
    stored_url, key = _read_client_file(path)
    if _normal(stored_url) != url:
        message = f"Nothing opens {url}: set HELIOSTAT_KEY."
        raise NotConfigured(message)
    return ApiKey(key=key, origin=str(path))


def _client_file(data_dir: Path | str | None, variables: Mapping[str, str]) -> Path:
    named = data_dir or variables.get("HELIOSTAT_DATA")
    return (Path(named) if named else _nearest(Path.cwd())) / CLIENT_FILE


def _nearest(start: Path) -> Path:
    for folder in (start, *start.parents):
        # Not Path.is_file, which raises where a folder of somebody else may not be entered.
        if os.path.isfile(folder / DEFAULT_DATA_DIR / CLIENT_FILE):  # noqa: PTH113
            return folder / DEFAULT_DATA_DIR
    return DEFAULT_DATA_DIR


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"Expected an address such as http://127.0.0.1:8000, was {url!r}."
        raise NotConfigured(message)
    return _normal(url)


def _normal(url: str) -> str:
    return url.rstrip("/")


def _read_client_file(path: Path) -> tuple[str, str]:
    try:
        mode = path.stat().st_mode
        values = json.loads(path.read_text())
        found = str(values["url"]), str(values["key"])
    except FileNotFoundError:
        message = f"No Heliostat is known here: {path} does not exist."
        raise NotConfigured(message) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} cannot be read: {error}"
        raise NotConfigured(message) from error
    if stat.S_IMODE(mode) & 0o077:
        message = f"{path} holds a key and others may read it: run `chmod 600 {path}`."
        raise NotConfigured(message)
    return found
