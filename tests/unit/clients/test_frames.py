"""Check the way from a run to a data frame, over a mock transport, with both clients."""

import json
from io import BytesIO
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import heliostat
from heliostat import frames
from tests.unit.clients.conftest import Ask

RUN = {
    "run_id": "r1",
    "kind": "circuit",
    "status": "succeeded",
    "specification": {"shots": 4},
    "backend": "aer",
    "seed": 7,
}
TABLE = pa.table({"point": pa.array([0, 0], pa.int32()), "outcome": ["00", "11"], "count": [1, 3]})


def parquet(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


class Api:
    """Answer as the API does for one circuit run; `first` is how a submission is answered."""

    def __init__(self, first: str = "succeeded", rows: bytes = parquet(TABLE)) -> None:
        self.first = first
        self.rows = rows
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.method, request.url.path
        if asked == ("POST", "/v1/runs"):
            self.bodies.append(json.loads(request.content))
            return httpx.Response(202, json={**RUN, "status": self.first})
        if asked == ("GET", "/v1/runs/r1"):
            return httpx.Response(200, json=RUN)
        if asked == ("GET", "/v1/streams/runs/r1"):
            return httpx.Response(200, text=_stream(), headers={"content-type": _EVENTS})
        assert asked == ("GET", "/v1/runs/r1/result")
        assert dict(request.url.params) == {"form": "parquet"}
        media_type = {"content-type": "application/vnd.apache.parquet"}
        return httpx.Response(200, content=self.rows, headers=media_type)


_EVENTS = "text/event-stream"


def _stream() -> str:
    frames_sent = []
    for sequence, status in enumerate(("queued", "running", "succeeded"), start=1):
        data: dict[str, Any] = {
            "run_id": "r1",
            "sequence": sequence,
            "at": "2026-01-05T10:00:00Z",
            "kind": status,
            "status": status,
            "detail": {},
        }
        if status == "succeeded":
            data["run"] = RUN
        frames_sent.append(f"id: {sequence}\nevent: {status}\ndata: {json.dumps(data)}\n\n")
    return "".join(frames_sent)


@pytest.mark.parametrize("first", ["queued", "succeeded"])
def test_a_run_becomes_a_data_frame_that_knows_where_it_is_from(first: str, ask: Ask) -> None:
    api = Api(first)
    frame = ask(api, "run_to_frame", "circuit", {"program": "x"}, shots=4, seed=None, bar=False)
    assert list(frame.columns) == ["point", "outcome", "count"]
    assert frame["count"].tolist() == [1, 3]
    assert frame.attrs == {"run_id": "r1", "kind": "circuit", "backend": "aer", "seed": 7}
    assert api.bodies == [
        {"kind": "circuit", "specification": {"program": "x", "shots": 4}, "fresh": False}
    ]


def test_the_rows_of_an_older_run_are_had_by_its_id(ask: Ask) -> None:
    frame = ask(Api(), "frame", "r1")
    assert frame["outcome"].tolist() == ["00", "11"]
    assert frame.attrs["run_id"] == "r1"


def test_bytes_that_are_no_parquet_are_an_unexpected_answer(ask: Ask) -> None:
    with pytest.raises(heliostat.UnexpectedAnswer, match="run r1 are no Parquet"):
        ask(Api(rows=b"nothing"), "frame", "r1")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"pandas"}, "pandas is not installed"),
        ({"pandas", "pyarrow"}, "pandas and pyarrow are not installed"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_asked(
    missing: set[str], said: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = frames.find_spec
    monkeypatch.setattr(frames, "find_spec", lambda name: None if name in missing else find(name))
    api = Api()
    with pytest.raises(heliostat.NotInstalled, match=said) as caught:
        ask(api, "run_to_frame", "circuit", {"program": "x"}, bar=False)
    assert "pip install 'heliostat[frames]'" in str(caught.value)
    assert api.bodies == []
