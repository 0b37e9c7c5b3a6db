"""Own the processes beside the one that measures: each obeys orders sent over a pipe."""

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

_ANSWER_WITHIN_S = 120.0
_END_WITHIN_S = 30.0
_LAST_WORDS = 2_000
_CONTEXT = multiprocessing.get_context("spawn")


class Child:
    """Run a function in a process of its own; its first argument is its end of the pipe.

    What it prints goes to `log`.
    """

    def __init__(self, log: Path, target: Callable[..., None], *arguments: Any) -> None:
        self._log = log
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_run, args=(log, target, theirs, *arguments), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._process.pid)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def tell(self, word: str, value: Any = None) -> None:
        """Send an order."""
        self._pipe.send((word, value))

    def hear(self, within_s: float = _ANSWER_WITHIN_S) -> Any:
        """Wait for an answer.

        Raises:
            TimeoutError: there is none in time.
            RuntimeError: the process has ended.
        """
        if not self._pipe.poll(within_s):
            message = f"no answer within {within_s:.0f} s"
            raise TimeoutError(message)
        try:
            return self._pipe.recv()
        except EOFError as error:
            message = f"the process has ended: {self._log.read_text()[-_LAST_WORDS:]}"
            raise RuntimeError(message) from error

    def ask(self, word: str, value: Any = None, within_s: float = _ANSWER_WITHIN_S) -> Any:
        """Send an order and wait for its answer."""
        self.tell(word, value)
        return self.hear(within_s)

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        self._process.kill()
        self._process.join(_END_WITHIN_S)

    def stop(self) -> None:
        """Hang up, which ends the process in good order; kill it if it does not."""
        self._pipe.close()
        self._process.join(_END_WITHIN_S)
        if self._process.is_alive():
            self.kill()


@contextlib.contextmanager
def child(log: Path, target: Callable[..., None], *arguments: Any) -> Iterator[Child]:
    """Lend a child for the time of the block."""
    started = Child(log, target, *arguments)
    try:
        yield started
    finally:
        started.stop()


def _run(log: Path, target: Callable[..., None], *arguments: Any) -> None:
    with log.open("ab") as file:
        for stream in (1, 2):  # Ray prints warnings of the cluster to a driver's output
            os.dup2(file.fileno(), stream)
    target(*arguments)
