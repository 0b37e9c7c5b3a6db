"""Own one parsing process as its parent sees it: started, asked within bounds, ended."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

import msgspec

from core.errors import SourceUnavailable
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.refusal import refused
from jobs.parsing.syscalls import PARSER
from jobs.parsing.wire import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    OUT_OF_MEMORY,
    Channel,
    Ended,
    Overdue,
    Ready,
    Request,
    read_answer,
)

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "QISKIT_PARALLEL": "FALSE",
    "RAYON_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserConfig:
    """Bound the reading of programs.

    `read_s` is wall-clock time for one program, `memory_bytes` what reading may take on top of a
    warm process. A process that has read for `retire_s`, or `retire_programs`, makes room for a
    fresh one. `start_s` is what imports may take on a busy machine. A program whose process ends
    while it reads gets `tries` in all, as somebody else may have ended it. None waits longer than
    `wait_s` for its turn.
    """

    processes: int = 2
    read_s: float = 20.0
    memory_bytes: int = 2**30
    start_s: float = 60.0
    retire_s: float = 300.0
    retire_programs: int = 1000
    tries: int = 2
    wait_s: float = 30.0

    @property
    def cpu_s(self) -> int:
        """Return the processor time after which the kernel ends a process, whatever it does."""
        return int(self.start_s + self.retire_s + self.read_s) + 1

    @property
    def longest_s(self) -> float:
        """Return what one program may take: its turn, and tries that start a process and read."""
        return self.wait_s + self.tries * (self.start_s + self.read_s)


class ProcessEnded(Exception):
    """Raised when a process ended while it was asked; `how` says by what."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


class ParserProcess:
    """Own one closed process, which reads one program at a time and dies with us.

    Its working directory is gone when it begins, so that nothing can be made in it. The thread
    that starts it must live as long as it does. A lost process loses nothing but warmth.
    """

    def __init__(self, config: ParserConfig) -> None:
        self._config = config
        self._read_s = 0.0
        self._programs = 0
        command = [sys.executable, "-I", "-B", "-m", "jobs.parsing.child"]
        words = (os.getpid(), config.memory_bytes, config.cpu_s)
        with tempfile.TemporaryDirectory(prefix="heliostat-parser-") as folder:
            self._process = subprocess.Popen(
                [*command, *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=folder,
                env={**_ONE_THREAD, "HOME": folder},
                bufsize=0,
            )
            try:
                self._await_ready()
            except BaseException:  # also an interruption: nobody else would end the process
                self.end()
                raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Tell whether it lives and has not read its fill."""
        fresh = self._read_s < self._config.retire_s
        return fresh and self._programs < self._config.retire_programs and self._lives()

    def read(self, language: str, program: str) -> ParsedCircuit:
        """Read one program.

        After any other error than a refusal the process is to be ended.

        Raises:
            InvalidInput: the program is refused, or takes too long or too much memory.
            ProcessEnded: the process ended for a reason that may lie elsewhere.
        """
        started = time.monotonic()
        until_s = started + self._config.read_s
        self._programs += 1
        try:
            self._channel.send(Request(language=language, program=program), until_s=until_s)
            return read_answer(self._channel.receive(MAX_ANSWER_BYTES, until_s=until_s))
        except Overdue:
            self.end()
            raise refused(reason=f"reading it took longer than {self._config.read_s:g} s") from None
        except Ended:
            raise self._ended() from None
        finally:
            self._read_s += time.monotonic() - started

    def end(self) -> None:
        """Kill the process if it lives, and wait for its end."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes():
            pipe.close()

    def _await_ready(self) -> None:
        try:
            body = self._channel.receive(
                MAX_REQUEST_BYTES, until_s=time.monotonic() + self._config.start_s
            )
        except Overdue:
            reason = f"it did not start within {self._config.start_s:g} s"
            raise SourceUnavailable(source=PARSER, reason=reason) from None
        except Ended:
            reason = f"it ended while it started ({self._how()})"
            raise SourceUnavailable(source=PARSER, reason=reason) from None
        unable = msgspec.json.decode(body, type=Ready).unable
        if unable is not None:
            raise SourceUnavailable(source=PARSER, reason=unable)

    def _ended(self) -> Exception:
        how = self._how()
        self.end()
        if self._process.returncode == OUT_OF_MEMORY:
            megabytes = self._config.memory_bytes // 2**20
            return refused(reason=f"reading it takes more than {megabytes:,} MB of memory")
        return ProcessEnded(how)

    def _how(self) -> str:
        """Kill what may still live, and say how it ended."""
        self._process.kill()
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"status {code}"

    def _lives(self) -> bool:
        return self._process.poll() is None

    @property
    def _channel(self) -> Channel:
        writes, reads = (pipe.fileno() for pipe in self._pipes())
        return Channel(reads=reads, writes=writes)

    def _pipes(self) -> Iterable[IO[bytes]]:
        return (pipe for pipe in (self._process.stdin, self._process.stdout) if pipe is not None)
