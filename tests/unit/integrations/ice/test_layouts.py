"""Hold the layouts: a message reads the same when its layout is new and when it is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ice.fix import encode, pairs_of
from integrations.ice.layouts import Layouts, Values

TAG_OF_FIELD = {"price": "270", "size": "271", "day": "272", "clock": "273", "report": "83"}
TAGS = (*(int(tag) for tag in TAG_OF_FIELD.values()), 262, 346, 9999)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=1, max_size=12)
ENTRY = st.dictionaries(st.sampled_from(TAGS), VALUE, max_size=6)


def update(*entries: dict[int, str], count: int | None = None) -> bytes:
    fields = [(268, str(len(entries) if count is None else count))]
    for entry in entries:
        fields += [(279, "0"), (269, "1"), (55, "BRN"), *entry.items()]
    return encode("X", fields, sequence=7, sent_ns=0, sender="ICEMD", target="HELIOSTAT")


def expected(entry: dict[int, str]) -> dict[str, str]:
    return {name: entry.get(int(tag), "") for name, tag in TAG_OF_FIELD.items()}


def read(values: Values) -> dict[str, str]:
    return {name: getattr(values, name) for name in TAG_OF_FIELD}


@given(st.lists(ENTRY, min_size=1, max_size=3), st.lists(ENTRY, min_size=1, max_size=3))
def test_every_entry_has_its_own_values(
    first: list[dict[int, str]], second: list[dict[int, str]]
) -> None:
    layouts = Layouts()
    for entries in (first, second, first, second):
        header, values = layouts.read(update(*entries))
        assert (header.kind, header.number, header.entry_count) == ("X", "7", str(len(entries)))
        assert [read(each) for each in values] == [expected(entry) for entry in entries]


@pytest.mark.parametrize("known", [False, True])
def test_a_field_of_an_entry_that_comes_twice_is_refused(known: bool) -> None:
    layouts = Layouts()
    if known:
        layouts.read(update({270: "71.40", 271: "5"}))
    twice = update({270: "71.40", 271: "5"}).replace(b"271=5", b"270=5")
    with pytest.raises(ValueError, match="twice"):
        layouts.read(twice)


@pytest.mark.parametrize("known", [False, True])
def test_a_field_without_a_value_is_refused(known: bool) -> None:
    layouts = Layouts()
    if known:
        layouts.read(update({270: "71.40"}))
    with pytest.raises(ValueError, match="no value"):
        layouts.read(update({270: "71.40"}).replace(b"270=71.40", b"270="))


def test_a_layout_is_of_one_kind_of_message() -> None:
    layouts, frame = Layouts(), update({270: "71.40"})
    assert len(layouts.read(frame)[1]) == 1
    # An image has no actions: the same tags are laid out differently in it.
    header, entries = layouts.read(frame.replace(b"35=X", b"35=W"))
    assert (header.kind, len(entries)) == ("W", 1)


def test_more_layouts_than_are_remembered_read_the_same() -> None:
    layouts = Layouts()
    for tag in range(5000, 5200):
        frame = update({tag: "x", 270: str(tag)})
        assert layouts.read(frame)[1][0].price == str(tag)
        assert ["270", str(tag)] in pairs_of(frame)
