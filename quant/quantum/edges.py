"""Own the order of the ring's edges, on which a Trotter step depends."""


def ring_edges(n: int) -> tuple[tuple[int, int], ...]:
    """Return QOKit's order of the ring: even neighbours, odd neighbours, then (0, n−1).

    As there, the one edge of two qubits is listed twice.
    """
    even = tuple((i, i + 1) for i in range(0, n - 1, 2))
    odd = tuple((i, i + 1) for i in range(1, n - 1, 2))
    return (*even, *odd, (0, n - 1))
