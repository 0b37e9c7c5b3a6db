"""Own the form in which a program is refused."""

from core.errors import InvalidInput


def refused(*, reason: str) -> InvalidInput:
    """Return the error that names the program and says why it is refused."""
    return InvalidInput(field="program", reason=reason)
