import pytest
from starlette.responses import JSONResponse

from integrations import sandbox_frames
from integrations.sandbox_frames import SKIPPED_NUMBERS, FrameSpoiler, dripped, skipped_numbers
from integrations.sandbox_kit import FaultSwitch

SENT = [b"frame 0", b"frame 1", b"frame 2", b"frame 3"]


def spoilt(fault: str, times: int = 1) -> list[bytes]:
    faults = FaultSwitch()
    faults.arm(fault, times)
    spoiler = FrameSpoiler(faults, b"garbage")
    return [frame for sent in SENT for frame in spoiler.spoil(sent)]


@pytest.mark.parametrize(
    ("fault", "received"),
    [
        ("silence", SENT),
        ("garbage_frame", [b"garbage", *SENT]),
        ("truncated_frame", [b"fra", *SENT[1:]]),
        ("repeat_sequence", [SENT[0], *SENT]),
        ("reorder", [SENT[1], SENT[0], *SENT[2:]]),
    ],
)
def test_one_frame_is_spoilt(fault: str, received: list[bytes]) -> None:
    assert spoilt(fault) == received


def test_pairs_are_swapped_while_reordering_goes_on() -> None:
    assert spoilt("reorder", 2) == [SENT[1], SENT[0], SENT[3], SENT[2]]


def test_numbers_are_left_out_only_when_asked() -> None:
    faults = FaultSwitch()
    faults.arm("skip_sequence")
    assert [skipped_numbers(faults) for _ in range(3)] == [SKIPPED_NUMBERS, 0, 0]


async def test_a_dripped_answer_holds_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_frames, "DRIP_INTERVAL_S", 0.0)
    whole = JSONResponse({"a": 1}, status_code=201)
    slow = dripped(whole)
    assert (slow.status_code, slow.headers["content-type"]) == (201, whole.headers["content-type"])
    assert [part async for part in slow.body_iterator] == [bytes([b]) for b in bytes(whole.body)]
