"""Own the errors that tell what vendors, stores, feeds and the stack itself cannot do now."""

from core.errors.base import HeliostatError


class TokenRefused(HeliostatError):
    """Raised when the token of the stack's Ray cannot be read, or Ray knows another."""

    code = "token-refused"
    status = 401
    sentence = "Ray's token in {path} cannot be used: {reason}."

    def __init__(self, *, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class SourceUnavailable(HeliostatError):
    """Raised when a vendor or store cannot answer now; trying later may work."""

    code = "source-unavailable"
    status = 503
    sentence = "{source} cannot answer now: {reason}"

    def __init__(self, *, source: str, reason: str) -> None:
        super().__init__(source=source, reason=reason)


class FeedDisconnected(HeliostatError):
    """Raised inside a feed when its connection ends or its stream cannot be trusted."""

    code = "feed-disconnected"
    status = 503
    sentence = "The {venue} connection ended: {reason}"

    def __init__(self, *, venue: str, reason: str) -> None:
        super().__init__(venue=venue, reason=reason)


class BadFrame(HeliostatError):
    """Raised when a venue sends bytes that its protocol does not allow."""

    code = "bad-frame"
    status = 502
    sentence = "{venue} sent a bad frame: {reason}"

    def __init__(self, *, venue: str, reason: str) -> None:
        super().__init__(venue=venue, reason=reason)


class JournalCorrupt(HeliostatError):
    """Raised when a journal holds bytes that are no record although records follow them."""

    code = "journal-corrupt"
    status = 500
    sentence = "{path} is damaged at byte {offset}: {reason}"

    def __init__(self, *, path: str, offset: int, reason: str) -> None:
        super().__init__(path=path, offset=offset, reason=reason)


class StackError(HeliostatError):
    """Raised when the local stack cannot start or stop; `remedy` says what to do."""

    code = "stack"
    status = 500
    sentence = "{problem} {remedy}"

    def __init__(self, *, problem: str, remedy: str) -> None:
        super().__init__(problem=problem, remedy=remedy)


class AnchorsUnreadable(HeliostatError):
    """Raised when the file that anchors the audit trail is damaged; line 0 means all of it."""

    code = "anchors-unreadable"
    status = 500
    sentence = "The anchors of the audit trail in {path} cannot be read, line {line}."

    def __init__(self, *, path: str, line: int) -> None:
        super().__init__(path=path, line=line)
