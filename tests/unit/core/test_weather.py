"""Check the registry of stations and the words for sources."""

from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInput, NotFound
from core.weather import POLLED_STATIONS, SOURCES, STATIONS, station, validate_weather_source


def test_five_stations_are_polled_and_a_spare_is_not() -> None:
    assert POLLED_STATIONS == ("KORD", "KLGA", "KIAH", "KDFW", "KPHL")
    assert set(STATIONS) - set(POLLED_STATIONS) == {"KBOS"}


@pytest.mark.parametrize("code", STATIONS)
def test_a_station_lies_where_its_clock_says(code: str) -> None:
    found = station(code)
    assert found.code == code
    assert ZoneInfo(found.time_zone).key == found.time_zone
    eastern = found.time_zone == "America/New_York"
    assert (found.longitude_deg > -82) is eastern
    assert 25 < found.latitude_deg < 49


def test_an_unknown_station_is_not_found() -> None:
    with pytest.raises(NotFound, match="Station XXXX does not exist"):
        station("XXXX")


def test_sources_are_two_words() -> None:
    assert [validate_weather_source(source) for source in SOURCES] == ["openweather", "sandbox"]
    for wrong in ("", "cme", "import:mine", "OpenWeather"):
        with pytest.raises(InvalidInput, match="expected openweather or sandbox"):
            validate_weather_source(wrong)
