"""Check the object store on a real folder, and that an S3 address reaches for its server."""

import asyncio
from pathlib import Path

import pytest

from core.errors import InvalidInput, NotFound, SourceUnavailable
from storage.objects import ObjectStore

pytestmark = pytest.mark.postgres  # the S3 client opens a socket


async def test_what_is_put_is_listed_and_got_back(tmp_path: Path) -> None:
    folder = tmp_path / "objects with space"
    store = await ObjectStore.open(folder.as_uri() + "/")
    assert await store.names() == []
    local = tmp_path / "local"
    for name in ("captures/cme/2.journal", "captures/cme/10.journal", "captures/ice/1.journal"):
        local.write_bytes(name.encode())
        await store.put(name, local)
    local.write_bytes(b"newer")
    await store.put("captures/cme/2.journal", local)
    assert await store.names("captures/cme/") == [
        "captures/cme/10.journal",
        "captures/cme/2.journal",
    ]
    assert await store.names("captures/i") == ["captures/ice/1.journal"]
    assert len(await store.names()) == 3
    back = tmp_path / "back"
    await store.get("captures/cme/2.journal", back)
    assert back.read_bytes() == b"newer"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "1.journal",
        "10.journal",
        "2.journal",
    ]


async def test_what_was_cut_off_is_not_there(tmp_path: Path) -> None:
    store = await ObjectStore.open(tmp_path.as_uri())
    with pytest.raises(SourceUnavailable, match="objects"):
        await store.put("a", tmp_path / "absent")
    (tmp_path / "a.unfinished").write_bytes(b"half")
    assert await store.names() == []
    with pytest.raises(NotFound, match="Object a"):
        await store.get("a", tmp_path / "back")


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../../b", "a//b", "a/", "./a"])
async def test_no_name_leaves_the_store(tmp_path: Path, name: str) -> None:
    store = await ObjectStore.open((tmp_path / "objects").as_uri())
    with pytest.raises(InvalidInput, match="name: expected a relative name"):
        await store.put(name, tmp_path / "local")


@pytest.mark.parametrize(
    "url", ["", "/folder", "ftp://x/y", "file://folder", "file:///a b", "s3://"]
)
async def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="objects: "):
        await ObjectStore.open(url)


async def test_an_s3_address_is_spoken_to_by_the_same_code(tmp_path: Path) -> None:
    requests: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    local = tmp_path / "local"
    local.write_bytes(b"x")
    async with server:
        store = await ObjectStore.open(
            f"s3://key:secret@bucket/some?region=eu-west-1&scheme=http&endpoint_override=127.0.0.1:{port}"
        )
        with pytest.raises(SourceUnavailable, match="objects"):
            await store.put("captures/1.journal", local)
    assert b"/bucket/some/captures/1.journal.unfinished" in requests[0]
    assert b"Credential=key/" in requests[0]
