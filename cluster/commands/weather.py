"""Own `heliostat weather`: the stations at a glance, or one with its forecast and degree days."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.chart import chart_lines
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from heliostat import (
        CurrentWeather,
        DailyForecast,
        DegreeDays,
        HourlyForecast,
        WeatherStation,
    )

_CHART_HOURS = 48
_CHART_POINTS = 16


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "weather",
        epilog=teach("heliostat weather", "heliostat weather KORD", "heliostat weather --json"),
    )(weather)


def weather(
    context: typer.Context,
    station: Annotated[
        str | None,
        typer.Argument(metavar="[STATION]", help="One station, such as KORD, with its forecast."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="openweather or sandbox; otherwise the one that spoke last."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the weather at every station, or at one: now, by the hour, by the day.

    HDD and CDD are heating and cooling degree days, base 65 °F, which gas and power demand
    follow; the column `from` says whether a day was observed or is forecast.
    """
    with connect(context, data) as client:
        if station is None:
            stations = client.weather_stations()
            if as_json:
                show_json({"items": [one.model_dump(mode="json") for one in stations]})
            else:
                show(station_table(stations))
            return
        code = station.upper()
        current = client.weather(code, source=source)
        # One source for all parts, although another may speak in between.
        hourly = client.hourly_forecast(code, source=current.source)
        daily = client.daily_forecast(code, source=current.source)
        degrees = client.degree_days(code, source=current.source)
    if as_json:
        parts = {"current": current, "hourly": hourly, "daily": daily, "degree_days": degrees}
        show_json({name: part.model_dump(mode="json") for name, part in parts.items()})
    else:
        show(
            current_line(current),
            "",
            day_table(daily, degrees),
            *hour_chart(hourly),
        )


def station_table(stations: "tuple[WeatherStation, ...]") -> "Table":
    """Return one row a station."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("station", "name"):
        table.add_column(name)
    for name in ("°C", "wind m/s", "humidity %"):
        table.add_column(name, justify="right")
    for name in ("sky", "observed", "source"):
        table.add_column(name)
    for one in stations:
        latest = one.latest
        if latest is None:
            words = "nothing yet" if one.is_polled else "not followed"
            table.add_row(one.code, one.name, "", "", "", words)
            continue
        table.add_row(
            one.code,
            one.name,
            f"{latest.temp_c:z.1f}",
            f"{latest.wind_speed_m_per_s:.1f}",
            f"{latest.humidity_percent:.0f}",
            latest.condition,
            f"{latest.observed_at:%Y-%m-%d %H:%M %Z}",
            one.source or "",
        )
    return table


def current_line(current: "CurrentWeather") -> "Text":
    """Return the line above a station: weather, moment, source."""
    from rich.text import Text

    seen = current.observation
    words = f"  {seen.temp_c:z.1f} °C, feels like {seen.feels_like_c:z.1f} °C, {seen.condition}"
    line = Text.assemble((current.station, "bold"), words)
    line.append(f"  {seen.observed_at:%Y-%m-%d %H:%M %Z}  source ")
    line.append(current.source, "bold")
    return line


def day_table(daily: "DailyForecast", degrees: "DegreeDays") -> "Table":
    """Return one row a day of the forecast, with its degree days where they are known."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("day")
    for name in ("lowest °C", "highest °C", "rain %", "HDD", "CDD"):
        table.add_column(name, justify="right")
    for name in ("from", "sky"):
        table.add_column(name)
    by_day = {one.day: one for one in degrees.items}
    for day in daily.items:
        known = by_day.get(day.day)
        table.add_row(
            day.day.isoformat(),
            f"{day.min_c:z.1f}",
            f"{day.max_c:z.1f}",
            f"{100 * day.precipitation_probability:.0f}",
            "" if known is None else f"{known.hdd_f:.1f}",
            "" if known is None else f"{known.cdd_f:.1f}",
            "" if known is None else known.basis,
            day.condition,
        )
    return table


def hour_chart(hourly: "HourlyForecast") -> list[str]:
    """Return the lines of a small chart of the temperature of the next two days."""
    covered = hourly.items[: _CHART_HOURS // max(one.step_h for one in hourly.items)]
    points = covered[:: max(1, len(covered) // _CHART_POINTS)]
    labels = [f"{one.valid_at:%a %H}h" for one in points]
    temperatures = [Decimal(str(round(one.temp_c, 1))) for one in points]
    title = f"°C, times in UTC, issued {hourly.issued_at:%Y-%m-%d %H:%M %Z}"
    return ["", title, *chart_lines(temperatures, labels)]
