"""Own the settings: the only reader of the environment, assembled once and passed down."""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_PORT = 8700


class Settings(BaseSettings):
    """Hold what `HELIOSTAT_*` variables and the file `.env` say; None means the local stack's own.

    A database URL given here is used instead of the embedded PostgreSQL, a Redis URL instead of
    the embedded Valkey, vendor credentials instead of the vendor's sandbox.
    """

    model_config = SettingsConfigDict(
        env_prefix="HELIOSTAT_", env_file=".env", extra="ignore", frozen=True
    )

    data: Path = Path(".heliostat")
    port: int = Field(default=DEFAULT_PORT, ge=1024, le=65000)
    cpus: int | None = Field(default=None, ge=1)
    key: SecretStr | None = None

    database_url: SecretStr | None = None
    read_database_url: SecretStr | None = None
    system_database_url: SecretStr | None = None
    owner_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None

    cme_api_id: str | None = None
    cme_password: SecretStr | None = None
    cme_auth_url: str = "https://auth.cmegroup.com/as/token.oauth2"
    cme_stream_url: str = "wss://markets.api.cmegroup.com/marketdatastream/v1"
    cme_refdata_url: str = "https://refdata.api.cmegroup.com/refdata/v3"
    live_products: tuple[str, ...] = ("CL",)

    sandbox_seed: int = Field(default=7, ge=0)

    @property
    def uses_own_database(self) -> bool:
        return self.database_url is not None

    @property
    def uses_cme_sandbox(self) -> bool:
        return self.cme_api_id is None


def inherited_environment() -> dict[str, str]:
    """Copy this process's environment, for a child to extend."""
    return dict(os.environ)
