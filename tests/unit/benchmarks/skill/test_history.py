from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest

from benchmarks.skill import history as history_module
from benchmarks.skill.history import histories

SharedData = Callable[[str], Path]


def table(first: date, last: date, price: float = 70.0) -> pa.Table:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    rows = [(day, n) for day in days.tolist() for n in (1, 2)]
    return pa.table(
        {
            "date": [day for day, _ in rows],
            "product": ["CL"] * len(rows),
            "position": [n for _, n in rows],
            "settlement": [price + n for _, n in rows],
        }
    )


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "default.parquet"
    parquet.write_table(table(date(2020, 1, 1), date(2023, 12, 31)), path)
    monkeypatch.setattr(history_module, "SETTLEMENTS", path)
    return path


def test_only_business_days_are_kept(default: Path) -> None:
    found = histories(default, date(2023, 1, 1))["CL"]
    assert date(2023, 7, 4) not in found.dates
    assert date(2023, 7, 8) not in found.dates
    assert date(2023, 7, 5) in found.dates
    np.testing.assert_array_equal(found.settlements, [[71.0, 72.0]] * len(found.dates))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_of_new_days_alone_is_preceded_by_the_default(
    default: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"new.{suffix}"
    new = table(date(2024, 1, 1), date(2024, 3, 29), price=80.0)
    if suffix == "csv":
        csv.write_csv(new, path)
    else:
        parquet.write_table(new, path)
    found = histories(path, date(2024, 1, 1))["CL"]
    assert found.dates[0] == date(2020, 1, 2)
    assert found.dates[-1] == date(2024, 3, 28)
    seam = found.dates.index(date(2024, 1, 2))
    np.testing.assert_array_equal(found.settlements[[seam - 1, seam], 0], [71.0, 81.0])


def test_a_file_with_a_warm_up_of_its_own_stands_alone(default: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    parquet.write_table(table(date(2021, 1, 1), date(2024, 3, 29), price=80.0), path)
    found = histories(path, date(2024, 1, 1))["CL"]
    assert found.dates[0] == date(2021, 1, 4)
    assert (found.settlements[:, 0] == 81.0).all()


def test_a_gap_before_the_file_is_not_bridged(default: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.parquet"
    parquet.write_table(table(date(2024, 2, 1), date(2024, 3, 29)), path)
    assert histories(path, date(2024, 2, 1))["CL"].dates[0] == date(2024, 2, 1)


def test_the_real_file_has_five_products_on_business_days(shared_data: SharedData) -> None:
    found = histories(shared_data("futures_settlements.parquet"), date(2015, 1, 1))
    assert {code: len(history.dates) for code, history in found.items()} == {
        "CL": 4_282,
        "NG": 4_282,
        "HO": 4_282,
        "RB": 4_282,
        "B": 4_388,
    }
    changes = {code: history.held_changes(12) for code, history in found.items()}
    assert all(np.isfinite(values[60:]).all() for values in changes.values())
