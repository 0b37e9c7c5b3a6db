"""Own where the parts of one stack are reached: the local servers', or those that settings name."""

from dataclasses import dataclass

from pydantic import SecretStr

from cluster.local import postgres, valkey
from cluster.local.credentials import StackSecrets
from cluster.local.paths import StackPaths
from cluster.local.ports import PortPlan
from cluster.settings import Settings
from storage.bootstrap import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE
from storage.pool import DatabaseUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Hold the address and credentials of each outside part."""

    database: DatabaseUrls
    owner_url: str
    cache_url: str
    cme_auth_url: str
    cme_stream_url: str
    cme_refdata_url: str
    cme_api_id: str
    cme_password: str


def postgres_config(paths: StackPaths) -> postgres.PostgresConfig:
    """Say where the embedded PostgreSQL of a stack lives."""
    return postgres.PostgresConfig(data_dir=paths.postgres_data, socket_dir=paths.postgres_sockets)


def valkey_config(paths: StackPaths) -> valkey.ValkeyConfig:
    """Say where the embedded Valkey of a stack lives."""
    return valkey.ValkeyConfig(socket_dir=paths.valkey_sockets)


def resolve(
    settings: Settings, paths: StackPaths, plan: PortPlan, secrets: StackSecrets
) -> Addresses:
    """Take each address from the settings where they name one, else from the local stack."""
    config = postgres_config(paths)

    def database(given: SecretStr | None, role: str, name: str) -> str:
        if given is not None:
            return given.get_secret_value()
        return postgres.database_url(config, role, secrets.database_passwords[name])

    app = database(settings.database_url, APP_ROLE, "app")
    read = settings.read_database_url
    redis = settings.redis_url
    sandbox = settings.uses_cme_sandbox
    base = f"127.0.0.1:{plan.cme_sandbox}"
    password = settings.cme_password
    return Addresses(
        database=DatabaseUrls(
            app=app,
            read=app if read is None else read.get_secret_value(),
            system=database(settings.system_database_url, SYSTEM_ROLE, "system"),
        ),
        owner_url=database(settings.owner_database_url, OWNER_ROLE, "owner"),
        cache_url=(
            valkey.cache_url(valkey_config(paths)) if redis is None else redis.get_secret_value()
        ),
        cme_auth_url=f"http://{base}/as/token.oauth2" if sandbox else settings.cme_auth_url,
        cme_stream_url=(f"ws://{base}/marketdatastream/v1" if sandbox else settings.cme_stream_url),
        cme_refdata_url=f"http://{base}/refdata/v3" if sandbox else settings.cme_refdata_url,
        cme_api_id=settings.cme_api_id or secrets.sandbox_api_id,
        cme_password=(
            secrets.sandbox_password if password is None else password.get_secret_value()
        ),
    )
