"""Check streams, snapshots and notifications, with a server, after a flush, and without one."""

import asyncio
from uuid import UUID

import pytest
import redis

import storage.cache
from core.errors import SourceUnavailable
from storage.cache import FROM_NOW_ON, MAX_STREAM_ENTRIES, Cache

pytestmark = pytest.mark.postgres

RUN = UUID("019a0000-0000-7000-8000-000000000001")
OTHER_RUN = UUID("019a0000-0000-7000-8000-000000000002")


async def test_entries_are_read_after_their_positions(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"1", b"2"]})
    await cache.publish_quotes({"NG": [b"3"]})
    positions = {"CL": "0-0", "NG": "0-0"}
    entries = await cache.read_quotes(positions, 10, 100)
    assert [(entry.product, entry.payload) for entry in entries] == [
        ("CL", b"1"),
        ("CL", b"2"),
        ("NG", b"3"),
    ]
    positions = {"CL": entries[0].entry_id, "NG": entries[2].entry_id}
    assert [entry.payload for entry in await cache.read_quotes(positions, 10, 100)] == [b"2"]
    assert len(await cache.read_quotes({"CL": "0-0"}, 10, 1)) == 1


async def test_a_reader_from_now_on_misses_nothing_between_calls(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"old"]})
    positions = {"CL": FROM_NOW_ON, "NG": FROM_NOW_ON}
    assert await cache.read_quotes(positions, 1, 100) == []
    assert positions["CL"] != FROM_NOW_ON
    await cache.publish_quotes({"CL": [b"new"]})
    await cache.publish_quotes({"NG": [b"first"]})
    entries = await cache.read_quotes(positions, 1, 100)
    assert [entry.payload for entry in entries] == [b"new", b"first"]


async def test_a_waiting_reader_is_woken(cache: Cache) -> None:
    reader = asyncio.create_task(cache.read_quotes({"CL": "0-0"}, 10_000, 100))
    await asyncio.sleep(0)
    await cache.publish_quotes({"CL": [b"1"]})
    assert [entry.payload for entry in await reader] == [b"1"]


async def test_streams_are_capped(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b""] * (MAX_STREAM_ENTRIES + 2_000)})
    kept = await cache.read_quotes({"CL": "0-0"}, 1, MAX_STREAM_ENTRIES * 2)
    assert MAX_STREAM_ENTRIES <= len(kept) < MAX_STREAM_ENTRIES + 500


async def test_a_flushed_snapshot_is_absent(cache: Cache, valkey_server: str) -> None:
    await cache.set_snapshot("curve:CL", b"\x00\xff")
    assert await cache.get_snapshot("curve:CL") == b"\x00\xff"
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    assert await cache.get_snapshot("curve:CL") is None


async def test_watchers_are_woken_for_their_run_only(cache: Cache) -> None:
    async with cache.run_notifications(RUN) as notifications:
        assert await cache.notify_run(OTHER_RUN)
        assert not await notifications.wait(0.05)
        assert await cache.notify_run(RUN)
        assert await notifications.wait(10)


async def test_without_a_server_callers_are_told_and_watchers_only_wait() -> None:
    cache = await Cache.open("unix:///nonexistent/valkey.sock")
    with pytest.raises(SourceUnavailable, match="cache cannot answer now"):
        await cache.get_snapshot("curve:CL")
    with pytest.raises(SourceUnavailable):
        await cache.publish_quotes({"CL": [b"1"]})
    with pytest.raises(SourceUnavailable):
        await cache.read_quotes({"CL": "0-0"}, 10, 1)
    assert not await cache.notify_run(RUN)
    async with cache.run_notifications(RUN) as notifications:
        assert not await notifications.wait(0.05)
    await cache.close()


async def read_all(cache: Cache, positions: dict[str, str]) -> list[bytes]:
    return [
        entry.payload for entry in await cache.read_quotes(positions, 1, 2 * MAX_STREAM_ENTRIES)
    ]


async def test_nobody_stands_still_with_a_server_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage.cache, "_ANSWER_TIMEOUT_S", 0.2)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        cache = await Cache.open(f"redis://127.0.0.1:{port}/0")
        async with asyncio.timeout(10):
            assert not await cache.notify_run(RUN)
        await cache.close()


async def test_nothing_is_lost_while_the_position_is_kept(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"1", b"2", b"3"]})
    entries = await cache.read_quotes({"CL": "0-0"}, 1, 10)
    for position in ("0-0", *(entry.entry_id for entry in entries)):
        assert await cache.lost_after({"CL": position}) == {}
    assert await cache.lost_after({"CL": FROM_NOW_ON, "NG": FROM_NOW_ON}) == {}
    assert await cache.lost_after({"NG": "0-0"}) == {}


async def test_a_position_older_than_the_first_entry_has_lost_some(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"%d" % n for n in range(2 * MAX_STREAM_ENTRIES)]})
    await cache.publish_quotes({"NG": [b"1"]})
    gas = (await cache.read_quotes({"NG": "0-0"}, 1, 1))[0].entry_id
    for position in ("0-0", "1-0", "1-18446744073709551615"):
        lost = await cache.lost_after({"CL": position, "NG": gas})
        assert list(lost) == ["CL"]
        kept = await read_all(cache, dict(lost))
        assert kept == await read_all(cache, {"CL": position})
        assert kept[-1] == b"%d" % (2 * MAX_STREAM_ENTRIES - 1)
        assert await cache.lost_after(lost) == {}


async def test_only_a_full_read_can_follow_trimmed_entries(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"first"]})
    start = (await cache.read_quotes({"CL": "0-0"}, 1, 1))[0].entry_id
    await cache.publish_quotes({"CL": [b""] * (2 * MAX_STREAM_ENTRIES)})
    assert list(await cache.lost_after({"CL": start})) == ["CL"]
    assert len(await cache.read_quotes({"CL": start}, 1, 500)) == 500


async def test_a_flush_is_a_loss_and_the_new_stream_is_read_from_its_start(
    cache: Cache, valkey_server: str
) -> None:
    await cache.publish_quotes({"CL": [b"1"]})
    before = (await cache.read_quotes({"CL": "0-0"}, 1, 1))[0].entry_id
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    lost = await cache.lost_after({"CL": before})
    await cache.publish_quotes({"CL": [b"2"]})
    assert await read_all(cache, lost) == [b"2"]
    assert await cache.lost_after({"CL": before}) != {}


async def test_a_position_ahead_of_the_stream_is_a_loss(cache: Cache) -> None:
    await cache.publish_quotes({"CL": [b"1", b"2"]})
    lost = await cache.lost_after({"CL": f"{10**18}-0"})
    assert await read_all(cache, lost) == [b"1", b"2"]


async def test_a_stream_emptied_by_hand_has_lost_what_was_unread(
    cache: Cache, valkey_server: str
) -> None:
    await cache.publish_quotes({"CL": [b"1", b"2"]})
    entries = await cache.read_quotes({"CL": "0-0"}, 1, 10)
    with redis.Redis.from_url(valkey_server) as client:
        client.xtrim("quotes:CL", maxlen=0, approximate=False)
    assert list(await cache.lost_after({"CL": entries[0].entry_id})) == ["CL"]
    assert await cache.lost_after({"CL": entries[1].entry_id}) == {}
