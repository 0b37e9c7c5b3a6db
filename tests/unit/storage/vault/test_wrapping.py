"""Check the wrap against its published vector, and what keys are taken from."""

import base64
import os
import pickle
from pathlib import Path
from uuid import uuid4

import pytest

from core.errors import InvalidInput, StackError, VaultSealBroken
from storage.vault.sources import KeyRing, KeySource, VaultConfig
from storage.vault.wrapping import LocalKey, parse_key

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


async def test_wrap_of_the_published_vector() -> None:
    key = LocalKey(bytes.fromhex("000102030405060708090A0B0C0D0E0F"))
    data = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    wrapped = await key.wrap(data, uuid4())
    assert wrapped.hex() == "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"
    assert await key.unwrap(wrapped, uuid4()) == data


async def test_any_changed_bit_of_a_wrapped_key_is_found() -> None:
    key = LocalKey(KEY)
    wrapped = await key.wrap(os.urandom(32), uuid4())
    for bit in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultSealBroken):
            await key.unwrap(bytes(changed), uuid4())
    for short in (b"", wrapped[:-8], wrapped[:-1]):
        with pytest.raises(VaultSealBroken):
            await key.unwrap(short, uuid4())


def test_keys_are_read_in_both_alphabets_of_base64() -> None:
    key = b"\xfb\xff" * 16
    assert parse_key(base64.b64encode(key).decode() + "\n", "x") == key
    assert parse_key(base64.urlsafe_b64encode(key).decode().rstrip("="), "x") == key


@pytest.mark.parametrize("text", ["", "secret?", TEXT[:-8], TEXT + TEXT, "ä" * 44])
def test_what_is_no_key_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_key(text, "HERE")
    assert caught.value.context["field"] == "HERE"
    assert not text or text not in caught.value.detail


def test_the_name_of_a_key_and_the_text_of_its_source_tell_nothing_of_it() -> None:
    source = KeySource(text=TEXT)
    assert TEXT not in repr(VaultConfig(current=source))
    assert KeyRing(VaultConfig(current=source)).current().name.startswith("local:")
    assert pickle.loads(pickle.dumps(source)) == source  # noqa: S301 - our own bytes


def test_a_file_is_read_anew_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    path.write_text(TEXT + "\n")
    ring = KeyRing(VaultConfig(current=KeySource(path=path)))
    old = ring.current().name
    draft = tmp_path / "draft"
    draft.write_text(f"{base64.b64encode(os.urandom(32)).decode()}\n{TEXT}\n")
    draft.replace(path)
    assert ring.current().name != old
    assert ring.named(old) is not None
    assert set(ring.holders().values()) == {"file"}


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    ring = KeyRing(VaultConfig(current=KeySource(path=tmp_path / "gone.key")))
    with pytest.raises(StackError):
        ring.current()
    (tmp_path / "gone.key").write_text("\n")
    with pytest.raises(InvalidInput):
        ring.current()
