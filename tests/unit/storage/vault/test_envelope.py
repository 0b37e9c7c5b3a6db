"""Check that a sealed secret opens as what it was, and as nothing else."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import VaultSealBroken
from storage.vault import envelope

KEY = envelope.new_data_key()


@given(st.binary(max_size=300), st.text(max_size=20))
def test_a_secret_comes_back(plaintext: bytes, purpose: str) -> None:
    key_id = uuid4()
    sealed = envelope.seal(KEY, key_id, plaintext, purpose)
    assert envelope.open_sealed(KEY, sealed, purpose) == plaintext
    assert envelope.key_id_of(sealed) == key_id


@given(st.data())
def test_any_changed_bit_breaks_the_seal(data: st.DataObject) -> None:
    sealed = bytearray(envelope.seal(KEY, uuid4(), b"a secret of some length", "x"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VaultSealBroken):
        envelope.open_sealed(KEY, bytes(sealed), "x")


def test_another_purpose_key_or_length_breaks_the_seal() -> None:
    sealed = envelope.seal(KEY, uuid4(), b"secret", "webhook")
    for data_key, given_bytes, purpose in (
        (KEY, sealed, "webhook "),
        (KEY, sealed, ""),
        (envelope.new_data_key(), sealed, "webhook"),
        (KEY, sealed[:-1], "webhook"),
        (KEY, sealed + b"\0", "webhook"),
        (KEY, b"", "webhook"),
        (KEY, sealed[:40], "webhook"),
    ):
        with pytest.raises(VaultSealBroken) as caught:
            envelope.open_sealed(data_key, given_bytes, purpose)
        assert caught.value.__cause__ is None


def test_nothing_is_sealed_alike_twice() -> None:
    key_id = uuid4()
    assert len({envelope.seal(KEY, key_id, b"secret", "x") for _ in range(100)}) == 100
