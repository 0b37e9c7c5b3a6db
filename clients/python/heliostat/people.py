"""Own what either client asks of people and machines: who one is, members, keys, sessions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heliostat.identity import Account, Invitation, Key, KeyKind, Member, SignInSession

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class People:
    """Be the part of a client that tells who may enter."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def account(self) -> Account:
        """Return whom this client speaks for, and what that may do."""
        return self._transport.run(self._flows.account())

    def sessions(self) -> tuple[SignInSession, ...]:
        """Return where the person is signed in; only of a person."""
        return self._transport.run(self._flows.sessions())

    def end_session(self, session_id: str) -> None:
        """Sign the person out somewhere, with all that came of it, within 5 s."""
        self._transport.run(self._flows.end_session(session_id))

    def members(self) -> tuple[Member, ...]:
        """Return who belongs to the organisation."""
        return self._transport.run(self._flows.members())

    def change_role(self, user_id: str, role: str) -> Member:
        """Give a member another role."""
        return self._transport.run(self._flows.change_role(user_id, role))

    def remove_member(self, user_id: str) -> None:
        """End a membership, with the sessions and keys that came of it."""
        self._transport.run(self._flows.remove_member(user_id))

    def disable_member(self, user_id: str) -> Member:
        """Let a person sign in no more, anywhere; needs a fresh proof of a second factor."""
        return self._transport.run(self._flows.disable_member(user_id))

    def enable_member(self, user_id: str) -> Member:
        """Let a disabled person sign in again; needs a fresh proof of a second factor."""
        return self._transport.run(self._flows.enable_member(user_id))

    def invite(self, email: str, role: str) -> Invitation:
        """Invite an address; the answer holds the link to send to the person, told only now."""
        return self._transport.run(self._flows.invite(email, role))

    def invitations(self) -> tuple[Invitation, ...]:
        """Return the invitations, newest first."""
        return self._transport.run(self._flows.invitations())

    def withdraw_invitation(self, invitation_id: str) -> None:
        """Make the link of an invitation good for nothing."""
        self._transport.run(self._flows.withdraw_invitation(invitation_id))

    def create_key(
        self,
        name: str,
        *,
        kind: KeyKind = "own",
        role: str | None = None,
        scopes: Sequence[str] = (),
        expires_in_days: int = 90,
    ) -> Key:
        """Make an API key; the answer holds its secret, told only now.

        Without scopes it may do all that its role may, and never more than its maker.
        """
        flow = self._flows.create_key(name, kind, role, scopes, expires_in_days)
        return self._transport.run(flow)

    def keys(self, *, everybody: bool = False) -> tuple[Key, ...]:
        """Return one's own keys, or those of `everybody` in the organisation."""
        return self._transport.run(self._flows.keys(everybody))

    def revoke_key(self, key_id: str) -> None:
        """End a key for good, everywhere within 5 s."""
        self._transport.run(self._flows.revoke_key(key_id))


class AsyncPeople:
    """Be the part of an asynchronous client that tells who may enter."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def account(self) -> Account:
        """Return whom this client speaks for, and what that may do."""
        return await self._transport.run(self._flows.account())

    async def sessions(self) -> tuple[SignInSession, ...]:
        """Return where the person is signed in; only of a person."""
        return await self._transport.run(self._flows.sessions())

    async def end_session(self, session_id: str) -> None:
        """Sign the person out somewhere, with all that came of it, within 5 s."""
        await self._transport.run(self._flows.end_session(session_id))

    async def members(self) -> tuple[Member, ...]:
        """Return who belongs to the organisation."""
        return await self._transport.run(self._flows.members())

    async def change_role(self, user_id: str, role: str) -> Member:
        """Give a member another role."""
        return await self._transport.run(self._flows.change_role(user_id, role))

    async def remove_member(self, user_id: str) -> None:
        """End a membership, with the sessions and keys that came of it."""
        await self._transport.run(self._flows.remove_member(user_id))

    async def disable_member(self, user_id: str) -> Member:
        """Let a person sign in no more, anywhere; needs a fresh proof of a second factor."""
        return await self._transport.run(self._flows.disable_member(user_id))

    async def enable_member(self, user_id: str) -> Member:
        """Let a disabled person sign in again; needs a fresh proof of a second factor."""
        return await self._transport.run(self._flows.enable_member(user_id))

    async def invite(self, email: str, role: str) -> Invitation:
        """Invite an address; the answer holds the link to send to the person, told only now."""
        return await self._transport.run(self._flows.invite(email, role))

    async def invitations(self) -> tuple[Invitation, ...]:
        """Return the invitations, newest first."""
        return await self._transport.run(self._flows.invitations())

    async def withdraw_invitation(self, invitation_id: str) -> None:
        """Make the link of an invitation good for nothing."""
        await self._transport.run(self._flows.withdraw_invitation(invitation_id))

    async def create_key(
        self,
        name: str,
        *,
        kind: KeyKind = "own",
        role: str | None = None,
        scopes: Sequence[str] = (),
        expires_in_days: int = 90,
    ) -> Key:
        """Make an API key; the answer holds its secret, told only now.

        Without scopes it may do all that its role may, and never more than its maker.
        """
        flow = self._flows.create_key(name, kind, role, scopes, expires_in_days)
        return await self._transport.run(flow)

    async def keys(self, *, everybody: bool = False) -> tuple[Key, ...]:
        """Return one's own keys, or those of `everybody` in the organisation."""
        return await self._transport.run(self._flows.keys(everybody))

    async def revoke_key(self, key_id: str) -> None:
        """End a key for good, everywhere within 5 s."""
        await self._transport.run(self._flows.revoke_key(key_id))
