"""Own where the API is and which key opens it: arguments, environment, the stack's own file."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from heliostat.errors import NotConfigured

CLIENT_FILE = "client.json"
DEFAULT_DATA_DIR = Path(".heliostat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Name an API and the key that opens it; the key stays out of `repr`."""

    url: str
    key: str = field(repr=False)

    @property
    def is_loopback(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        return host in {"localhost", "::1"} or host.startswith("127.")


def find_address(
    url: str | None = None,
    key: str | None = None,
    data_dir: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Address:
    """Return the address and key: arguments, else HELIOSTAT_URL and HELIOSTAT_KEY, else the file.

    The file is `client.json` in `data_dir`, else in HELIOSTAT_DATA, else in the `.heliostat` of
    this folder or the nearest above it, as a notebook is often a folder below. An explicit
    `data_dir` goes before the environment. The key of the file is sent to no other address than
    the file's own.

    Raises:
        NotConfigured: nothing names an address or a key, or the file cannot be trusted.
    """
    variables = os.environ if environ is None else environ  # noqa: TID251 - the client's own door
    if data_dir is None:
        url = url or variables.get("HELIOSTAT_URL")
        key = key or variables.get("HELIOSTAT_KEY")
    if url is None or key is None:
        named = data_dir or variables.get("HELIOSTAT_DATA")
        folder = Path(named) if named else _nearest(Path.cwd())
        stored = _read_client_file(folder / CLIENT_FILE)
        if url is not None and _normal(url) != _normal(stored.url):
            message = f"No key for {url}: set HELIOSTAT_KEY."
            raise NotConfigured(message)
        url, key = url or stored.url, key or stored.key
    return Address(url=_checked(url), key=key)


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


def _read_client_file(path: Path) -> Address:
    try:
        mode = path.stat().st_mode
        values = json.loads(path.read_text())
        found = Address(url=str(values["url"]), key=str(values["key"]))
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
