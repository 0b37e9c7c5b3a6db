"""Hold the ring's engine against plain pair rotations in colexicographic order."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.quantum.basis import Basis
from quant.quantum.edges import ring_edges
from quant.quantum.engine import Precision
from quant.quantum.ring import engine as ring
from quant.quantum.ring.engine import RingEngine

Reals = NDArray[np.float64]
States = NDArray[np.complex128]
SIZES = [(n, k) for n in range(2, 12) for k in range(1, n)]


class Case:
    """Hold seeded costs, angles and start of one size."""

    def __init__(self, n: int, k: int, *, layers: int = 3) -> None:
        self.basis = Basis(n, k)
        random = np.random.default_rng((n, k))
        self.costs = random.normal(size=self.basis.size)
        self.gammas, self.betas = random.normal(size=(2, layers))
        start = random.normal(size=self.basis.size) + 1j * random.normal(size=self.basis.size)
        self.start: States = start / np.linalg.norm(start)
        self.uniform = np.full(self.basis.size, self.basis.size**-0.5, dtype=np.complex128)

    def evolved(self, psi: States) -> States:
        """Turn gathered pairs, edge by edge."""
        masks = self.basis.masks.astype(np.int64)
        for gamma, beta in zip(self.gammas, self.betas, strict=True):
            psi = psi * np.exp(-1j * gamma * self.costs)
            for i, j in ring_edges(self.basis.n):
                here = np.flatnonzero((masks >> i & 1) & ~(masks >> j) & 1)
                there = np.searchsorted(masks, masks[here] ^ (1 << i | 1 << j))
                a, b = psi[here], psi[there]
                psi[here] = np.cos(beta) * a - 1j * np.sin(beta) * b
                psi[there] = np.cos(beta) * b - 1j * np.sin(beta) * a
        return psi


class _OwnPool:
    def __init__(self, threads: int) -> None:
        assert threads == 2

    map = staticmethod(map)


def _never(*_: object) -> None:
    pytest.fail("the pool belongs to another process")


@pytest.fixture(params=["one call", "shared"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take both ways of sweeping; the second is for states too large for a test."""
    if request.param == "shared":
        monkeypatch.setattr(ring, "_MANY", 1)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_states_are_those_of_plain_pair_rotations(n: int, k: int) -> None:
    case = Case(n, k)
    for start, begin in ((None, case.uniform), (case.start, case.start)):
        engine = RingEngine(case.basis, case.costs, Precision.DOUBLE, start)
        expected = case.evolved(begin)
        assert np.abs(engine.evolve(case.gammas, case.betas) - expected).max() < 1e-13
        energy = float((np.abs(expected) ** 2 * case.costs).sum())
        assert engine.expectation(case.gammas, case.betas) == pytest.approx(energy, abs=1e-13)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("n", "k"), [(4, 2), (7, 3), (10, 5), (11, 4)])
def test_gradients_are_central_differences(n: int, k: int) -> None:
    case, step = Case(n, k), 1e-5
    engine = RingEngine(case.basis, case.costs, Precision.DOUBLE)
    value, by_gamma, by_beta = engine.value_and_gradient(case.gammas, case.betas)
    assert value == pytest.approx(engine.expectation(case.gammas, case.betas), abs=1e-14)
    for layer in range(3):
        shift = np.zeros(3)
        shift[layer] = step
        ahead = engine.expectation(case.gammas + shift, case.betas)
        behind = engine.expectation(case.gammas - shift, case.betas)
        assert by_gamma[layer] == pytest.approx((ahead - behind) / (2 * step), abs=1e-8)
        ahead = engine.expectation(case.gammas, case.betas + shift)
        behind = engine.expectation(case.gammas, case.betas - shift)
        assert by_beta[layer] == pytest.approx((ahead - behind) / (2 * step), abs=1e-8)


def test_an_observable_has_the_gradient_of_its_weights() -> None:
    case = Case(9, 4)
    engine = RingEngine(case.basis, case.costs, Precision.DOUBLE)
    weights = np.random.default_rng(0).normal(size=case.basis.size)
    other = RingEngine(case.basis, weights, Precision.DOUBLE)

    def squared(probabilities: Reals) -> tuple[float, Reals]:
        mean = float(probabilities @ weights)
        return mean**2, 2 * mean * weights

    value, by_gamma, _ = engine.value_and_gradient(case.gammas, case.betas, squared)
    step = np.array([1e-5, 0, 0])
    ahead, behind = (
        squared(np.abs(engine.evolve(case.gammas + shift, case.betas)) ** 2)[0]
        for shift in (step, -step)
    )
    assert by_gamma[0] == pytest.approx((ahead - behind) / 2e-5, abs=1e-8)
    assert value == pytest.approx(
        squared(np.abs(engine.evolve(case.gammas, case.betas)) ** 2)[0], abs=1e-14
    )
    assert other.expectation(np.zeros(1), np.zeros(1)) == pytest.approx(weights.mean())


@pytest.mark.usefixtures("way")
def test_rows_of_angles_give_what_each_gives() -> None:
    case = Case(10, 4)
    engine = RingEngine(case.basis, case.costs, Precision.DOUBLE)
    gammas, betas = np.random.default_rng(1).normal(size=(2, 37, 2))
    expected = [engine.expectation(*angles) for angles in zip(gammas, betas, strict=True)]
    assert engine.expectations(gammas, betas).tolist() == expected
    assert engine.expectations(gammas[:0], betas[:0]).size == 0


def test_a_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "_MANY", 1)
    case = Case(12, 6)
    answers = [
        RingEngine(case.basis, case.costs, Precision.DOUBLE, threads=threads).value_and_gradient(
            case.gammas, case.betas
        )
        for threads in (1, 2, 5)
    ]
    assert len({(value, *slopes, *others) for value, slopes, others in answers}) == 1


@given(st.integers(2, 12), st.data())
@settings(max_examples=30, deadline=None)
def test_single_precision_is_close_and_whole(n: int, data: st.DataObject) -> None:
    case = Case(n, data.draw(st.integers(1, n - 1)), layers=data.draw(st.integers(1, 5)))
    psi = RingEngine(case.basis, case.costs, Precision.SINGLE).evolve(case.gammas, case.betas)
    assert psi.dtype == np.complex64
    assert np.abs(psi - case.evolved(case.uniform)).max() < 3e-6
    assert np.linalg.norm(psi) == pytest.approx(1.0, abs=1e-6)


def test_no_layer_leaves_the_start() -> None:
    case = Case(8, 3, layers=0)
    for start, begin in ((None, case.uniform), (case.start, case.start)):
        engine = RingEngine(case.basis, case.costs, Precision.DOUBLE, start)
        assert np.abs(engine.evolve(case.gammas, case.betas) - begin).max() < 1e-15
        value, by_gamma, by_beta = engine.value_and_gradient(case.gammas, case.betas)
        assert (by_gamma.size, by_beta.size) == (0, 0)
        assert value == pytest.approx(float((np.abs(begin) ** 2 * case.costs).sum()))


@pytest.mark.usefixtures("way")
def test_a_fork_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool of the parent looks whole in a fork, and waits for ever."""
    case = Case(8, 4)
    engine = RingEngine(case.basis, case.costs, Precision.DOUBLE, threads=2)
    gammas, betas = np.random.default_rng(3).normal(size=(2, 40, 2))
    expected = engine.expectations(gammas, betas).tolist()
    with monkeypatch.context() as forked:
        forked.setattr(ThreadPoolExecutor, "submit", _never)
        forked.setattr(ring, "ThreadPoolExecutor", _OwnPool)
        forked.setattr("quant.quantum.ring.engine.os.getpid", lambda: 0)
        assert engine.expectations(gammas, betas).tolist() == expected


def test_calls_at_once_do_not_disturb_each_other() -> None:
    case = Case(14, 7)
    engine = RingEngine(case.basis, case.costs, Precision.DOUBLE, threads=4)
    gammas, betas = np.random.default_rng(2).normal(size=(2, 64, 1))
    one_by_one = [engine.expectation(*angles) for angles in zip(gammas, betas, strict=True)]
    assert engine.expectations(gammas, betas).tolist() == one_by_one
