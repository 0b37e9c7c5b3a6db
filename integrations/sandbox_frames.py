"""Own how a sandbox spoils what it sends: frames of a stream, bodies of HTTP answers."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from integrations.sandbox_kit import FaultSwitch

SKIPPED_NUMBERS = 3
"""Say how many sequence numbers `skip_sequence` leaves out at once."""

DRIP_INTERVAL_S = 0.2


def skipped_numbers(faults: FaultSwitch) -> int:
    """Return how many sequence numbers to leave out before the next frame."""
    return SKIPPED_NUMBERS if faults.take("skip_sequence") else 0


class FrameSpoiler:
    """Turn each numbered frame of one session into what goes onto the wire.

    Sends `garbage` ahead of a frame, half a frame instead of a whole one, one frame twice, or
    two frames in the wrong order.
    """

    def __init__(self, faults: FaultSwitch, garbage: bytes) -> None:
        self._faults = faults
        self._garbage = garbage
        self._held: bytes | None = None

    def spoil(self, frame: bytes) -> list[bytes]:
        """Return the frames to send now, in order; none while one is held to be overtaken."""
        faults = self._faults
        if faults.take("truncated_frame"):
            frame = frame[: len(frame) // 2]
        frames = [frame, frame] if faults.take("repeat_sequence") else [frame]
        if faults.take("garbage_frame"):
            frames.insert(0, self._garbage)
        if self._held is not None:
            frames.append(self._held)
            self._held = None
        elif faults.take("reorder"):
            self._held = frames.pop()
        return frames


def dripped(answer: Response) -> Response:
    """Return the answer with its body sent byte by byte, too slowly to wait for."""

    async def drip() -> AsyncIterator[bytes]:
        for byte in bytes(answer.body):
            yield bytes([byte])
            await asyncio.sleep(DRIP_INTERVAL_S)

    headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
    return StreamingResponse(drip(), status_code=answer.status_code, headers=headers)
