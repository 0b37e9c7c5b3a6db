"""Own where the venue is found and how long to wait for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InvalidInput
from integrations.venue import SandboxAddress

AUTH_PATH = "/as/token.oauth2"
STREAM_PATH = "/marketdatastream/v1"
REFERENCE_PATH = "/refdata/v3"
PRODUCTION_AUTH = f"https://auth.cmegroup.com{AUTH_PATH}"
PRODUCTION_STREAM = f"wss://markets.api.cmegroup.com{STREAM_PATH}"
PRODUCTION_REFERENCE = f"https://refdata.api.cmegroup.com{REFERENCE_PATH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CmeConfig:
    """Name the venue's three addresses, the credentials, and how long to wait for what.

    `silence_timeout_s` is three heartbeats of 5 s. A token is renewed when `renew_token_at` of
    its life is over. Proxies named in the environment are used only if `trust_environment`.
    """

    api_id: str
    password: str = field(repr=False)
    auth_url: str = PRODUCTION_AUTH
    stream_url: str = PRODUCTION_STREAM
    refdata_url: str = PRODUCTION_REFERENCE
    http_timeout_s: float = 10.0
    open_timeout_s: float = 10.0
    login_timeout_s: float = 10.0
    subscribe_timeout_s: float = 10.0
    silence_timeout_s: float = 15.0
    close_timeout_s: float = 1.0
    renew_token_at: float = 0.8
    trust_environment: bool = False


def config_from(variables: Mapping[str, str]) -> CmeConfig | None:
    """Read `api_id` and `password`, and addresses other than the production ones.

    None without credentials.

    Raises:
        InvalidInput: one of the credentials is missing.
    """
    api_id, password = variables.get("api_id"), variables.get("password")
    if not api_id and not password:
        return None
    if not api_id:
        raise InvalidInput(field="api_id", reason="expected beside password")
    if not password:
        raise InvalidInput(field="password", reason="expected beside api_id")
    return CmeConfig(
        api_id=api_id,
        password=password,
        auth_url=variables.get("auth_url") or PRODUCTION_AUTH,
        stream_url=variables.get("stream_url") or PRODUCTION_STREAM,
        refdata_url=variables.get("refdata_url") or PRODUCTION_REFERENCE,
        trust_environment=True,
    )


def sandbox_config(address: SandboxAddress) -> CmeConfig:
    """Name the addresses of a local sandbox."""
    place = f"{address.host}:{address.port}"
    return CmeConfig(
        api_id=address.user,
        password=address.password,
        auth_url=f"http://{place}{AUTH_PATH}",
        stream_url=f"ws://{place}{STREAM_PATH}",
        refdata_url=f"http://{place}{REFERENCE_PATH}",
    )
