"""Run `heliostat risk` against the whole API over a port, of settlements in a real database."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import heliostat
from cluster.main import app
from storage.pool import Pools
from tests.april_2020 import april, rows_of, store, trading_days
from tests.on_postgres.serve.conftest import KEY

pytestmark = pytest.mark.postgres

SOURCE = "import:test"
DAYS = trading_days(date(2021, 6, 1), date(2023, 12, 29))
BOOK = """kind,instrument,contracts,price,right,strike,expiry,style,volatility,legs,label
future,CL-202403,10,,,,,,,,crude
option,CL-202404,-20,,put,28,,american,,,floor
spread,,3,,,,,,,CL-202403:-1;CL-202406:1,calendar
future,CL-202001,5,,,,,,,,old
"""


async def run(address: str, *words: str) -> Result:
    options = {"url": address, "key": KEY}
    return await asyncio.to_thread(CliRunner().invoke, app, ["risk", *words], obj=options)


async def shown(address: str, *words: str) -> Any:
    result = await run(address, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
async def book(pools: Pools, tmp_path: Path) -> str:
    await store(pools, rows_of("CL", DAYS), SOURCE)
    file = tmp_path / "book.csv"
    file.write_text(BOOK)
    return str(file)


async def test_every_command_tells_and_draws_what_the_api_answers(
    url: str,
    book: str,
    tmp_path: Path,
) -> None:
    for words, first in (
        (("var", "--method", "filtered", "--horizon", "5"), "filtered, 5 days"),
        (("stress",), "stresses"),
        (("explain", "--since", "2023-12-01"), "profit to 2023-12-29"),
        (("backtest", "--days", "100", "--level", "0.95"), "historical at 0.95"),
    ):
        picture = tmp_path / f"{words[0]}.png"
        result = await run(url, *words, "--file", book, "--plot", str(picture))
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(first)
        assert "expired: CL-202001" in result.stdout
        assert picture.stat().st_size > 10_000


async def test_what_is_shown_is_what_the_client_returns(
    url: str,
    book: str,
) -> None:
    told_json = await shown(url, "var", "--file", book, "--level", "0.95")
    positions = [
        heliostat.FuturePosition(instrument="CL-202403", contracts=10, label="crude"),
        heliostat.OptionPosition(
            instrument="CL-202404",
            right="put",
            strike="28",
            style="american",
            contracts=-20,
            label="floor",
        ),
        heliostat.SpreadPosition(
            legs=[
                heliostat.SpreadLeg(instrument="CL-202403", ratio=-1),
                heliostat.SpreadLeg(instrument="CL-202406", ratio=1),
            ],
            contracts=3,
            label="calendar",
        ),
    ]
    async with heliostat.AsyncClient(url, KEY) as client:
        found = await client.risk(positions, levels=[0.95])
        assert len(await client.stresses()) >= 7
    assert found.model_dump(mode="json")["levels"] == told_json["levels"]
    codes = {note.code for note in found.market.notes}
    assert codes == {"volatilities-stand-still", "approximation"}


async def test_negative_crude_of_one_contract(
    url: str,
    pools: Pools,
    tmp_path: Path,
) -> None:
    await store(pools, april("CL"), SOURCE)
    file = tmp_path / "one.csv"
    file.write_text("kind,instrument,contracts\nfuture,CL-202005,1\n")
    asked = ("--file", str(file), "--as-of", "2020-04-20")
    found = await shown(url, "stress", *asked, "--stress", "negative-wti-2020")
    assert found["outcomes"][0]["profit"] == pytest.approx(-55_900.0)
    found = await shown(url, "stress", *asked, "--shift", "CL=10%")
    assert found["outcomes"][0]["profit"] == pytest.approx(3_763.0)
    refused = await run(url, "var", "--file", str(file), "--as-of", "2001-01-02")
    assert refused.exit_code == 5
    assert "No curve of CL" in refused.stderr
