"""Check the order of the ring's edges against that of QOKit."""

from quant.quantum.edges import ring_edges


def test_edges_follow_qokit() -> None:
    assert ring_edges(5) == ((0, 1), (2, 3), (1, 2), (3, 4), (0, 4))
    assert ring_edges(6) == ((0, 1), (2, 3), (4, 5), (1, 2), (3, 4), (0, 5))
    assert ring_edges(2) == ((0, 1), (0, 1))
