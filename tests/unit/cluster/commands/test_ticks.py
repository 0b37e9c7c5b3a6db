"""Check `heliostat quotes`, `ticks`, `bars` and `instruments`."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

TICKS = "/v1/products/CL/ticks"
ROW = {
    "instrument": "CL-202612",
    "source": "sandbox",
    "event_time": "2026-01-05T12:00:00.123456789Z",
    "received_time": "2026-01-05T12:00:00.123456789Z",
    "session": 1,
    "sequence": 2,
    "frame_index": 0,
    "bid": "-37.630",
    "bid_size": 4,
    "ask": None,
    "ask_size": None,
}


def arrow(*numbers: int) -> bytes:
    table = pa.table({"sequence": pa.array(numbers, pa.int64())})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


PAGES: dict[str, tuple[bytes, bytes]] = {
    "json": (
        json.dumps({"items": [{"sequence": 1}, {"sequence": 2}]}).encode(),
        json.dumps({"items": [{"sequence": 3}]}).encode(),
    ),
    "csv": (b'"sequence","entry"\n1,"a\nb"\n2,"c"\n', b'"sequence","entry"\n3,"d"\n'),
    "arrow": (arrow(1, 2), arrow(3)),
}


@pytest.fixture
def paged(api: "FakeApi") -> "FakeApi":
    def answer(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        pages = PAGES[params["format"]]
        if "after" in params:
            return httpx.Response(200, content=pages[1])
        return httpx.Response(200, content=pages[0], headers={"X-Next-After": "t1"})

    api.answers["GET", TICKS] = answer
    return api


def test_latest_quotes(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/quotes", 200, {"items": [ROW]})
    header, row = api.run("quotes", "cl").stdout.splitlines()
    assert header.split()[0] == "contract"
    assert row.split() == ["CL-202612", "4", "-37.630", "2026-01-05", "12:00:00.123456", "sandbox"]
    document = json.loads(api.run("quotes", "CL", "--json").stdout)
    assert document["items"][0]["event_ns"] == 1767614400123456789


def test_no_quote_yet(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/quotes", 200, {"items": []})
    assert "No quote of CL is stored yet." in api.run("quotes", "CL").stdout


def test_csv_has_one_header_however_many_pages(paged: "FakeApi") -> None:
    result = paged.run("ticks", "cl", "--contract", "202612", "--start", "2026-01-05")
    assert result.exit_code == 0, result.output
    rows = list(csv.reader(io.StringIO(result.stdout, newline="")))
    assert rows == [["sequence", "entry"], ["1", "a\nb"], ["2", "c"], ["3", "d"]]
    assert dict(paged.requests[0].url.params) == {
        "kind": "quotes",
        "format": "csv",
        "contract": "202612",
        "start": "2026-01-05",
        "limit": "20000",
    }


@pytest.mark.parametrize("option", [("--format", "json"), ("--json",)])
def test_json_is_a_row_a_line(paged: "FakeApi", option: tuple[str, ...]) -> None:
    lines = paged.run("ticks", "CL", "--kind", "trades", *option).stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2, 3]


def test_a_limit_is_one_page(paged: "FakeApi") -> None:
    paged.run("ticks", "CL", "--limit", "2")
    (request,) = paged.requests
    assert request.url.params["limit"] == "2"


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.jsonl"])
def test_a_file_is_written_whole(paged: "FakeApi", tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    result = paged.run("ticks", "CL", "--output", str(target), "--json")
    assert json.loads(result.stdout) == {
        "path": str(target),
        "rows": 3,
        "bytes": target.stat().st_size,
    }
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name == "out.parquet":
        assert pq.read_table(target)["sequence"].to_pylist() == [1, 2, 3]
    plain = paged.run("ticks", "CL", "--output", str(target))
    assert f"{target}: 3 quotes" in plain.stdout


def test_a_file_cut_off_leaves_the_old_one(paged: "FakeApi", tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    answer = paged.answers["GET", TICKS]

    def refuse_second(request: httpx.Request) -> httpx.Response:
        if "after" not in request.url.params:
            return answer(request)
        body = {"type": "x/invalid-input", "status": 422, "detail": "after: no"}
        return httpx.Response(422, json=body, headers={"content-type": "application/problem+json"})

    paged.answers["GET", TICKS] = refuse_second
    assert paged.run("ticks", "CL", "--output", str(target)).exit_code == 2
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "parquet"),
        ("--output", "ticks.txt"),
        ("--output", "/nowhere/at/all.csv"),
        ("--format", "xml"),
        ("--limit", "0"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_refused_at_once(
    paged: "FakeApi", words: tuple[str, ...]
) -> None:
    assert paged.run("ticks", "CL", *words).exit_code == 2
    assert paged.requests == []


def bar(day: int, close: str, source: str = "sandbox") -> dict[str, Any]:
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    start = f"2026-01-{day:02d}T00:00:00Z"
    numbers = {"volume": 1000, "trades": 5}
    return {"instrument": "CL-202602", "source": source, "start": start, **prices, **numbers}


INSTRUMENT = {
    "instrument": "CL-202602",
    "contract": "202602",
    "symbol": "CLG26",
    "venue": "cme",
    "last_trade_date": "2026-01-20",
    "contract_size": "1000",
    "price_unit": "bbl",
    "currency": "USD",
    "basis": "venue",
    "source": "sandbox",
}


def test_bars_are_of_the_next_contract_and_one_source_at_a_time(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/instruments", 200, {"items": [INSTRUMENT]})
    listed = [bar(5, "71.60"), bar(6, "-1.50"), bar(7, "72.00"), bar(7, "72.10", "cme")]
    api.on("GET", "/v1/products/CL/bars", 200, {"items": listed, "next_after": None})
    lines = api.run("bars", "CL", "--last", "2").stdout.splitlines()
    assert [line for line in lines if "source" in line] == [
        "CL-202602  1d  source sandbox",
        "CL-202602  1d  source cme",
    ]
    assert [line.split()[:3] for line in lines if line.startswith("2026")] == [
        ["2026-01-06", "00:00", "-1.50"],
        ["2026-01-07", "00:00", "72.00"],
        ["2026-01-07", "00:00", "72.10"],
    ]
    assert sum(line.count("●") for line in lines) == 3
    assert api.requests[1].url.params["contract"] == "202602"


def test_bars_as_json_name_their_contract(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/bars", 200, {"items": [bar(5, "71.60")], "next_after": None})
    words = ("bars", "CL", "--contract", "202602", "--resolution", "1m", "--json")
    document = json.loads(api.run(*words).stdout)
    assert (document["contract"], document["resolution"]) == ("202602", "1m")
    assert document["items"][0]["close"] == "71.60"


def test_no_bars(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/bars", 200, {"items": [], "next_after": None})
    assert "No bars of CL-202602" in api.run("bars", "CL", "--contract", "202602").stdout


def test_bars_of_a_product_without_contracts(api: "FakeApi") -> None:
    api.on("GET", "/v1/products/CL/instruments", 200, {"items": []})
    result = api.run("bars", "CL")
    assert result.exit_code == 2
    assert "--contract" in result.stderr


def test_instruments_say_whose_dates_they_are(api: "FakeApi") -> None:
    ruled = {**INSTRUMENT, "symbol": "CLH26", "basis": "rule", "source": None}
    items = [{**INSTRUMENT, "first_notice_date": "2026-01-22"}, ruled]
    api.on("GET", "/v1/products/CL/instruments", 200, {"items": items})
    _, listed, by_rule = api.run("instruments", "cl", "--on", "2026-01-05").stdout.splitlines()
    assert listed.split() == [
        *("CL-202602", "CLG26", "2026-01-20", "2026-01-22"),
        *("1,000", "bbl", "USD", "venue", "(sandbox)"),
    ]
    assert by_rule.split()[-1] == "rule"
    assert dict(api.requests[0].url.params) == {"on": "2026-01-05", "limit": "24"}
    document = json.loads(api.run("instruments", "CL", "--json").stdout)
    assert document["items"][0]["contract_size"] == "1000"


@pytest.mark.parametrize("name", ["feeds", "quotes", "ticks", "bars", "instruments"])
def test_help_teaches(api: "FakeApi", name: str) -> None:
    result = api.run(name, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "--json" in result.stdout
