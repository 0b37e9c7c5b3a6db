"""Own the conversations about who one is, members, invitations, keys and sessions.

Nothing that makes or ends something is repeated once it may have arrived: a key whose secret was
lost on the way would stay behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from heliostat.answers import query, segment
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.identity import Account, Invitation, Key, KeyKind, Member, SignInSession

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFlows(Conversation):
    """Make the flows about people and machines."""

    def account(self) -> Flow[Account]:
        return self._fetch(Account, Call(method="GET", path="/v1/account"))

    def sessions(self) -> Flow[tuple[SignInSession, ...]]:
        return self._items(SignInSession, Call(method="GET", path="/v1/sessions"))

    def end_session(self, session_id: str) -> Flow[None]:
        yield from self._send(_removal("sessions", session_id))

    def members(self) -> Flow[tuple[Member, ...]]:
        return self._items(Member, Call(method="GET", path="/v1/members"))

    def change_role(self, user_id: str, role: str) -> Flow[Member]:
        path = f"/v1/members/{segment(user_id)}"
        return self._fetch(Member, _sending("PATCH", path, {"role": role}))

    def remove_member(self, user_id: str) -> Flow[None]:
        yield from self._send(_removal("members", user_id))

    def disable_member(self, user_id: str) -> Flow[Member]:
        return self._fetch(Member, _act_on_member(user_id, "disable"))

    def enable_member(self, user_id: str) -> Flow[Member]:
        return self._fetch(Member, _act_on_member(user_id, "enable"))

    def invite(self, email: str, role: str) -> Flow[Invitation]:
        body = {"email": email, "role": role}
        return self._fetch(Invitation, _sending("POST", "/v1/invitations", body))

    def invitations(self) -> Flow[tuple[Invitation, ...]]:
        return self._items(Invitation, Call(method="GET", path="/v1/invitations"))

    def withdraw_invitation(self, invitation_id: str) -> Flow[None]:
        yield from self._send(_removal("invitations", invitation_id))

    def create_key(
        self,
        name: str,
        kind: KeyKind,
        role: str | None,
        scopes: Sequence[str],
        expires_in_days: int,
    ) -> Flow[Key]:
        body = {
            "name": name,
            "kind": kind,
            "role": role,
            "scopes": list(scopes),
            "expires_in_days": expires_in_days,
        }
        return self._fetch(Key, _sending("POST", "/v1/keys", body))

    def keys(self, everybody: bool) -> Flow[tuple[Key, ...]]:
        params = query(all="true" if everybody else None)
        return self._items(Key, Call(method="GET", path="/v1/keys", params=params))

    def revoke_key(self, key_id: str) -> Flow[None]:
        yield from self._send(_removal("keys", key_id))


def _sending(method: str, path: str, body: Mapping[str, Any]) -> Call:
    return Call(method=method, path=path, headers=_JSON, body=to_json(body), repeatable=False)


def _act_on_member(user_id: str, act: str) -> Call:
    path = f"/v1/members/{segment(user_id)}/{act}"
    return Call(method="POST", path=path, repeatable=False)


def _removal(noun: str, name: str) -> Call:
    return Call(method="DELETE", path=f"/v1/{noun}/{segment(name)}", repeatable=False)
