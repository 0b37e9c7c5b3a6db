"""Check the client over real sockets: streamed uploads, early refusals, lost connections."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

import heliostat

pytestmark = pytest.mark.postgres

RUN = "0198f0a0-0000-7000-8000-000000000001"
LARGE = bytes(range(256)) * 20_000


def frame(sequence: int, status: str) -> bytes:
    data = {
        "run_id": RUN,
        "sequence": sequence,
        "at": "2026-01-05T12:00:00Z",
        "kind": "progress",
        "status": status,
        "detail": {},
    }
    return f"id: {sequence}\nevent: progress\ndata: {json.dumps(data)}\n\n".encode()


async def import_file(request: Request) -> StreamingResponse | JSONResponse:
    if request.query_params["name"] == "refused":
        problem = {"type": "x/invalid-input", "status": 422, "detail": "name: is refused"}
        return JSONResponse(problem, 422, media_type="application/problem+json")
    digest, size = sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    done = {
        "event": "done",
        "source": digest.hexdigest(),
        "rows": size,
        "stored": int(request.headers["content-length"]),
        "revised": 0,
        "unchanged": 0,
        "elapsed_s": 0.1,
    }
    return StreamingResponse(iter([json.dumps(done) + "\n"]), media_type="application/x-ndjson")


async def run_events(request: Request) -> StreamingResponse:
    after = int(request.headers.get("last-event-id", "0"))

    async def frames() -> AsyncIterator[bytes]:
        for sequence in range(after + 1, 7):
            yield frame(sequence, "succeeded" if sequence == 6 else "running")
            if sequence % 2 == 0 and sequence < 6:
                # An error inside the body cuts the connection without ending it.
                message = "cut"
                raise ConnectionResetError(message)

    return StreamingResponse(frames(), media_type="text/event-stream")


async def settlements(_: Request) -> StreamingResponse:
    blocks = (LARGE[start : start + 65_536] for start in range(0, len(LARGE), 65_536))
    return StreamingResponse(blocks, media_type="text/csv")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    routes = [
        Route("/v1/settlements/imports", import_file, methods=["POST"]),
        Route("/v1/settlements", settlements),
        Route("/v1/streams/runs/{run_id}", run_events),
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def client(url: str) -> Iterator[heliostat.Client]:
    with heliostat.Client(url, "key", retries=heliostat.RetryPolicy(base_s=0.01)) as found:
        yield found


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large.csv"
    file.write_bytes(LARGE)
    return file


def test_an_upload_arrives_whole_and_with_its_length(client: heliostat.Client, large: Path) -> None:
    done = client.import_settlements(large, "rtl")
    assert (done.source, done.rows, done.stored) == (
        sha256(LARGE).hexdigest(),
        len(LARGE),
        len(LARGE),
    )


def test_a_refusal_before_the_body_is_read_is_still_heard(
    client: heliostat.Client, large: Path
) -> None:
    with pytest.raises(heliostat.InvalidInput, match="is refused"):
        client.import_settlements(large, "refused")


def test_a_run_is_followed_over_cut_connections(client: heliostat.Client) -> None:
    assert [event.sequence for event in client.watch(RUN)] == [1, 2, 3, 4, 5, 6]


def test_an_export_arrives_whole(client: heliostat.Client, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert client.export_settlements("cme", target).bytes_written == len(LARGE)
    assert target.read_bytes() == LARGE


def test_the_asynchronous_client_does_the_same(url: str, large: Path, tmp_path: Path) -> None:
    async def ask() -> tuple[int, list[int]]:
        retries = heliostat.RetryPolicy(base_s=0.01)
        async with heliostat.AsyncClient(url, "key", retries=retries) as client:
            done, _, seen = await asyncio.gather(
                client.import_settlements(large, "rtl"),
                client.export_settlements("cme", tmp_path / "out.csv"),
                follow(client),
            )
            return done.rows, seen

    async def follow(client: heliostat.AsyncClient) -> list[int]:
        return [event.sequence async for event in client.watch(RUN)]

    assert asyncio.run(ask()) == (len(LARGE), [1, 2, 3, 4, 5, 6])
    assert (tmp_path / "out.csv").read_bytes() == LARGE


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    retries = heliostat.RetryPolicy(base_s=0.01)
    with (
        heliostat.Client(f"http://127.0.0.1:{port}", "key", retries=retries) as client,
        pytest.raises(heliostat.Unreachable, match="does not answer"),
    ):
        client.health()
