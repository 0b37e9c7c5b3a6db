"""Check that bases measure every word once, agree with their words, and get shots enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from jobs.plans.pauli_bases import MAX_WORDS, Basis, bases_of

WIDTH = 4
words = st.text("IXYZ", min_size=WIDTH, max_size=WIDTH)
observables = st.dictionaries(words, st.floats(-3.0, 3.0), min_size=1, max_size=12)


@given(st.lists(observables, min_size=1, max_size=4), st.floats(0.05, 0.5))
def test_every_word_is_told_by_one_basis_that_measures_its_letters(
    asked: list[dict[str, float]], precision: float
) -> None:
    bases = bases_of(asked, precision)
    told = [word for basis in bases for word in basis.words]
    assert sorted(told) == sorted({word for each in asked for word in each} - {"I" * WIDTH})
    for basis in bases:
        for word in basis.words:
            pairs = zip(word, basis.letters, strict=True)
            assert all(letter in ("I", measured) for letter, measured in pairs)


@given(st.lists(observables, min_size=1, max_size=4), st.floats(0.05, 0.5))
def test_no_observable_may_vary_by_more_than_was_asked(
    asked: list[dict[str, float]], precision: float
) -> None:
    bases = bases_of(asked, precision)
    for observable in asked:
        greatest = sum(
            sum(abs(observable.get(word, 0.0)) for word in basis.words) ** 2 / basis.shots
            for basis in bases
        )
        assert greatest <= precision**2 * (1 + 1e-9)


def test_words_that_agree_are_measured_together() -> None:
    bases = bases_of([{"ZZ": 1.0, "ZI": 1.0, "IZ": 1.0, "XX": 1.0}], 0.1)
    assert [(basis.letters, sorted(basis.words)) for basis in bases] == [
        ("XX", ["XX"]),
        ("ZZ", ["IZ", "ZI", "ZZ"]),
    ]
    assert [basis.shots for basis in bases] == [400, 1200]


def test_the_identity_needs_no_shots() -> None:
    assert bases_of([{"II": 2.0}], 0.1) == ()


def test_only_qubits_with_a_letter_are_measured() -> None:
    (basis,) = bases_of([{"IXIZ": 1.0}], 0.1)
    assert basis.support == (0, 2)
    assert Basis.from_json(basis.to_json()) == basis


@pytest.mark.parametrize("precision", [1e-6, 1e-200])
def test_a_precision_that_takes_too_many_shots_is_named(precision: float) -> None:
    with pytest.raises(InvalidInput, match="precision: it would take"):
        bases_of([{"ZZ": 1.0}], precision)


def test_too_many_words_are_named() -> None:
    every = {
        "".join("IXYZ"[number >> 2 * place & 3] for place in range(6)): 1.0
        for number in range(MAX_WORDS + 2)
    }
    with pytest.raises(InvalidInput, match=r"observables: expected at most 2,000"):
        bases_of([every], 0.1)
