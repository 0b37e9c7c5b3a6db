"""Check the forms of tables: each read back by an independent reader, and how pages are linked."""

import csv
import io
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI, Request, Response

from core.market import ContractMonth, Instrument, Quote
from serve.tables import MEDIA_TYPES, Form, FormOf, choose_form, quotes_table, table_response
from storage.columns import TickPage

EVENT_NS = 1_703_878_200_123_456_789
ISO = "2023-12-29T19:30:00.123456789Z"
TABLE = pa.table(
    {
        "instrument": pa.array(["CL-202402", "CL-202403"]),
        "event_time": pa.array([EVENT_NS, EVENT_NS - 123_456_789], pa.timestamp("ns", "UTC")),
        "price": pa.array(["-37.630", None]),
        "size": pa.array([3, None], pa.int64()),
        "entry_id": pa.array(['a,"b"', "c\nd"]),
    }
)
ROWS = [
    ["CL-202402", ISO, "-37.630", "3", 'a,"b"'],
    ["CL-202403", "2023-12-29T19:30:00.000000000Z", "", "", "c\nd"],
]


def application(page: TickPage) -> FastAPI:
    app = FastAPI()

    @app.get("/rows/{code}")
    async def read(request: Request, form: FormOf) -> Response:
        return await table_response(request, page, form)

    return app


async def ask(query: str = "", next_after: str | None = None, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(application(TickPage(table=TABLE, next_after=next_after)))
    async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
        return await client.get(f"/rows/CL{query}", headers=headers)


async def test_json_keeps_every_nanosecond_and_digit() -> None:
    answer = await ask()
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "items": [
            {
                "instrument": "CL-202402",
                "event_time": ISO,
                "price": "-37.630",
                "size": 3,
                "entry_id": 'a,"b"',
            },
            {
                "instrument": "CL-202403",
                "event_time": "2023-12-29T19:30:00.000000000Z",
                "price": None,
                "size": None,
                "entry_id": "c\nd",
            },
        ],
        "next_after": None,
        "next": None,
    }


async def test_csv_is_read_back_by_another_reader() -> None:
    answer = await ask("?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == TABLE.column_names
    assert rows == ROWS


@pytest.mark.parametrize("form", ["parquet", "arrow"])
async def test_columns_keep_their_types(form: Form) -> None:
    answer = await ask(f"?format={form}")
    assert answer.headers["content-type"] == MEDIA_TYPES[form]
    source = pa.py_buffer(answer.content)
    found = pq.read_table(source) if form == "parquet" else pa.ipc.open_stream(source).read_all()
    assert found == TABLE


async def test_a_page_names_the_next_whatever_its_form() -> None:
    for form in MEDIA_TYPES:
        answer = await ask(f"?limit=2&format={form}&after=old&source=import%3Aa", next_after="t/=")
        url = f"/rows/CL?limit=2&format={form}&source=import%3Aa&after=t%2F%3D"
        assert answer.headers["link"] == f'<{url}>; rel="next"'
        assert answer.headers["x-next-after"] == "t/="
        if form == "json":
            assert (answer.json()["next"], answer.json()["next_after"]) == (url, "t/=")


async def test_the_last_page_names_none() -> None:
    answer = await ask("?format=csv")
    assert "link" not in answer.headers
    assert "x-next-after" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "accept", "form"),
    [
        (None, "", "json"),
        (None, "*/*", "json"),
        (None, "image/png", "json"),
        (None, "text/csv", "csv"),
        (None, "Text/CSV;q=0.9, application/json", "csv"),
        (None, "image/png, application/vnd.apache.arrow.stream", "arrow"),
        (None, "application/vnd.apache.parquet", "parquet"),
        ("json", "text/csv", "json"),
    ],
)
def test_the_form_is_the_one_named_first(asked: Form | None, accept: str, form: Form) -> None:
    assert choose_form(asked, accept) == form


async def test_another_form_is_refused() -> None:
    assert (await ask("?format=xml")).status_code == 422


def test_latest_quotes_become_the_columns_of_stored_ones() -> None:
    fields: dict[str, Any] = {"session": 1, "sequence": 2, "frame_index": 3, "bid": None}
    quote = Quote(
        instrument=Instrument("CL", ContractMonth(2024, 2)),
        source="sandbox",
        event_ns=EVENT_NS,
        received_ns=EVENT_NS + 1,
        bid_size=None,
        ask=None,
        ask_size=4,
        **fields,
    )
    table = quotes_table([quote])
    assert table.column("event_time").cast(pa.int64()).to_pylist() == [EVENT_NS]
    assert table.drop_columns(["event_time", "received_time"]).to_pylist() == [
        {
            "instrument": "CL-202402",
            "source": "sandbox",
            **fields,
            "bid_size": None,
            "ask": None,
            "ask_size": 4,
        }
    ]
    assert quotes_table([]).schema == table.schema
