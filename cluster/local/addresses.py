"""Own where the stores of one stack are: the local servers', or those that settings name."""

from dataclasses import dataclass

from pydantic import SecretStr

from cluster.local import postgres, valkey
from cluster.local.credentials import StackSecrets
from cluster.local.paths import StackPaths
from cluster.settings import Settings
from storage.bootstrap import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE
from storage.pool import DatabaseUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Hold where each store is; `object_store` is a URL such as file:///data or s3://bucket."""

    database: DatabaseUrls
    owner_url: str
    cache_url: str
    object_store: str


def postgres_config(paths: StackPaths) -> postgres.PostgresConfig:
    """Say where the embedded PostgreSQL of a stack lives."""
    return postgres.PostgresConfig(data_dir=paths.postgres_data, socket_dir=paths.postgres_sockets)


def valkey_config(paths: StackPaths) -> valkey.ValkeyConfig:
    """Say where the embedded Valkey of a stack lives."""
    return valkey.ValkeyConfig(socket_dir=paths.valkey_sockets)


def resolve(settings: Settings, paths: StackPaths, secrets: StackSecrets) -> Addresses:
    """Take each address from the settings where they name one, else from the local stack."""
    config = postgres_config(paths)

    def database(given: SecretStr | None, role: str, name: str) -> str:
        if given is not None:
            return given.get_secret_value()
        return postgres.database_url(config, role, secrets.database_passwords[name])

    app = database(settings.database_url, APP_ROLE, "app")
    read = settings.read_database_url
    redis = settings.redis_url
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
        object_store=settings.object_store or paths.objects.as_uri(),
    )
