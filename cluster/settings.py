"""Own the settings: the only reader of the environment, assembled once and passed down."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from core.errors import InvalidInput, StackError
from core.market import validate_source

DEFAULT_PORT = 8700
ENV_PREFIX = "HELIOSTAT_"
_ORIGIN = r"^https?://[^/\s?#]+$"


class Settings(BaseSettings):
    """Hold what `HELIOSTAT_*` variables and the file `.env` say; None means the local stack's own.

    A database URL given here is used instead of the embedded PostgreSQL, a Redis URL instead of
    the embedded Valkey, vendor credentials instead of the vendor's sandbox. `public_origin` is how
    browsers reach the stack, and `owner_email` the address of its first owner. What
    `trusted_proxies` (addresses or networks) say of where a request comes from is believed. Pages
    of `cors_origins` may call the API.
    `live_products` None means every product of the registered venues, `model_products` None a model
    for each of them.
    `model_history` is a source such as `import:desk` from which models read the past before the
    live source's first day. `webhooks_private` lets webhooks go to private and
    loopback addresses, over plain HTTP too. The key-encryption key wraps what the vault seals with;
    the previous ones open what they wrapped. `audit_anchors` is the file that remembers the head of
    the audit trail outside of the database. `vendor_variables` holds what is no setting of
    ours, named in lower case without the prefix, for the vendors' clients to read.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_file=".env", extra="ignore", frozen=True
    )

    data: Path = Path(".heliostat")
    port: int = Field(default=DEFAULT_PORT, ge=1024, le=65000)
    cpus: int | None = Field(default=None, ge=1)

    database_url: SecretStr | None = None
    read_database_url: SecretStr | None = None
    system_database_url: SecretStr | None = None
    owner_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    object_store: str | None = None

    public_origin: str | None = Field(default=None, pattern=_ORIGIN)
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    cors_origins: Annotated[tuple[Annotated[str, Field(pattern=_ORIGIN)], ...], NoDecode] = ()
    owner_email: str = Field(default="owner@localhost", pattern=r"^[^@\s]+@[^@\s]+$")

    key_encryption_key: SecretStr | None = None
    key_encryption_key_file: Path | None = None
    kms_key_id: str | None = None
    kms_endpoint: str | None = None
    key_encryption_key_previous: SecretStr | None = None
    key_encryption_key_file_previous: Path | None = None
    kms_key_id_previous: str | None = None
    audit_anchors: Path | None = None

    live_products: Annotated[tuple[str, ...] | None, NoDecode] = None
    model_products: Annotated[tuple[str, ...] | None, NoDecode] = None
    model_history: str | None = None
    model_refit_days: int = Field(default=28, ge=1)
    journal_limit_gb: float = Field(default=8.0, ge=0.25)
    keep_ticks_days: int = Field(default=90, ge=1)
    webhooks_private: bool = False
    sandbox_seed: int = Field(default=7, ge=0)

    task_memory_gb: float | None = Field(default=None, ge=0.25)
    qpu_submissions_per_minute: int = Field(default=5, ge=1)
    qpu_job_limit_s: int = Field(default=60, ge=1, le=10_800)

    vendor_variables: Mapping[str, SecretStr] = Field(default_factory=dict)

    @field_validator("live_products", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _codes(value) or None

    @field_validator("model_products", mode="before")
    @classmethod
    def _split_or_none(cls, value: object) -> object:
        return () if value == "none" else _codes(value) or None

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        found = _codes(value)
        for one in found if isinstance(found, tuple) else ():
            ipaddress.ip_network(one)
        return found

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return _codes(value)

    @field_validator("model_history")
    @classmethod
    def _is_source(cls, value: str | None) -> str | None:
        try:
            return validate_source(value) if value else None
        except InvalidInput as error:
            raise ValueError(error.detail) from None

    @property
    def uses_own_database(self) -> bool:
        return self.database_url is not None

    @property
    def tells_of_vendors(self) -> bool:
        """Tell whether anything about vendors could be wrong."""
        given = (self.live_products, self.model_products)
        return bool(self.vendor_variables) or any(one is not None for one in given)

    def variables_of(self, vendor: str) -> dict[str, str]:
        """Return what `HELIOSTAT_<VENDOR>_*` say, named in lower case without that prefix."""
        prefix = f"{vendor}_"
        return {
            name.removeprefix(prefix): value.get_secret_value()
            for name, value in self.vendor_variables.items()
            if name.startswith(prefix)
        }

    def with_credentials(self, kept: Mapping[str, Mapping[str, str]]) -> Self:
        """Return these settings with variables of vendors of which they say nothing themselves."""
        more = {
            f"{vendor}_{name}": SecretStr(value)
            for vendor, variables in kept.items()
            if not self.variables_of(vendor)
            for name, value in variables.items()
        }
        return self.model_copy(update={"vendor_variables": {**self.vendor_variables, **more}})


def _codes(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(code.strip() for code in value.split(",") if code.strip())


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        StackError: a value is not what it should be; one line names it.
    """
    vendors: dict[str, Any] = _vendor_variables()
    try:
        return Settings(vendor_variables=vendors)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        problem = f"{ENV_PREFIX}{name}: {first['msg']}." if name else f"{first['msg']}."
        raise StackError(
            problem=problem, remedy="Correct it in the environment or in .env."
        ) from None


def _vendor_variables() -> dict[str, str]:
    """Return every variable of ours that is no field; the environment wins, empty means unset."""
    given = {**DotEnvSettingsSource(Settings).env_vars, **EnvSettingsSource(Settings).env_vars}
    prefix = ENV_PREFIX.lower()
    named = {
        name.removeprefix(prefix): value
        for name, value in given.items()
        if name.startswith(prefix) and value
    }
    return {name: value for name, value in named.items() if name not in Settings.model_fields}


def inherited_environment() -> dict[str, str]:
    """Copy this process's environment, for a child to extend."""
    return dict(os.environ)
