"""Own the pool of closed processes in which programs of strangers are read."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from core.errors import InvalidInput, SourceUnavailable
from core.logs import get_logger
from core.specifications.circuit import MAX_PROGRAM_CHARACTERS, Language
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.process import ParserConfig, ParserProcess, ProcessEnded
from jobs.parsing.syscalls import PARSER

log = get_logger(__name__)

_SURROGATE = re.compile("[\ud800-\udfff]")


class CircuitParser:
    """Own the parsing processes; they start when they are first needed and die with this actor.

    Nothing needs to survive: a restart loses warmth only. A caller may repeat `parse`, which
    changes nothing. A program that its process does not survive hurts no other one.
    """

    def __init__(self, config: ParserConfig | None = None) -> None:
        self._config = config or ParserConfig()
        self._idle: list[ParserProcess] = []
        self._all: set[ParserProcess] = set()
        self._free = asyncio.Semaphore(self._config.processes)
        # as many threads as processes, and they live as long: a process dies with its thread
        self._threads = ThreadPoolExecutor(self._config.processes, "circuit-parser")

    async def parse(self, language: str, program: str) -> ParsedCircuit:
        """Read one program, waiting for a free process.

        Raises:
            InvalidInput: it is refused; names it, with line and column where they are known.
            SourceUnavailable: no process can be started or closed off here, or none is free.
        """
        if language not in set(Language):
            known = " or ".join(Language)
            raise InvalidInput(field="language", reason=f"expected {known}, was {language[:80]!r}")
        if len(program) > MAX_PROGRAM_CHARACTERS:
            reason = f"expected at most {MAX_PROGRAM_CHARACTERS:,} characters"
            raise InvalidInput(field="program", reason=reason)
        if _SURROGATE.search(program):
            raise InvalidInput(field="program", reason="it holds half a character")
        if "\0" in program:  # parsers skip it in comments, and the database cannot store it
            raise InvalidInput(field="program", reason="it holds a null character")
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(self._free.acquire(), self._config.wait_s)
        except TimeoutError:
            raise SourceUnavailable(source=PARSER, reason="it reads those of others") from None
        try:
            return await loop.run_in_executor(self._threads, self._read, language, program)
        finally:
            self._free.release()

    async def warm(self) -> None:
        """Start a process if there is none, so that the first program need not wait for that.

        Raises:
            SourceUnavailable: no process can be started or closed off here.
        """
        async with self._free:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, lambda: self._put_back(self._take()))

    def close(self) -> None:
        """End every process; those that read give up."""
        for process in tuple(self._all):
            process.end()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, language: str, program: str) -> ParsedCircuit:
        how = ""
        for _ in range(self._config.tries):
            process = self._take()
            try:
                return process.read(language, program)
            except ProcessEnded as error:
                # somebody else may have killed it, so the program gets one more chance
                how = error.how
                log.warning("circuit_parser.process_ended", pid=process.pid, how=how)
            finally:
                self._put_back(process)
        raise InvalidInput(field="program", reason=f"the process that read it ended with {how}")

    def _take(self) -> ParserProcess:
        while self._idle:
            process = self._idle.pop()
            if process.is_usable:
                return process
            self._drop(process)
        process = ParserProcess(self._config)
        self._all.add(process)
        return process

    def _put_back(self, process: ParserProcess) -> None:
        if process.is_usable:
            self._idle.append(process)
        else:
            self._drop(process)

    def _drop(self, process: ParserProcess) -> None:
        self._all.discard(process)
        process.end()
