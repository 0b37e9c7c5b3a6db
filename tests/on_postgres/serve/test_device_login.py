"""Sign a machine in by a device code and let its login live, renew and end, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.identity import Role
from core.runs import DEFAULT_ORG
from heliostat import Client, DeviceCode, NotSignedIn, SignInFailed, sign_in, sign_out
from heliostat.address import Address, Login
from heliostat.authorization import LoginAuth
from heliostat.logins import LoginFile
from serve.identity.grants import device
from serve.identity.revocation_window import RevocationWindow
from storage.identity import revocations, sessions
from storage.identity.revocations import RevocationKind
from tests.on_postgres.serve.pages.house import House, kept_house
from tests.on_postgres.serve.signed_in import begin_session

if TYPE_CHECKING:
    from uuid import UUID

    from serve.services import Services

pytestmark = pytest.mark.postgres


@dataclass
class Machine:
    """Hold a machine, the house it signs in at, and the person who lets it in."""

    house: House
    file: LoginFile
    user_id: "UUID"

    async def sign_in(self, *, approved: bool = True, scope: str | None = None) -> None:
        loop = asyncio.get_running_loop()

        def decide(code: DeviceCode) -> None:
            assert code.user_code in code.link
            asyncio.run_coroutine_threadsafe(self._decide(code, approved), loop).result(10)

        await asyncio.to_thread(
            sign_in, self.file, decide, scope=scope, now=self.now, sleep=self.sleep
        )

    async def _decide(self, code: DeviceCode, approved: bool) -> None:
        services = self.house.services
        session = await begin_session(services, self.user_id)
        async with services.pools.system() as conn:
            await device.decide(conn, code.user_code, session, approved, self.house.now())

    async def ask(self, question: Callable[[Client], object]) -> object:
        """Ask with a client of the stored login."""

        def run() -> object:
            with Client(url=self.file.url) as client:
                client._transport.http.auth = LoginAuth(self.file, self.now)
                return question(client)

        return await asyncio.to_thread(run)

    def now(self) -> float:
        return self.house.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.house.clock.offset_ns += round(seconds * 1e9)
        time.sleep(0.01)


@pytest.fixture
async def machine(
    services: "Services", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Machine]:
    async with kept_house(services) as house:
        monkeypatch.setenv("HELIOSTAT_CONFIG", str(tmp_path))
        monkeypatch.delenv("HELIOSTAT_KEY", raising=False)
        file = LoginFile(tmp_path, house.origin)
        yield Machine(house, file, await house.person("ada@example.com", Role.ANALYST))


async def test_a_login_speaks_for_the_person_renews_itself_and_ends(machine: Machine) -> None:
    await machine.sign_in()
    first = machine.file.read()
    assert first is not None
    assert (await machine.ask(Client.account)).email == "ada@example.com"  # type: ignore[attr-defined]
    machine.sleep(595)
    assert (await machine.ask(Client.account)).role == "analyst"  # type: ignore[attr-defined]
    second = machine.file.read()
    assert second is not None
    assert second.refresh_token != first.refresh_token
    assert await asyncio.to_thread(sign_out, machine.file)
    assert machine.file.read() is None
    assert not await asyncio.to_thread(sign_out, machine.file)
    machine.file.write(second)
    machine.sleep(595)
    with pytest.raises(NotSignedIn):
        await machine.ask(Client.account)
    assert machine.file.read() is None


async def test_a_login_ends_with_the_session_that_let_it_in(machine: Machine) -> None:
    await machine.sign_in()
    services = machine.house.services
    async with services.pools.system() as conn:
        (session,) = await sessions.of_user(conn, machine.user_id, machine.house.now())
        family_ends = await conn.fetchval("SELECT expires_at FROM token_families")
    assert family_ends == session.expires_at
    machine.sleep((session.expires_at - machine.house.now()).total_seconds() + 1)
    with pytest.raises(NotSignedIn):
        await machine.ask(Client.account)


@pytest.mark.parametrize("kind", ["user", "member"])
async def test_an_end_reaches_the_tokens_of_a_renewal_that_held_the_rows_before_it(
    machine: Machine, kind: RevocationKind
) -> None:
    began = machine.house.now()
    machine.sleep(2)
    await machine.sign_in()  # as if it came between taking the moment and holding the rows
    assert (await machine.ask(Client.account)).email == "ada@example.com"  # type: ignore[attr-defined]
    subject = f"{DEFAULT_ORG}:{machine.user_id}" if kind == "member" else str(machine.user_id)
    async with machine.house.services.pools.system() as conn:
        await revocations.revoke(conn, kind, subject, began)
        window = RevocationWindow()
        window.replace(await revocations.since(conn, began))
    login = machine.file.read()
    assert login is not None
    principal = await machine.house.services.keyring.read(login.access_token, machine.house.now())
    assert window.stops(principal)


async def test_a_login_may_ask_for_less(machine: Machine) -> None:
    await machine.sign_in(scope="market:read account")
    account = await machine.ask(Client.account)
    assert set(account.permissions) == {"market:read", "account"}  # type: ignore[attr-defined]


async def test_a_refused_device_keeps_nothing(machine: Machine) -> None:
    with pytest.raises(SignInFailed, match="refused"):
        await machine.sign_in(approved=False)
    assert machine.file.read() is None


async def test_a_device_nobody_lets_in_gives_up(machine: Machine) -> None:
    with pytest.raises(SignInFailed, match="Nobody let this device in"):
        await asyncio.to_thread(
            sign_in, machine.file, lambda _: None, now=machine.now, sleep=machine.sleep
        )
    assert machine.file.read() is None


async def test_two_clients_of_one_login_renew_it_once(machine: Machine) -> None:
    await machine.sign_in()
    machine.sleep(595)
    await asyncio.gather(*(machine.ask(Client.account) for _ in range(8)))
    async with machine.house.services.pools.system() as conn:
        spent = await conn.fetchval(
            "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NOT NULL"
        )
    assert spent == 1


def test_a_login_over_plain_http_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignInFailed, match="HTTPS"):
        sign_in(LoginFile(tmp_path, "http://desk.example"), lambda _: None)


def test_an_address_says_that_a_login_opens_it(tmp_path: Path) -> None:
    login = Login(file=LoginFile(tmp_path, "https://desk.example"))
    assert Address(url="https://desk.example", credential=login).credential == login
