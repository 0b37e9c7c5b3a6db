"""Own the errors that tell who is refused at the front door, and why."""

from core.errors.base import HeliostatError


class Unauthenticated(HeliostatError):
    """Raised when no valid key came with the request."""

    code = "unauthenticated"
    status = 401
    sentence = "A valid key is needed: send it as 'Authorization: Bearer KEY'."

    def __init__(self) -> None:
        super().__init__()


class Forbidden(HeliostatError):
    """Raised when a principal lacks the permission that an operation needs."""

    code = "forbidden"
    status = 403
    sentence = "This needs the permission {permission}, which the caller does not have."

    def __init__(self, *, permission: str) -> None:
        super().__init__(permission=permission)


class StepUpRequired(HeliostatError):
    """Raised when an act is dangerous and its person did not prove who they are lately."""

    code = "step-up-required"
    status = 403
    sentence = (
        "Prove again who you are, with a second factor or a passkey, within {within_s} s before "
        "this."
    )

    def __init__(self, *, within_s: int) -> None:
        super().__init__(within_s=within_s)


class PersonNeeded(HeliostatError):
    """Raised when a key or a client asks for what concerns a person who signed in."""

    code = "person-needed"
    status = 403
    sentence = "Only a person who signed in may do this, not a key or a client."

    def __init__(self) -> None:
        super().__init__()


class LastOwner(HeliostatError):
    """Raised when an organisation would be left without an owner."""

    code = "last-owner"
    status = 409
    sentence = "This is the organisation's last owner; make someone else an owner first."

    def __init__(self) -> None:
        super().__init__()


class SignInNeeded(HeliostatError):
    """Raised when a page needs a person who is signed in, and nobody is."""

    code = "sign-in-needed"
    status = 401
    sentence = "Sign in first."

    def __init__(self) -> None:
        super().__init__()


class SignInFailed(HeliostatError):
    """Raised when someone did not prove who they are; says nothing of which part was wrong."""

    code = "sign-in-failed"
    status = 401
    sentence = "This does not sign you in. Check what you entered and try again."

    def __init__(self) -> None:
        super().__init__()


class SignInThrottled(HeliostatError):
    """Raised when too many tries failed lately, whether or not there is such an account."""

    code = "sign-in-throttled"
    status = 429
    sentence = (
        "Too many tries failed. Try again in {retry_after_s} s, or sign in with a passkey or a "
        "sign-in link."
    )

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)


class IdentityRefused(HeliostatError):
    """Raised when a provider vouches for somebody whom that does not let in here."""

    code = "identity-refused"
    status = 403
    sentence = "That identity does not let you in here: {reason}."

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason)


class NoWayIn(HeliostatError):
    """Raised when a person would be left with no way to sign in that is good enough alone."""

    code = "no-way-in"
    status = 409
    sentence = "What would be left is not enough to sign in with: {reason}."

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason)


class FormRefused(HeliostatError):
    """Raised when a form does not show that our own page in this browser sent it."""

    code = "form-refused"
    status = 403
    sentence = "This form was not taken: {reason}."

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason)


class OriginRefused(HeliostatError):
    """Raised when a page of another origin may not call the API, or not in this way."""

    code = "origin-refused"
    status = 403
    sentence = "Pages of {origin} may not call this API so; the operator names those that may."

    def __init__(self, *, origin: str) -> None:
        super().__init__(origin=origin)


class InvitationOpen(HeliostatError):
    """Raised when an address is invited that has an open invitation of the organisation."""

    code = "invitation-open"
    status = 409
    sentence = "This address has an open invitation; withdraw it before you send another."

    def __init__(self) -> None:
        super().__init__()


class MemberElsewhere(HeliostatError):
    """Raised when an act concerns all of a person, who belongs to organisations of others too."""

    code = "member-elsewhere"
    status = 403
    sentence = (
        "This person also belongs to an organisation that the caller does not administer; remove "
        "the member instead."
    )

    def __init__(self) -> None:
        super().__init__()
