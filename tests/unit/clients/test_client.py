"""Check both clients on the wire: the same scenarios, the same answers."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

LOST = httpx.ReadError("connection lost")
RUN = {"run_id": "r1", "kind": "portfolio", "status": "queued", "specification": {}}
DONE = RUN | {"status": "succeeded", "result": {"objective": -1.5}}


class BrokenStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Send chunks, then lose the connection."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        raise LOST

    async def __aiter__(self) -> Any:
        for chunk in self.chunks:
            yield chunk
        raise LOST


class Script:
    """Answer requests one after another from a list, remembering them."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(code: str, status: int, **context: Any) -> httpx.Response:
    body = {
        "type": f"https://heliostat.dev/problems/{code}",
        "title": code,
        "status": status,
        "detail": f"sentence of {code}",
        **context,
    }
    return httpx.Response(
        status, content=json.dumps(body), headers={"content-type": "application/problem+json"}
    )


def events(*frames: str, end: str = "clean") -> httpx.Response:
    content = [frame.encode() for frame in frames]
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    if end == "lost":
        return httpx.Response(200, stream=BrokenStream(*content), headers=headers)
    return httpx.Response(200, content=b"".join(content), headers=headers)


def run_frame(sequence: int, status: str = "running") -> str:
    data = {
        "run_id": "r1",
        "sequence": sequence,
        "at": "2026-01-05T12:00:00Z",
        "kind": "progress",
        "status": status,
        "detail": {"stage": "train", "done": sequence, "total": 4},
    }
    return f"id: {sequence}\nevent: progress\ndata: {json.dumps(data)}\n\n"


def quote_frame(event_id: str, bid: str) -> str:
    data = {
        "source": "sandbox",
        "product": "CL",
        "contract": "202612",
        "symbol": "CLZ26",
        "event_time": "2026-01-05T12:00:00Z",
        "event_ns": "1767614400000000001",
        "bid": bid,
    }
    return f"id: {event_id}\nevent: quote\ndata: {json.dumps(data)}\n\n"


def test_curve_keeps_prices_decimal_and_sends_the_key(ask: "Ask") -> None:
    point = {
        "position": 1,
        "contract": "202612",
        "symbol": "CLZ26",
        "last_trade_date": "2026-11-20",
        "price": "-37.63",
        "basis": "settlement",
    }
    body = {
        "product": "CL",
        "source": "sandbox",
        "as_of": "2026-11-02",
        "as_of_time": "2026-11-02T12:00:00Z",
        "version": 3,
        "live": True,
        "gap": False,
        "currency": "USD",
        "price_unit": "bbl",
        "points": [point],
        "a member of a later version": 1,
    }
    script = Script(httpx.Response(200, json=body))
    curve = ask(script, "curve", "CL", as_of="2026-11-02")
    assert curve.points[0].price == Decimal("-37.63")
    (request,) = script.requests
    assert request.headers["authorization"] == "Bearer secret"
    assert str(request.url) == "http://127.0.0.1:9/v1/products/CL/curve?as_of=2026-11-02"


def test_products_are_listed(ask: "Ask") -> None:
    item = {
        "code": "CL",
        "name": "WTI crude oil",
        "venue": "cme",
        "currency": "USD",
        "price_unit": "bbl",
        "contract_size": "1000",
        "tick": "0.01",
        "sources": [
            {"source": "cme", "first_date": "1986-01-02", "last_date": "2019-01-02", "rows": 9}
        ],
    }
    (product,) = ask(Script(httpx.Response(200, json={"items": [item]})), "products")
    assert product.sources[0].rows == 9
    assert product.contract_size == 1000


@pytest.mark.parametrize(
    "make_failure",
    [
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.Response(429),
        lambda: httpx.Response(502),
        lambda: problem("source-unavailable", 503),
        lambda: httpx.Response(504),
        lambda: httpx.Response(500, text="a gateway's own words"),
        lambda: httpx.Response(200, stream=BrokenStream(b'{"run'), headers={"content-type": "x"}),
    ],
)
def test_a_get_is_repeated(
    ask: "Ask", make_failure: Callable[[], httpx.Response | Exception]
) -> None:
    script = Script(make_failure(), httpx.Response(200, json=RUN))
    assert ask(script, "run", "r1").run_id == "r1"
    assert len(script.requests) == 2


def test_a_post_keeps_its_idempotency_key_across_retries_and_draws_a_new_one_per_call(
    ask: "Ask",
) -> None:
    script = Script(httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(202, json=RUN))
    ask(script, "submit", products=["CL"], choose=4, of=12, seed=None, fresh=True)
    keys = {request.headers["idempotency-key"] for request in script.requests}
    assert len(script.requests) == 3
    assert len(keys) == 1
    assert json.loads(script.requests[0].content) == {
        "kind": "portfolio",
        "specification": {"products": ["CL"], "choose": 4, "of": 12},
        "fresh": True,
    }
    other = Script(httpx.Response(202, json=RUN))
    ask(other, "submit", products=["CL"], choose=4, of=12)
    assert other.requests[0].headers["idempotency-key"] not in keys


def test_attempts_are_bounded(ask: "Ask") -> None:
    script = Script(*[httpx.ConnectError("refused") for _ in range(9)])
    with pytest.raises(heliostat.Unreachable, match=r"http://127\.0\.0\.1:9.* does not answer"):
        ask(script, "run", "r1")
    assert len(script.requests) == 4


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("invalid-input", 422, heliostat.InvalidInput),
        ("settlement-file-rejected", 422, heliostat.SettlementFileRejected),
        ("run-not-found", 404, heliostat.RunNotFound),
        ("a-code-of-a-later-version", 404, heliostat.NotFound),
        ("run-already-finished", 409, heliostat.RunAlreadyFinished),
        ("unauthenticated", 401, heliostat.Unauthenticated),
        ("internal", 500, heliostat.ServerError),
    ],
)
def test_a_problem_becomes_a_typed_error_and_is_not_repeated(
    ask: "Ask", code: str, status: int, kind: type[heliostat.ApiError]
) -> None:
    script = Script(problem(code, status, field="of"))
    with pytest.raises(kind, match=f"sentence of {code}") as caught:
        ask(script, "run", "r1")
    assert caught.value.code == code
    assert caught.value.context == {"field": "of"}
    assert type(caught.value) is kind


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b'{"run_id": 7}'])
def test_an_answer_of_another_shape_is_an_error_of_ours(ask: "Ask", content: bytes) -> None:
    with pytest.raises(heliostat.UnexpectedAnswer):
        ask(Script(httpx.Response(200, content=content)), "run", "r1")


def test_runs_pages_until_the_end(ask: "Ask") -> None:
    script = Script(
        httpx.Response(200, json={"items": [RUN, RUN | {"run_id": "r2"}], "next_before": "r2"}),
        httpx.Response(200, json={"items": [RUN | {"run_id": "r3"}], "next_before": None}),
    )
    assert [run.run_id for run in ask(script, "runs", page_size=2)] == ["r1", "r2", "r3"]
    assert dict(script.requests[0].url.params) == {"limit": "2"}
    assert dict(script.requests[1].url.params) == {"limit": "2", "before": "r2"}


def test_watch_resumes_after_a_lost_connection_and_drops_what_it_has_seen(ask: "Ask") -> None:
    script = Script(
        events(run_frame(1), run_frame(2), "id: 3\nevent: progress\nda", end="lost"),
        httpx.ConnectError("refused"),
        events(": heartbeat\n\n", run_frame(2), run_frame(3), run_frame(4, "succeeded")),
    )
    seen = ask(script, "watch", "r1")
    assert [event.sequence for event in seen] == [1, 2, 3, 4]
    assert seen[-1].status.is_final
    assert "last-event-id" not in script.requests[0].headers
    assert script.requests[2].headers["last-event-id"] == "2"


def test_watch_reconnects_when_the_stream_ends_too_early(ask: "Ask") -> None:
    script = Script(events(run_frame(1)), events(run_frame(2, "failed")))
    assert [event.sequence for event in ask(script, "watch", "r1")] == [1, 2]


def test_watch_of_an_unknown_run_fails_at_once(ask: "Ask") -> None:
    with pytest.raises(heliostat.RunNotFound):
        ask(Script(problem("run-not-found", 404)), "watch", "r1")


def test_watch_gives_up_on_a_stack_that_never_answers(ask: "Ask") -> None:
    script = Script(*[httpx.ConnectError("refused") for _ in range(9)])
    with pytest.raises(heliostat.Unreachable):
        ask(script, "watch", "r1")
    assert len(script.requests) == 4


def test_the_market_stream_resumes_and_asks_only_for_what_is_left(ask: "Ask") -> None:
    gap_data = '{"source": "sandbox", "venue": "cme", "reason": "sequence"}'
    gap = f"id: b\nevent: gap\ndata: {gap_data}\n\n"
    heartbeat = "id: c\nevent: heartbeat\ndata: {}\n\n"
    script = Script(
        events(quote_frame("a", "71.42"), gap, heartbeat, end="lost"),
        events(quote_frame("d", "71.43"), quote_frame("e", "71.44")),
    )
    seen = ask(script, "stream", ["CL", "NG"], max_events=3)
    assert [type(event) for event in seen] == [heliostat.Quote, heliostat.Gap, heliostat.Quote]
    assert seen[0].bid == Decimal("71.42")
    assert seen[0].event_ns == 1767614400000000001
    assert seen[1].reason == "sequence"
    assert script.requests[0].url.params["products"] == "CL,NG"
    assert script.requests[1].headers["last-event-id"] == "c"
    assert script.requests[1].url.params["max_events"] == "1"


def test_optimize_submits_watches_and_gets(ask: "Ask") -> None:
    script = Script(
        httpx.Response(202, json=RUN),
        events(run_frame(1), run_frame(2, "succeeded")),
        httpx.Response(200, json=DONE),
    )
    submitted: list[heliostat.Run] = []
    seen: list[heliostat.RunEvent] = []
    run = ask(
        script,
        "optimize",
        products=["CL"],
        choose=4,
        of=12,
        on_submitted=submitted.append,
        on_event=seen.append,
    )
    assert run.result == {"objective": -1.5}
    assert [one.run_id for one in submitted] == ["r1"]
    assert [event.sequence for event in seen] == [1, 2]


def test_optimize_takes_a_finished_run_as_it_is(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=DONE))
    assert ask(script, "optimize", products=["CL"], choose=4, of=12).status.is_final


def test_optimize_raises_what_the_run_failed_of(ask: "Ask") -> None:
    failed = RUN | {"status": "failed", "error": {"detail": "no prices"}}
    script = Script(httpx.Response(200, json=failed))
    with pytest.raises(heliostat.RunFailed, match="Run r1 failed: no prices") as caught:
        ask(script, "optimize", products=["CL"], choose=4, of=12)
    assert caught.value.run.error == {"detail": "no prices"}


def ndjson(*lines: dict[str, Any]) -> httpx.Response:
    content = "".join(json.dumps(line) + "\n" for line in lines)
    headers = {"content-type": "application/x-ndjson"}
    return httpx.Response(200, content=content, headers=headers)


def test_import_streams_the_file_and_tells_its_progress(ask: "Ask", tmp_path: Path) -> None:
    file = tmp_path / "prices.parquet"
    content = bytes(range(256)) * 5000
    file.write_bytes(content)
    script = Script(
        ndjson(
            {"event": "progress", "phase": "reading", "rows": 0, "total": 7},
            {"event": "progress", "phase": "copying", "rows": 7, "total": 7},
            {
                "event": "done",
                "source": "import:rtl",
                "rows": 7,
                "stored": 5,
                "revised": 0,
                "unchanged": 2,
                "elapsed_s": 0.1,
            },
        )
    )
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return script(request)

    seen: list[heliostat.ImportProgress] = []
    result = ask(handler, "import_settlements", file, "rtl", revise=True, on_progress=seen.append)
    (request,) = script.requests
    assert (result.source, result.stored, result.unchanged) == ("import:rtl", 5, 2)
    assert [step.phase for step in seen] == ["reading", "copying"]
    assert bodies == [content]
    assert request.headers["content-length"] == str(len(content))
    assert request.headers["x-file-name"] == "prices.parquet"
    assert request.headers["content-type"] == "application/vnd.apache.parquet"
    assert dict(request.url.params) == {"name": "rtl", "revise": "true"}


def test_import_reports_a_failure_inside_the_stream(ask: "Ask", tmp_path: Path) -> None:
    file = tmp_path / "préis.csv"
    file.write_text("date\n")
    bad = {
        "type": "https://heliostat.dev/problems/settlement-file-rejected",
        "status": 422,
        "detail": "préis.csv, row 3, column settlement: not a number",
        "row": 3,
    }
    script = Script(ndjson({"event": "failed", "problem": bad}))
    with pytest.raises(heliostat.SettlementFileRejected, match="row 3") as caught:
        ask(script, "import_settlements", file, "rtl")
    assert caught.value.context["row"] == 3
    assert script.requests[0].headers["x-file-name"] == "pr%C3%A9is.csv"


def test_import_is_not_repeated_once_it_may_have_arrived(ask: "Ask", tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("date\n")
    script = Script(httpx.ConnectError("refused"), httpx.ReadError("lost"))
    with pytest.raises(heliostat.Unreachable, match="is lost"):
        ask(script, "import_settlements", file, "rtl")
    assert len(script.requests) == 2


def test_import_that_ends_without_a_word_is_an_error(ask: "Ask", tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("date\n")
    with pytest.raises(heliostat.UnexpectedAnswer, match="without saying how"):
        ask(Script(ndjson()), "import_settlements", file, "rtl")


def csv(**body: Any) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/csv; charset=utf-8"}, **body)


def test_an_export_in_another_form_than_asked_is_refused(ask: "Ask", tmp_path: Path) -> None:
    target = tmp_path / "all.arrow"
    with pytest.raises(heliostat.UnexpectedAnswer, match="arrow"):
        ask(Script(csv(content=b"x")), "export_settlements", "cme", target, form="arrow")
    assert not target.exists()


def test_export_writes_a_whole_file(ask: "Ask", tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    script = Script(httpx.Response(503), csv(content=b"date,product\n"))
    result = ask(script, "export_settlements", "import:rtl", target, product="CL")
    assert target.read_bytes() == b"date,product\n"
    assert result.bytes_written == 13
    assert script.requests[0].headers["accept"] == "text/csv"


def test_export_leaves_nothing_behind_when_the_connection_is_lost(
    ask: "Ask", tmp_path: Path
) -> None:
    script = Script(csv(stream=BrokenStream(b"date,")))
    with pytest.raises(heliostat.Unreachable):
        ask(script, "export_settlements", "import:rtl", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_arrow_form_is_asked_for(ask: "Ask", tmp_path: Path) -> None:
    headers = {"content-type": "application/vnd.apache.arrow.stream"}
    script = Script(httpx.Response(200, content=b"arrow", headers=headers))
    ask(script, "export_settlements", "sandbox", str(tmp_path / "out.arrow"), form="arrow")
    assert script.requests[0].headers["accept"] == "application/vnd.apache.arrow.stream"


def test_cancel_posts_and_health_needs_nothing(ask: "Ask") -> None:
    script = Script(httpx.Response(202, json=RUN | {"cancel_requested": True}))
    assert ask(script, "cancel", "r/1").cancel_requested
    assert script.requests[0].url.raw_path == b"/v1/runs/r%2F1/cancel"
    health = ask(Script(httpx.Response(200, json={"status": "ok", "version": "0.1"})), "health")
    assert health.status == "ok"
