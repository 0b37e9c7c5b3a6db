"""Check how settlements become a problem: a loop follows each contract by name."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from core.specifications.portfolio import PortfolioSpecification
from jobs.plans.histories import (
    Series,
    contracts_of,
    dollar_changes,
    history_request,
    pose_portfolio,
    require_loaded,
)
from quant.calendars import business_days, calendar_of, last_trade_date
from quant.continuous import SettlementHistory
from quant.portfolio_problem import PortfolioProblem
from storage.settlement_windows import LoadedHistories

Reals = NDArray[np.float64]
RECORDED = datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
SIZES = {"CL": 1000.0, "NG": 10_000.0, "HO": 42_000.0, "RB": 42_000.0, "B": 1000.0, "G": 100.0}


def specification(**changes: Any) -> PortfolioSpecification:
    asked: dict[str, Any] = {
        "products": ("CL", "NG"),
        "choose": 2,
        "of": 6,
        "source": "import:rtl",
        "as_of": date(2023, 12, 29),
        "window_days": 40,
    }
    return PortfolioSpecification(**{**asked, **changes})


def posed(
    asked: PortfolioSpecification,
    made: Sequence[SettlementHistory],
    recorded: datetime = RECORDED,
) -> PortfolioProblem:
    return pose_portfolio(asked, LoadedHistories(histories=tuple(made), recorded_until=recorded))


def history(
    product: str, days: Sequence[date], columns: int, random: np.random.Generator
) -> SettlementHistory:
    steps = random.normal(size=(len(days), columns))
    return SettlementHistory(
        product=product, dates=tuple(days), settlements=50 + steps.cumsum(axis=0)
    )


def histories(*products: str, seed: int = 1, columns: int = 5) -> list[SettlementHistory]:
    """Make random prices of 2023, each product with a few days missing."""
    random = np.random.default_rng(seed)
    made = []
    for product in products:
        days = business_days(date(2023, 9, 1), date(2023, 12, 29), calendar_of(product))
        kept = np.sort(random.choice(len(days) - 1, len(days) - 4, replace=False))
        chosen = [days[n] for n in kept] + [days[-1]]
        made.append(history(product, chosen, columns, random))
    return made


def contracts_on(product: str, day: date, count: int) -> list[Instrument]:
    month = ContractMonth(day.year, day.month).plus(-2)
    found: list[Instrument] = []
    while len(found) < count:
        instrument = Instrument(product, month)
        if last_trade_date(instrument) >= day:
            found.append(instrument)
        month = month.plus(1)
    return found


def price_of(of: SettlementHistory, day: date, contract: Instrument) -> float:
    listed = contracts_on(of.product, day, of.settlements.shape[1])
    return float(of.settlements[of.dates.index(day), listed.index(contract)])


def followed_changes(
    made: Sequence[SettlementHistory], window_days: int, positions: int
) -> tuple[list[date], list[list[float]]]:
    """Compute one list of changes per contract, one cell at a time."""
    days = [day for day in made[0].dates if all(day in other.dates for other in made)]
    days = days[-window_days - 1 :]
    columns = []
    for one in made:
        for position in range(positions):
            changes = []
            for before, day in pairwise(days):
                held = contracts_on(one.product, day, positions)[position]
                change = price_of(one, day, held) - price_of(one, before, held)
                changes.append(SIZES[one.product] * change)
            columns.append(changes)
    return days, columns


def covariance(one: Sequence[float], other: Sequence[float]) -> float:
    mean, other_mean = sum(one) / len(one), sum(other) / len(other)
    pairs = zip(one, other, strict=True)
    return sum((a - mean) * (b - other_mean) for a, b in pairs) / (len(one) - 1)


class TestProblem:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("products", [("CL",), ("CL", "NG"), ("HO", "B", "G")])
    def test_agrees_with_following_each_contract(
        self, products: tuple[str, ...], seed: int
    ) -> None:
        made = histories(*products, seed=seed)
        asked = specification(products=products, of=3 * len(products), risk_aversion=0.25)
        problem = posed(asked, made)
        days, columns = followed_changes(made, 40, 3)
        sigma = [[covariance(one, other) for other in columns] for one in columns]
        scale = sum(sigma[i][i] for i in range(len(columns))) / len(columns)
        assert problem.scale == pytest.approx(scale, rel=1e-9)
        mu = [sum(changes) / len(changes) / scale for changes in columns]
        np.testing.assert_allclose(problem.mu, mu, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(problem.sigma, np.array(sigma) / scale, rtol=1e-8, atol=1e-9)
        assert (problem.q, problem.k) == (0.25, 2)
        assert (problem.window.first, problem.window.last) == (days[1], days[-1])
        assert problem.window.days == 40
        rolls = {contracts_on(products[0], day, 1)[0] for day in days}
        assert len(rolls) >= 2

    def test_labels_name_products_and_positions_in_order(self) -> None:
        asked = specification(products=("NG", "CL"))
        problem = posed(asked, histories("NG", "CL"))
        assert problem.labels == ("NG01", "NG02", "NG03", "CL01", "CL02", "CL03")

    def test_uses_the_days_that_every_product_settled(self) -> None:
        made = histories("CL", "NG")
        shared = sorted(set(made[0].dates) & set(made[1].dates))
        assert set(shared) < set(made[0].dates)
        problem = posed(specification(), made)
        assert problem.window.first == shared[-40]
        alone = posed(specification(products=("CL",), of=3), made[:1])
        assert alone.window.first == made[0].dates[-40]

    def test_negative_prices_are_data(self) -> None:
        days = [date(2020, 4, 17), date(2020, 4, 20), date(2020, 4, 21), date(2020, 4, 22)]
        filler = business_days(date(2020, 3, 2), date(2020, 4, 16), calendar_of("CL"))
        rows = [[18.27, 25.03], [-37.63, 20.43], [10.01, 11.57], [13.78, 20.69]]
        prices = np.array([[20.0, 25.0]] * len(filler) + rows)
        crude = SettlementHistory(product="CL", dates=(*filler, *days), settlements=prices)
        asked = specification(products=("CL",), of=2, choose=1, window_days=20)
        with pytest.raises(InvalidInput, match="position 2 has no change on 2020-04-22"):
            posed(asked, [crude])
        wider = np.hstack([prices, [[30.0]] * len(prices)])
        problem = posed(asked, [replace(crude, settlements=wider)])
        changes = 1000 * np.array([-1.73, -55.90, 47.64, 13.78 - 11.57])
        assert problem.mu[0] * problem.scale == pytest.approx(changes.sum() / 20)


class TestErrors:
    def test_too_few_dates(self) -> None:
        made = histories("CL", "NG")
        shared = len(set(made[0].dates) & set(made[1].dates))
        with pytest.raises(InvalidInput) as caught:
            posed(specification(window_days=shared), made)
        assert caught.value.context["field"] == "window_days"
        assert f"CL, NG share {shared} settlement dates in import:rtl" in caught.value.detail
        assert f"{shared + 1} are needed" in caught.value.detail

    def test_no_common_date(self) -> None:
        made = histories("CL", "NG")
        earlier = replace(made[0], dates=tuple(day - timedelta(days=7000) for day in made[0].dates))
        with pytest.raises(InvalidInput, match="share 0 settlement dates"):
            posed(specification(), [earlier, made[1]])

    @pytest.mark.parametrize("asked", [6, 12])
    def test_more_contracts_than_there_are(self, asked: int) -> None:
        made = histories("CL", "NG", columns=asked - 1)
        with pytest.raises(InvalidInput) as caught:
            posed(specification(of=2 * asked), made)
        assert caught.value.context["field"] == "of"
        assert f"CL has {asked - 1} contracts on 2023-12-29, {asked} were" in caught.value.detail

    def test_contracts_that_do_not_settle_are_not_there(self) -> None:
        made = histories("CL", "NG")
        made[1].settlements[-1, 2:] = np.nan
        with pytest.raises(InvalidInput, match="NG has 2 contracts"):
            posed(specification(), made)

    def test_a_missing_price(self) -> None:
        made = histories("CL", "NG")
        day = made[1].dates[-10]
        assert day in made[0].dates
        made[1].settlements[-10, 1] = np.nan
        with pytest.raises(InvalidInput) as caught:
            posed(specification(), made)
        assert caught.value.context["field"] == "window_days"
        assert f"NG position 2 has no change on {day}" in caught.value.detail

    def test_a_missing_price_before_the_window_is_harmless(self) -> None:
        made = histories("CL", "NG")
        made[0].settlements[0] = np.nan
        posed(specification(), made)

    def test_a_size_that_depends_on_the_month(self) -> None:
        asked = specification(products=("TTF",), of=3)
        with pytest.raises(InvalidInput) as caught:
            posed(asked, histories("TTF"))
        assert caught.value.context["field"] == "products"


class TestSeries:
    def test_contracts_are_named_product_by_product(self) -> None:
        labels = [one.label for one in contracts_of(specification(products=("NG", "CL"), of=4))]
        assert labels == ["NG01", "NG02", "CL01", "CL02"]

    def test_asks_for_what_stands_beside_the_contracts_too(self) -> None:
        beside = [Series(product="HO", position=2), Series(product="CL", position=9)]
        asked = history_request(specification(), beside)
        assert asked.products == ("CL", "NG", "HO")
        assert (asked.positions, asked.days, asked.source) == (9, 40, "import:rtl")

    def test_a_series_asked_for_twice_is_there_twice(self) -> None:
        made = LoadedHistories(histories=tuple(histories("CL", "NG")), recorded_until=RECORDED)
        series = [Series(product=code, position=n) for code, n in (("NG", 3), ("CL", 1), ("NG", 3))]
        changes = dollar_changes(specification(), series, made).values
        _, columns = followed_changes(made.histories, 40, 3)
        np.testing.assert_allclose(changes.T, [columns[5], columns[0], columns[5]], rtol=1e-9)

    def test_a_position_that_is_not_there_names_who_asked(self) -> None:
        made = LoadedHistories(histories=tuple(histories("CL", "NG")), recorded_until=RECORDED)
        leg = Series(product="NG", position=6, field="exposure")
        with pytest.raises(InvalidInput) as caught:
            dollar_changes(specification(), [leg], made)
        assert caught.value.context["field"] == "exposure"

    def test_histories_that_were_not_read_are_missed(self) -> None:
        with pytest.raises(InvalidInput, match="source"):
            require_loaded(None)


class TestVintage:
    def test_names_source_time_and_prices(self) -> None:
        made = histories("CL", "NG")
        vintage = posed(specification(), made).vintage
        source, _, rest = vintage.partition("@")
        recorded, _, digest = rest.partition("#")
        assert source == "import:rtl"
        assert datetime.fromisoformat(recorded) == RECORDED
        assert len(digest) == 16
        assert posed(specification(), histories("CL", "NG")).vintage == vintage

    @pytest.mark.parametrize(("row", "column"), [(-1, 0), (-20, 2), (-1, 4)])
    def test_changes_with_a_revised_price(self, row: int, column: int) -> None:
        made = histories("CL", "NG")
        before = posed(specification(), made).vintage
        made[0].settlements[row, column] += 0.01
        assert posed(specification(), made).vintage != before

    def test_does_not_change_with_a_price_that_is_not_used(self) -> None:
        made = histories("CL", "NG")
        before = posed(specification(), made).vintage
        made[0].settlements[0, 0] += 0.01
        assert posed(specification(), made).vintage == before

    def test_changes_with_the_time_of_storage(self) -> None:
        made = histories("CL", "NG")
        later = RECORDED + timedelta(microseconds=1)
        before = posed(specification(), made).vintage
        assert posed(specification(), made, later).vintage != before


REAL = ("CL", "NG", "HO", "RB", "B")
EXPIRY_TABLES = {"CL": "cmewti", "NG": "cmeng", "B": "icebrent"}
Days = NDArray[np.datetime64]


def published_expiries(path: Path, product: str) -> Days:
    with path.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["cmdty"] == EXPIRY_TABLES[product]]
    return np.array(sorted({row["last_trade"] for row in rows}), dtype="datetime64[D]")


def last_days_of_months(days: Days) -> Days:
    """Return when HO and RB contracts end, for which the published table lacks 2023."""
    days = np.unique(days)
    months = days.astype("datetime64[M]")
    ends: Days = days[np.append(months[1:] != months[:-1], True)]
    return ends


def real_changes(product: str, table: Any, expiries: Days, days: Days) -> Reals:
    """Compute the changes of the four nearest contracts from the raw rows of the file."""
    dates, positions, prices = table
    price = {
        (day, int(position)): float(value)
        for day, position, value in zip(dates, positions, prices, strict=True)
        if position <= 8
    }
    fronts = np.searchsorted(expiries, days)
    out = np.empty((len(days) - 1, 4))
    for t in range(1, len(days)):
        rolled = int(fronts[t] - fronts[t - 1])
        for j in range(1, 5):
            out[t - 1, j - 1] = price[days[t], j] - price[days[t - 1], j + rolled]
    return out * SIZES[product]


def test_the_five_product_problem_of_real_prices(
    shared_data: Callable[[str], Path],
) -> None:
    table = pq.read_table(shared_data("futures_settlements.parquet"))
    dates = table["date"].to_numpy().astype("datetime64[D]")
    names = table["product"].to_numpy()
    raw = {}
    for product in REAL:
        mine = (names == product) & (dates >= np.datetime64("2022-06-01"))
        columns = (table["position"].to_numpy(), table["settlement"].to_numpy())
        raw[product] = (dates[mine], *(column[mine] for column in columns))
    shared = sorted(set.intersection(*(set(rows[0]) for rows in raw.values())))
    days = np.array(shared[-251:])
    published = shared_data("contract_expiries.csv")
    expiries = {
        code: published_expiries(published, code)
        if code in EXPIRY_TABLES
        else last_days_of_months(raw[code][0])
        for code in REAL
    }
    changes = np.hstack([real_changes(code, raw[code], expiries[code], days) for code in REAL])

    problem = posed(
        specification(products=REAL, of=20, choose=5, window_days=250),
        [_as_history(product, raw[product]) for product in REAL],
    )
    sigma = np.cov(changes, rowvar=False, ddof=1)
    assert problem.scale == pytest.approx(np.trace(sigma) / 20, rel=1e-12)
    np.testing.assert_allclose(problem.sigma * problem.scale, sigma, rtol=1e-9)
    np.testing.assert_allclose(problem.mu * problem.scale, changes.mean(axis=0), rtol=1e-9)
    assert problem.window.last == date(2023, 12, 29)
    assert problem.window.first == days[1].astype(date)
    assert problem.window.days == 250
    assert problem.labels[::4] == ("CL01", "NG01", "HO01", "RB01", "B01")
    assert PortfolioProblem.from_json(problem.to_json()).sigma.tolist() == problem.sigma.tolist()


def _as_history(product: str, rows: Any) -> SettlementHistory:
    dates, positions, prices = rows
    days, at = np.unique(dates, return_inverse=True)
    kept = positions <= 6
    matrix = np.full((len(days), 6), np.nan)
    matrix[at[kept], positions[kept] - 1] = prices[kept]
    return SettlementHistory(product=product, dates=tuple(days.tolist()), settlements=matrix)
