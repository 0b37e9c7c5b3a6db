"""Own what a sign-in link is good for: setting a password or adding a passkey, then signing in.

A link replaces a lost password and never a second factor: who has one shows it here too. All that
the person was let into before ends.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import SignInFailed
from serve.identity import passkeys, passwords, second_factor, throttle
from serve.identity.sign_in import SignedIn, Visitor, let_in
from storage.identity import endings, sign_in_links, users

if TYPE_CHECKING:
    from serve.identity.second_factor import VaultPort
    from storage.identity.users import User
    from storage.pool import Pools, WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLink:
    """Hold whom a good link is for, and whether a code of theirs is needed too."""

    user: "User"
    has_second_factor: bool

    @property
    def fewest_chars(self) -> int:
        """Return how long a new password must be."""
        if self.has_second_factor:
            return passwords.MIN_CHARS_WITH_SECOND_FACTOR
        return passwords.MIN_CHARS_ALONE


async def open_link(pools: "Pools", token: str, now: datetime) -> OpenedLink:
    """Return whom a link is for, and leave it good.

    Raises:
        SignInFailed: it is not good (any more).
    """
    async with pools.system() as conn:
        user_id = await sign_in_links.peek(conn, token, now)
        if user_id is None:
            raise SignInFailed
        return OpenedLink(
            user=await users.read(conn, user_id),
            has_second_factor=await second_factor.is_asked(conn, user_id),
        )


async def set_password(
    pools: "Pools",
    vault: "VaultPort",
    token: str,
    password: str,
    code: str | None,
    visitor: Visitor,
    now: datetime,
) -> SignedIn:
    """Give the user of a link a new password, use the link up, and sign in.

    Raises:
        InvalidInput: the password is not good enough; the link stays good.
        SignInFailed: the link or the code is wrong.
        SignInThrottled: too many codes were wrong lately.
    """
    opened = await open_link(pools, token, now)
    email = opened.user.email or ""
    passwords.require_good(password, email, has_second_factor=opened.has_second_factor)
    attempt = await _count(pools, opened, visitor, now)
    kept = await passwords.hash_of(password)
    async with pools.system() as conn:
        user, proven = await _use(conn, vault, token, code, opened, attempt, now)
        await users.set_password(
            conn, user.user_id, kept, now, stands_alone=passwords.stands_alone(password)
        )
        await endings.end_all(conn, user.user_id, now, "password-reset")
        return await let_in(conn, user, ("link", "password", *proven), visitor, now)


async def passkey_options(
    pools: "Pools", site: passkeys.Site, token: str, now: datetime
) -> dict[str, Any]:
    """Return what to ask a browser for a passkey of the user of a link.

    Raises:
        SignInFailed: the link is not good (any more).
    """
    opened = await open_link(pools, token, now)
    async with pools.system() as conn:
        return await passkeys.registration_options(conn, site, opened.user, now)


async def add_passkey(
    pools: "Pools",
    vault: "VaultPort",
    site: passkeys.Site,
    token: str,
    answer: passkeys.Answer,
    name: str,
    code: str | None,
    visitor: Visitor,
    now: datetime,
) -> SignedIn:
    """Give the user of a link a passkey, use the link up, and sign in.

    Raises:
        InvalidInput: the answer makes no passkey; the link stays good.
        SignInFailed: the link or the code is wrong.
        SignInThrottled: too many codes were wrong lately.
    """
    opened = await open_link(pools, token, now)
    attempt = await _count(pools, opened, visitor, now)
    async with pools.system() as conn:
        user, proven = await _use(conn, vault, token, code, opened, attempt, now)
        await passkeys.register(conn, site, user, answer, name, now)
        await endings.end_all(conn, user.user_id, now, "reset-by-passkey")
        return await let_in(conn, user, ("link", "passkey", *proven), visitor, now)


async def _count(
    pools: "Pools", opened: OpenedLink, visitor: Visitor, now: datetime
) -> throttle.Attempt | None:
    if not opened.has_second_factor:
        return None
    return await throttle.begin(pools, "second", opened.user.email or "", visitor.address, now)


async def _use(
    conn: "WriteConn",
    vault: "VaultPort",
    token: str,
    code: str | None,
    opened: OpenedLink,
    attempt: throttle.Attempt | None,
    now: datetime,
) -> tuple["User", tuple[str, ...]]:
    """Use a link up, and a code with it where its user has a second factor (since just now)."""
    user = await users.hold(conn, opened.user.user_id)
    if await sign_in_links.use(conn, token, now) != user.user_id:
        raise SignInFailed
    if not await second_factor.is_asked(conn, user.user_id):
        return user, ()
    method = await second_factor.use(conn, vault, user.user_id, code or "", now)
    if method is None or attempt is None:
        raise SignInFailed
    await throttle.succeeded(conn, attempt)
    return user, (method,)
