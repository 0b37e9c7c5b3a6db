"""Check what the routes decide before they ask a store."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.market import ContractMonth, Curve, CurvePoint

RUN_ID = "019a0000-0000-7000-8000-000000000001"
RUN = {"products": ["CL"], "choose": 4, "of": 12, "source": "import:rtl"}
CURVE = Curve(
    product="CL",
    source="sandbox",
    as_of=date(2020, 4, 20),
    as_of_ns=1_587_405_600_000_000_000,
    version=9,
    live=True,
    gap=False,
    points=(
        CurvePoint(
            position=1,
            contract_month=ContractMonth(2020, 5),
            last_trade_date=date(2020, 4, 21),
            price=Decimal("-37.625"),
            basis="mid",
            bid=Decimal("-37.63"),
            ask=Decimal("-37.62"),
            event_ns=1_587_405_600_000_000_000,
        ),
    ),
)


async def refused(edge: Any, method: str, path: str, **options: Any) -> dict[str, Any]:
    async with edge.client() as client:
        answer = await client.request(method, path, **options)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == "https://heliostat.dev/problems/invalid-input"
    assert document["reason"] in document["detail"]
    return document


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"choose": 12}, "choose"),
        ({"choose": 0}, "choose"),
        ({"of": 25}, "of"),
        ({"products": ["CL", "NG"], "of": 13}, "of"),
        ({"shots": 0}, "shots"),
        ({"products": []}, "products"),
        ({"products": ["XX"]}, "products"),
        ({"products": ["CL", "CL"]}, "products"),
        ({"source": "import:A B"}, "source"),
        ({"seed": -1}, "seed"),
        ({"seed": 10**30}, "seed"),
        ({"window_days": 1}, "window_days"),
        ({"choose": "four"}, "choose"),
        ({"choose": None}, "choose"),
        ({"of": 1.5}, "of"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"colour": "red"}, "colour"),
        ({"products": ["CL"] * 17}, "products"),
    ],
    ids=str,
)
async def test_a_run_that_breaks_a_rule(edge: Any, changes: dict[str, Any], field: str) -> None:
    document = await refused(edge, "POST", "/v1/runs", json={"specification": {**RUN, **changes}})
    assert document["field"] == field


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kind": "portfolio"}', b'"x"'])
async def test_a_body_that_is_no_run(edge: Any, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    await refused(edge, "POST", "/v1/runs", content=content, headers=headers)


async def test_numbers_that_are_none(edge: Any) -> None:
    for word in ("NaN", "Infinity", "1e999"):
        body = '{"specification": {"products": ["CL"], "choose": 4, "of": 12, '
        body += f'"source": "import:rtl", "risk_aversion": {word}}}}}'
        headers = {"content-type": "application/json"}
        document = await refused(edge, "POST", "/v1/runs", content=body, headers=headers)
        assert "risk_aversion" in document["field"]


@pytest.mark.parametrize("products", [["CL", "B"], ["NG"]])
async def test_sources_are_never_mixed(edge: Any, products: list[str]) -> None:
    edge.market.live = {"CL": "sandbox", "B": "ice"}
    asked = {"products": products, "choose": 4, "of": 12}
    document = await refused(edge, "POST", "/v1/runs", json={"specification": asked})
    assert document["field"] == "source"
    assert "B, CL" in document["reason"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/runs?limit=0", "limit"),
        ("/v1/runs?limit=201", "limit"),
        ("/v1/runs?before=x", "before"),
        ("/v1/runs?status=done", "status.0"),
        ("/v1/runs?status=failed&status=lost", "status.1"),
        ("/v1/runs?kind=wish", "kind.0"),
        ("/v1/runs?backend=abacus", "backend"),
        ("/v1/runs?backend=aer:fake_nowhere", "backend"),
        ("/v1/runs?label=", "label"),
        ("/v1/runs?label=a%00b", "label"),
        (f"/v1/runs?label={'x' * 65}", "label"),
        ("/v1/runs?created_from=today", "created_from"),
        ("/v1/runs?created_before=0001-01-01T00:00:00%2B14:00", "created_before"),
        (f"/v1/runs/{RUN_ID}/events?after=-1", "after"),
        (f"/v1/runs/{RUN_ID}/events?after=2147483648", "after"),
        (f"/v1/runs/{RUN_ID}/chunks?after=train", "after"),
        (f"/v1/runs/{RUN_ID}/chunks?after=train.-1", "after"),
        (f"/v1/runs/{RUN_ID}/chunks?stage=A%20B", "stage"),
        (f"/v1/runs/{RUN_ID}/chunks?limit=1001", "limit"),
        (f"/v1/runs/{RUN_ID}/result?form=xml", "form"),
        ("/v1/webhooks/deliveries?limit=0", "limit"),
        ("/v1/webhooks/deliveries?webhook_id=x", "webhook_id"),
        ("/v1/runs/x", "run_id"),
        ("/v1/products/CL/curve?as_of=2023-13-01", "as_of"),
        ("/v1/products/CL/curve?source=Nymex", "source"),
        ("/v1/settlements", "source"),
        ("/v1/settlements?source=Nymex", "source"),
        ("/v1/settlements?source=cme&product=XX", "product"),
        ("/v1/products/CL/ticks?kind=candles", "kind"),
        ("/v1/products/CL/ticks?contract=CLZ26", "contract"),
        ("/v1/products/CL/ticks?contract=202613", "contract"),
        ("/v1/products/CL/ticks?source=A B", "source"),
        ("/v1/products/CL/ticks?start=yesterday", "start"),
        ("/v1/products/CL/ticks?start=2026-01-02&end=2026-01-02", "start"),
        ("/v1/products/CL/ticks?start=0001-01-01T00:00:00%2B14:00", "start"),
        ("/v1/products/CL/ticks?end=9999-12-31T23:59:59-14:00", "end"),
        ("/v1/products/CL/ticks?limit=0", "limit"),
        ("/v1/products/CL/ticks?limit=50001", "limit"),
        ("/v1/products/CL/ticks?format=xml", "format"),
        ("/v1/products/CL/bars?resolution=5m", "resolution"),
        ("/v1/products/CL/instruments?on=today", "on"),
        ("/v1/products/CL/instruments?limit=241", "limit"),
        ("/v1/products/CL/instruments?source=A B", "source"),
    ],
)
async def test_a_question_that_breaks_a_rule(edge: Any, path: str, field: str) -> None:
    assert (await refused(edge, "GET", path))["field"] == field


@pytest.mark.parametrize("name", ["", "A B", "x" * 33, "-x", "a:b"])
async def test_a_name_that_no_import_may_have(edge: Any, name: str) -> None:
    path = "/v1/settlements/imports"
    document = await refused(edge, "POST", path, params={"name": name}, content=b"")
    assert document["field"] == "source"


async def test_an_idempotency_key_that_is_too_long(edge: Any) -> None:
    headers = {"Idempotency-Key": "x" * 201}
    document = await refused(edge, "POST", "/v1/runs", json={"specification": RUN}, headers=headers)
    assert document["field"] == "idempotency-key"


async def test_the_live_curve_keeps_every_digit(edge: Any) -> None:
    edge.market.curves["CL"] = CURVE
    async with edge.client() as client:
        answer = await client.get("/v1/products/CL/curve")
    assert answer.json() == {
        "product": "CL",
        "source": "sandbox",
        "as_of": "2020-04-20",
        "as_of_time": "2020-04-20T18:00:00Z",
        "version": 9,
        "live": True,
        "gap": False,
        "currency": "USD",
        "price_unit": "bbl",
        "points": [
            {
                "position": 1,
                "contract": "202005",
                "symbol": "CLK20",
                "last_trade_date": "2020-04-21",
                "price": "-37.625",
                "basis": "mid",
                "bid": "-37.63",
                "ask": "-37.62",
                "last": None,
                "settlement": None,
                "event_time": "2020-04-20T18:00:00Z",
                "is_stale": False,
                "is_suspect": False,
                "settled_on": None,
            }
        ],
        "absent": [],
        "ignored": [],
        "ignored_rows": 0,
    }


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/products/XX/curve", "unknown-product"),
        ("/v1/products/CL/curve", "curve-not-found"),
        ("/v1/products/NG/curve?as_of=2023-12-29", "curve-not-found"),
        ("/v1/nowhere", "not-found"),
        ("/nowhere", "not-found"),
    ],
)
async def test_what_does_not_exist(edge: Any, path: str, code: str) -> None:
    async with edge.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"https://heliostat.dev/problems/{code}"


async def test_the_page_says_how_it_is_built(edge: Any) -> None:
    async with edge.client(key=False) as client:
        answer = await client.get("/")
    assert "make web" in answer.text


async def test_the_built_page_and_documentation(edge_with_pages: Any) -> None:
    async with edge_with_pages.client(key=True) as client:
        page = await client.get("/")
        documentation = await client.get("/docs", follow_redirects=True)
        missing = await client.get("/v1/nowhere")
        outside = await client.get("/../../etc/passwd")
    assert "<title>Heliostat" in page.text
    assert "<title>Reference" in documentation.text
    for answer in (missing, outside):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_who_knows_the_live_curve_is_not_sent_it_again(edge: Any) -> None:
    edge.market.curves["CL"] = CURVE
    async with edge.client() as client:
        first = await client.get("/v1/products/CL/curve")
        named = {"If-None-Match": first.headers["etag"]}
        again = await client.get("/v1/products/CL/curve", headers=named)
        other = await client.get("/v1/products/CL/curve", headers={"If-None-Match": '"8-1.2.3"'})
    assert first.headers["etag"] == '"9-1.2.3"'
    assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status_code, other.content) == (200, first.content)


async def test_who_is_not_let_in_learns_of_no_curve_that_is_kept(edge: Any) -> None:
    edge.market.curves["CL"] = CURVE
    async with edge.client() as client:
        known = await client.get("/v1/products/CL/curve")
    async with edge.client(key=False) as client:
        for headers in ({}, {"If-None-Match": known.headers["etag"]}, {"If-None-Match": "*"}):
            answer = await client.get("/v1/products/CL/curve", headers=headers)
            assert answer.status_code == 401
            assert "etag" not in answer.headers
