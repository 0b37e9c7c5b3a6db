"""Check which answers are known to who asks, after the examples of RFC 9110, 8.8.3.2 and 13.1.2."""

import pytest

from serve.conditional import is_known


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ('"xyzzy"', True),
        ('W/"xyzzy"', True),
        ('"xyzzy", "r2d2xxxx", "c3piozzzz"', True),
        ('W/"r2d2xxxx",W/"xyzzy"', True),
        ("*", True),
        ('"XYZZY"', False),
        ("xyzzy", False),
        ('"xyzzy-2"', False),
        ("", False),
    ],
)
def test_a_tag_is_known_where_it_is_named(header: str | None, expected: bool) -> None:
    assert is_known('"xyzzy"', header) is expected
