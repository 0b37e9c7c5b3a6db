"""Check the form of keys: made ones are well formed, and a typing error is seen at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api_keys import digest_of, is_well_formed, new_secret


def test_made_keys_are_well_formed_and_differ() -> None:
    keys = {new_secret() for _ in range(100)}
    assert len(keys) == 100
    assert all(map(is_well_formed, keys))
    assert len({digest_of(key) for key in keys}) == 100


@given(st.integers(0, 56), st.characters(max_codepoint=0x7F))
def test_any_single_change_is_seen(place: int, character: str) -> None:
    key = new_secret()
    changed = key[:place] + character + key[place + 1 :]
    assert is_well_formed(changed) == (changed == key)


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda key: key[:-1], lambda key: key * 2]
)
def test_other_forms_are_refused(change: object) -> None:
    assert callable(change)
    assert not is_well_formed(change(new_secret()))


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    assert not is_well_formed(text)
