"""Own which keys the vault of one stack has: those that settings give, else its own file's."""

import base64
import secrets

from cluster.local.credentials import write_private
from cluster.local.paths import StackPaths
from cluster.settings import Settings
from storage.vault.sources import KeySource, VaultConfig
from storage.vault.wrapping import KEY_BYTES


def vault_config(settings: Settings, paths: StackPaths) -> VaultConfig:
    """Say which key wraps data keys, and which others open them.

    The first of KMS, the environment and a file that is given wraps. The stack's own file goes on
    opening what it wrapped, so that a key may be given later.
    """
    given = _given(settings)
    if given is None:
        return VaultConfig(current=KeySource(path=paths.vault_key), previous=_previous(settings))
    own = (KeySource(path=paths.vault_key),) if paths.vault_key.exists() else ()
    return VaultConfig(current=given, previous=(*_previous(settings), *own))


def make_vault_key(settings: Settings, paths: StackPaths) -> bool:
    """Make the stack's own key at its first start, if none is given; tell whether it did."""
    if _given(settings) is not None or paths.vault_key.exists():
        return False
    write_private(paths.vault_key, f"{new_key_text()}\n")
    return True


def new_key_text() -> str:
    """Draw a key-encryption key, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _given(settings: Settings) -> KeySource | None:
    if settings.kms_key_id:
        return KeySource(kms_key=settings.kms_key_id, kms_endpoint=settings.kms_endpoint)
    if settings.key_encryption_key:
        return KeySource(text=settings.key_encryption_key.get_secret_value())
    if settings.key_encryption_key_file is not None:
        return KeySource(path=settings.key_encryption_key_file)
    return None


def _previous(settings: Settings) -> tuple[KeySource, ...]:
    found = []
    if settings.kms_key_id_previous:
        key = settings.kms_key_id_previous
        found.append(KeySource(kms_key=key, kms_endpoint=settings.kms_endpoint))
    if settings.key_encryption_key_previous:
        found.append(KeySource(text=settings.key_encryption_key_previous.get_secret_value()))
    if settings.key_encryption_key_file_previous is not None:
        found.append(KeySource(path=settings.key_encryption_key_file_previous))
    return tuple(found)
