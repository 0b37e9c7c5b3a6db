"""Own the errors of OAuth clients: which grant is refused to them, and that they are not known."""

from core.errors.base import HeliostatError


class GrantRefused(HeliostatError):
    """Raised when a client may not have what it asks for; `error` is a code of OAuth."""

    code = "grant-refused"
    status = 400
    sentence = "{reason}"

    def __init__(self, *, error: str, reason: str) -> None:
        super().__init__(error=error, reason=reason)


class ClientRefused(HeliostatError):
    """Raised when a client did not prove which one it is."""

    code = "client-refused"
    status = 401
    sentence = "The client is unknown, disabled, or did not prove who it is."

    def __init__(self) -> None:
        super().__init__()
