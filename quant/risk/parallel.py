"""Own the sharing of scenarios among threads; the kernels hold no lock, so threads do run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.errors import InvalidInput
from quant.risk.kernels.path_draws import LANES


def share(count: int, threads: int, work: Callable[[int, int], None]) -> None:
    """Call `work(first, last)` on ranges that cover 0…count − 1, on at most so many threads.

    Ranges begin at multiples of the lanes, so that what is computed does not depend on `threads`.

    Raises:
        InvalidInput: fewer than one thread is allowed.
    """
    if threads < 1:
        raise InvalidInput(field="threads", reason=f"expected at least 1, was {threads}")
    tiles = -(-count // LANES)
    parts = min(threads, tiles)
    if parts <= 1:
        work(0, count)
        return
    edges = [min(count, LANES * (tiles * part // parts)) for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        for _ in pool.map(work, edges[:-1], edges[1:]):
            pass
