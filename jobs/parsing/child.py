"""Own the process that reads programs: it warms up, closes itself off, and answers for ever.

`python -I -m jobs.parsing.child PARENT MEMORY_BYTES CPU_S`, messages over its standard input and
output.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

from core.errors import InvalidInput, SourceUnavailable
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.limits import Limits, close_off, die_with
from jobs.parsing.wire import (
    MAX_REQUEST_BYTES,
    OUT_OF_MEMORY,
    Answer,
    Channel,
    Ended,
    Ready,
    Request,
)


def main() -> None:
    """Serve until nobody asks any more."""
    parent, memory_bytes, cpu_s = (int(word) for word in sys.argv[1:])
    channel = _take_standard_descriptors()
    try:
        die_with(parent)
        # seconds of imports, during which the parent may die
        from jobs.parsing.programs import read_program
        from jobs.parsing.warm import warm_up

        warm_up()
        os.dup2(1, 2)
        close_off(Limits(memory_bytes=memory_bytes, cpu_s=cpu_s))
    except SourceUnavailable as error:
        channel.send(Ready(unable=error.context["reason"]))
        return
    channel.send(Ready())
    with suppress(Ended):
        _serve(channel, read_program)


def _serve(channel: Channel, read: Callable[[str, str], ParsedCircuit]) -> None:
    while True:
        body = channel.receive(MAX_REQUEST_BYTES)
        request = msgspec.json.decode(body, type=Request)
        try:
            answer = Answer(circuit=read(request.language, request.program))
        except InvalidInput as error:
            answer = Answer(refused=error.context["reason"])
        except MemoryError:
            # what it holds by now is anyone's guess: the next one starts afresh
            os._exit(OUT_OF_MEMORY)
        channel.send(answer)


def _take_standard_descriptors() -> Channel:
    """Move the messages away from the standard descriptors, on which parsers print.

    Errors still go to those of the parent while this process starts.
    """
    reads, writes = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return Channel(reads=reads, writes=writes)


if __name__ == "__main__":
    main()
