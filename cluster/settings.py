"""Own the settings: the only reader of the environment, assembled once and passed down."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import StackError

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

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if (self.cme_api_id is None) != (self.cme_password is None):
            message = "set both HELIOSTAT_CME_API_ID and HELIOSTAT_CME_PASSWORD, or neither"
            raise ValueError(message)
        return self

    @property
    def uses_own_database(self) -> bool:
        return self.database_url is not None

    @property
    def uses_cme_sandbox(self) -> bool:
        return self.cme_api_id is None


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        StackError: a value is not what it should be; one line names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        problem = f"HELIOSTAT_{name}: {first['msg']}." if name else f"{first['msg']}."
        raise StackError(
            problem=problem, remedy="Correct it in the environment or in .env."
        ) from None


def inherited_environment() -> dict[str, str]:
    """Copy this process's environment, for a child to extend."""
    return dict(os.environ)
