"""Hold passkeys against an authenticator that may lie about each thing it says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.errors import InvalidInput, SignInFailed
from core.identity import Role
from serve.identity import factor_acts, link_sign_in, passkeys, sign_in
from serve.identity.passkeys import Site
from serve.identity.sign_in import SignedIn, Visitor
from storage.identity import passkeys as stored
from storage.identity import sessions, sign_in_links, users
from storage.identity.sessions import Session
from storage.pool import Pools
from storage.vault.vault import Vault, open_vault
from tests.identities import NOW, add_user
from tests.software_authenticator import (
    PRESENT,
    VERIFIED,
    Answer,
    SoftwareAuthenticator,
    bytes_of,
    text_of,
)
from tests.vaults import TEST_VAULT

pytestmark = pytest.mark.postgres

SITE = Site(origin="https://desk.example")
HOME = Visitor(address="192.0.2.1", user_agent="browser")


@dataclass
class Desk:
    """Hold one person who signed in, and the device that they hold."""

    pools: Pools
    session: Session
    device: SoftwareAuthenticator

    @property
    def user_id(self) -> UUID:
        return self.session.user_id

    async def add(self, name: str = "Laptop") -> bytes:
        options = await factor_acts.passkey_options(self.pools, SITE, self.session, NOW)
        passkey = await factor_acts.add_passkey(
            self.pools, SITE, self.session, self.device.create(options), name, NOW
        )
        return passkey.credential_id

    async def sign_in(self, answer: Answer, at: timedelta = timedelta()) -> SignedIn:
        return await sign_in.with_passkey(self.pools, SITE, answer, HOME, NOW + at)

    async def answer(self) -> Answer:
        options = await sign_in.passkey_options(self.pools, SITE, NOW)
        return self.device.get(options)


def a_device() -> SoftwareAuthenticator:
    return SoftwareAuthenticator(SITE.origin, SITE.rp_id)


@pytest.fixture
def vault() -> Vault:
    return open_vault(TEST_VAULT)


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    async with pools.system() as conn:
        user_id = await add_user(conn, "ada@example.com", Role.ANALYST)
        user = await users.read(conn, user_id)
        signed_in = await sign_in.let_in(conn, user, ("link", "password"), HOME, NOW)
    return Desk(pools, signed_in.session, a_device())


async def test_a_passkey_signs_its_owner_in_alone(desk: Desk) -> None:
    await desk.add()
    signed_in = await desk.sign_in(await desk.answer())
    assert (signed_in.session.user_id, signed_in.session.methods) == (desk.user_id, ("passkey",))
    async with desk.pools.system() as conn:
        (kept,) = await stored.of_user(conn, desk.user_id)
    assert (kept.name, kept.sign_count, kept.last_used_at) == ("Laptop", 1, NOW)


async def test_an_answer_is_good_once_also_when_two_race(desk: Desk) -> None:
    await desk.add()
    answer = await desk.answer()
    tries = await asyncio.gather(*(desk.sign_in(answer) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, SignedIn) for one in tries) == 1
    assert sum(isinstance(one, SignInFailed) for one in tries) == 4


async def test_a_question_is_not_answered_five_minutes_later(desk: Desk) -> None:
    await desk.add()
    answer = await desk.answer()
    with pytest.raises(SignInFailed):
        await desk.sign_in(answer, timedelta(minutes=5))


async def test_a_copied_passkey_is_refused_once_its_count_falls_behind(desk: Desk) -> None:
    credential_id = await desk.add()
    copied = replace(
        desk.device, credentials={credential_id: replace(desk.device.credentials[credential_id])}
    )
    for _ in range(2):
        await desk.sign_in(await desk.answer())
    options = await sign_in.passkey_options(desk.pools, SITE, NOW)
    with pytest.raises(SignInFailed):
        await desk.sign_in(copied.get(options))


def told(answer: Answer, **changed: object) -> Answer:
    return {**answer, "response": {**answer["response"], **changed}}


LIES: dict[str, Callable[[SoftwareAuthenticator], SoftwareAuthenticator]] = {
    "another origin": lambda device: replace(device, origin="https://desk.example.evil.example"),
    "another site": lambda device: replace(device, rp_id="evil.example"),
    "nobody proved who they are": lambda device: replace(device, flags=PRESENT),
    "nobody was there": lambda device: replace(device, flags=VERIFIED),
    "another key": lambda device: replace(
        device,
        credentials={
            name: replace(one, key=next(iter(another_key().credentials.values())).key)
            for name, one in device.credentials.items()
        },
    ),
    "another owner": lambda device: replace(
        device,
        credentials={
            name: replace(one, user_handle=bytes(16)) for name, one in device.credentials.items()
        },
    ),
    "an unknown passkey": lambda _: another_key(),
}


def another_key() -> SoftwareAuthenticator:
    """Be a device whose passkey was never shown to us."""
    device = a_device()
    device.create({"user": {"id": text_of(bytes(16))}, "challenge": "x"})
    return device


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_signs_nobody_in(desk: Desk, lie: str) -> None:
    await desk.add()
    options = await sign_in.passkey_options(desk.pools, SITE, NOW)
    with pytest.raises(SignInFailed):
        await desk.sign_in(LIES[lie](desk.device).get(options))
    await desk.sign_in(await desk.answer())


SPOILT: dict[str, Callable[[Answer], Answer]] = {
    "a bit of the signature": lambda answer: told(
        answer, signature=flipped(answer["response"]["signature"])
    ),
    "a bit of the data": lambda answer: told(
        answer, authenticatorData=flipped(answer["response"]["authenticatorData"])
    ),
    "no response": lambda answer: {**answer, "response": {}},
    "numbers": lambda answer: told(answer, clientDataJSON=7),
    "no base64": lambda answer: told(answer, clientDataJSON="§§§"),
    "nothing": lambda _: {},
    "deep": lambda answer: told(answer, clientDataJSON=text_of(b"[" * 100_000)),
}


def flipped(text: str) -> str:
    content = bytearray(bytes_of(text))
    content[-1] ^= 1
    return text_of(bytes(content))


@pytest.mark.parametrize("spoilt", SPOILT)
async def test_a_spoilt_answer_signs_nobody_in(desk: Desk, spoilt: str) -> None:
    await desk.add()
    with pytest.raises(SignInFailed):
        await desk.sign_in(SPOILT[spoilt](await desk.answer()))


@pytest.mark.parametrize("lie", ["another origin", "another site", "nobody proved who they are"])
async def test_a_lie_makes_no_passkey(desk: Desk, lie: str) -> None:
    options = await factor_acts.passkey_options(desk.pools, SITE, desk.session, NOW)
    answer = LIES[lie](desk.device).create(options)
    with pytest.raises(InvalidInput):
        await factor_acts.add_passkey(desk.pools, SITE, desk.session, answer, "x", NOW)


async def test_what_one_person_was_asked_makes_no_passkey_of_another(desk: Desk) -> None:
    options = await factor_acts.passkey_options(desk.pools, SITE, desk.session, NOW)
    answer = desk.device.create(options)
    async with desk.pools.system() as conn:
        other = await add_user(conn, "eve@example.com", Role.ANALYST)
        user = await users.read(conn, other)
        eve = await sign_in.let_in(conn, user, ("link", "password"), HOME, NOW)
    with pytest.raises(InvalidInput):
        await factor_acts.add_passkey(desk.pools, SITE, eve.session, answer, "x", NOW)


async def test_a_passkey_is_kept_once_whoever_brings_it(desk: Desk) -> None:
    await desk.add()
    strong = (await desk.sign_in(await desk.answer())).session
    options = await factor_acts.passkey_options(desk.pools, SITE, strong, NOW)
    (name,) = desk.device.credentials
    assert [one["id"] for one in options["excludeCredentials"]] == [text_of(name)]
    again = desk.device.create(options, name)
    with pytest.raises(InvalidInput):
        await factor_acts.add_passkey(desk.pools, SITE, strong, again, "x", NOW)


async def test_a_link_adds_a_passkey_once_and_ends_the_rest(desk: Desk, vault: Vault) -> None:
    async with desk.pools.system() as conn:
        token = await sign_in_links.create(conn, desk.user_id, NOW, 600)
    options = await link_sign_in.passkey_options(desk.pools, SITE, token, NOW)
    answer = desk.device.create(options)
    signed_in = await link_sign_in.add_passkey(
        desk.pools, vault, SITE, token, answer, "Key", None, HOME, NOW
    )
    assert signed_in.session.methods == ("link", "passkey")
    with pytest.raises(SignInFailed):
        await link_sign_in.passkey_options(desk.pools, SITE, token, NOW)
    async with desk.pools.system() as conn:
        (left,) = await sessions.of_user(conn, desk.user_id, NOW)
    assert left.session_id == signed_in.session.session_id


async def test_an_id_is_text_of_base64() -> None:
    assert passkeys.id_from_text("AAAA") == bytes(3)
    with pytest.raises(InvalidInput):
        passkeys.id_from_text("A")
