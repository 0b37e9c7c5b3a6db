"""Own the errors that tell why a sealed secret stays closed; none tells of the secret."""

from core.errors.base import HeliostatError


class VaultSealBroken(HeliostatError):
    """Raised when a sealed secret was changed, or is asked for as something that it is not."""

    code = "vault-seal-broken"
    status = 500
    sentence = "A stored secret cannot be opened: its seal is broken."

    def __init__(self) -> None:
        super().__init__()


class VaultKeyUnknown(HeliostatError):
    """Raised when the wrapping key that a secret depends on was not given to this stack."""

    code = "vault-key-unknown"
    status = 500
    sentence = (
        "A stored secret cannot be opened: the key-encryption key {key} was not given. Give the "
        "key that this stack used before as HELIOSTAT_KEY_ENCRYPTION_KEY_PREVIOUS."
    )

    def __init__(self, *, key: str) -> None:
        super().__init__(key=key)
