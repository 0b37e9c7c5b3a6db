"""Check how users are addressed, kept and stopped."""

from uuid import uuid4

import pytest

from core.errors import InvalidInput, NotFound
from storage.identity import users
from storage.pool import Pools
from tests.identities import NOW

pytestmark = pytest.mark.postgres


async def test_an_address_is_one_user_however_it_is_written(pools: Pools) -> None:
    async with pools.system() as conn:
        ada = await users.create(conn, " Ada@Example.com ", "Ada", NOW)
        again = await users.create(conn, "ada@example.com", "Someone", NOW)
        assert again == ada
        assert (ada.email, ada.name) == ("ada@example.com", "Ada")
        assert await users.by_email(conn, "ada@example.com") == ada
        assert await users.by_email(conn, "bob@example.com") is None
        await users.rename(conn, ada.user_id, "Ada L.")
        assert (await users.read(conn, ada.user_id)).name == "Ada L."
        with pytest.raises(NotFound):
            await users.read(conn, uuid4())


@pytest.mark.parametrize(
    "email", ["", "ada", "@host", "ada@", "a b@c", "a@b\x00", "a" * 255 + "@b"]
)
async def test_what_is_no_address_is_refused(pools: Pools, email: str) -> None:
    async with pools.system() as conn:
        with pytest.raises(InvalidInput, match="email"):
            await users.create(conn, email, "Ada", NOW)


async def test_a_hash_is_replaced_only_where_the_password_stayed(pools: Pools) -> None:
    async with pools.system() as conn:
        ada = await users.create(conn, "ada@example.com", "Ada", NOW)
        await users.set_password(conn, ada.user_id, "one", NOW, stands_alone=True)
        await users.replace_hash(conn, ada.user_id, "other", "two")
        kept = await users.hold(conn, ada.user_id)
        assert (kept.password_hash, kept.password_stands_alone) == ("one", True)
        await users.replace_hash(conn, ada.user_id, "one", "two")
        assert (await users.read(conn, ada.user_id)).password_hash == "two"


async def test_stopping_a_user_is_told_once(pools: Pools) -> None:
    async with pools.system() as conn:
        ada = await users.create(conn, "ada@example.com", "Ada", NOW)
        assert not await users.enable(conn, ada.user_id)
        assert await users.disable(conn, ada.user_id, NOW)
        assert not await users.disable(conn, ada.user_id, NOW)
        assert await users.enable(conn, ada.user_id)
