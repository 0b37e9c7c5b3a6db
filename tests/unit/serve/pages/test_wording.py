"""Check that every permission has its words, and that browsers are called by their names."""

from datetime import UTC, datetime

import pytest

from core.identity import Permission
from serve.pages.wording import SENTENCES, browser, day, moment, sentences

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/155.0 Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/155.0 Safari/537.36 Edg/155.0"


def test_every_permission_has_its_own_sentence() -> None:
    assert set(SENTENCES) == set(Permission)
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_permissions_are_told_in_one_order() -> None:
    asked = {Permission.RUNS_SUBMIT, Permission.MARKET_READ}
    assert sentences(asked) == ["read prices, curves, weather and forecasts", "start runs"]


@pytest.mark.parametrize(
    ("user_agent", "named"),
    [
        (CHROME, "Chrome on Linux"),
        (EDGE, "Edge on Windows"),
        ("Firefox/140.0", "Firefox"),
        ("heliostat-cli/1", "heliostat-cli/1"),
        ("", "a program that does not say its name"),
    ],
)
def test_browsers_are_called_by_their_names(user_agent: str, named: str) -> None:
    assert browser(user_agent) == named


def test_moments_are_written_for_people() -> None:
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (day(when), moment(when)) == ("4 March 2026", "4 March 05:06 UTC")
