"""Own what a replica knows of revocations: the last minutes, read anew each second.

A window needs no order of commits: an entry that commits late is still in the next reading. It is
longer than any access token lives, so what left the window stopped nothing any more.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.identity import Principal
from storage.identity.revocations import Revocation

WINDOW = timedelta(minutes=15)


class RevocationWindow:
    """Hold the revocations of the last WINDOW; starts empty."""

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str], datetime] = {}

    def replace(self, read: Iterable[Revocation]) -> None:
        """Take a new reading in place of the one before."""
        self._moments = {(entry.kind, entry.subject): entry.revoked_at for entry in read}

    def stops(self, principal: Principal) -> bool:
        """Tell whether the principal of a token is no longer good.

        Sessions, families and clients end for good. A user and a membership go on, so these only
        stop what was issued by the moment. Keys are read anew every few seconds instead.
        """
        if not self._moments or principal.key_id is not None:
            return False
        return any(self._is_after(principal, *subject) for subject in _subjects(principal))

    def _is_after(self, principal: Principal, kind: str, subject: str) -> bool:
        moment = self._moments.get((kind, subject))
        if moment is None:
            return False
        issued_at = principal.issued_at
        return kind not in _GOES_ON or issued_at is None or issued_at <= moment


_GOES_ON = frozenset({"user", "member"})


def _subjects(principal: Principal) -> Iterable[tuple[str, str]]:
    if principal.user_id is not None:
        yield "user", str(principal.user_id)
        yield "member", f"{principal.org_id}:{principal.user_id}"
    if principal.session_id is not None:
        yield "session", str(principal.session_id)
    if principal.family_id is not None:
        yield "family", str(principal.family_id)
    if principal.client_id is not None:
        yield "client", principal.client_id
