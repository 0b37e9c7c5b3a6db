"""Check what settlement files are read as, and that the first bad cell is named."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettlementFileRejected
from core.products import PRODUCTS
from storage.settlement_files import read_table
from storage.settlement_table import SettlementTable

HEADER = "date,product,position,settlement\n"


def csv_table(text: str) -> SettlementTable:
    return read_table("file.csv", text.encode(), PRODUCTS)


def parquet_table(columns: dict[str, Any]) -> SettlementTable:
    sink = io.BytesIO()
    pa_parquet.write_table(pa.table(columns), sink)
    return read_table("file.parquet", sink.getvalue(), PRODUCTS)


def rejection(text: str) -> tuple[int, str, str]:
    with pytest.raises(SettlementFileRejected) as caught:
        csv_table(text)
    context = caught.value.context
    return context["row"], context["column"], context["reason"]


def rows(table: SettlementTable) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.columns.to_pylist()]


def test_rows_come_sorted_by_key_with_their_row_numbers() -> None:
    table = csv_table(
        HEADER + "2020-04-21,NG,1,1.5\n2020-04-20,CL,2,20.43\n2020-04-20,CL,1,-37.630\n"
    )
    assert rows(table) == [
        (3, "CL", date(2020, 4, 20), 0, 1, "-37.630"),
        (2, "CL", date(2020, 4, 20), 0, 2, "20.43"),
        (1, "NG", date(2020, 4, 21), 0, 1, "1.5"),
    ]
    assert table.rows == 3


def test_position_and_contract_may_both_be_columns_of_which_one_is_filled() -> None:
    table = csv_table(
        "\ufeffDate, product,contract,position,settlement,note\r\n"
        "20200102,CL,202612,,5,9\r\n2020-01-02T00:00:00,CL,,1.0,6,9\r\n"
    )
    assert rows(table) == [
        (2, "CL", date(2020, 1, 2), 0, 1, "6"),
        (1, "CL", date(2020, 1, 2), 202612, 0, "5"),
    ]


def test_exact_repeats_are_one_row() -> None:
    table = csv_table(HEADER + "2020-01-02,CL,1,5\n2020-01-02,CL,1,5.00\n")
    assert (table.rows, rows(table)) == (2, [(1, "CL", date(2020, 1, 2), 0, 1, "5")])


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([datetime(2020, 1, 2)], pa.timestamp("us")),  # noqa: DTZ001 - a plain column
        pa.array([date(2020, 1, 2)], pa.date32()),
        pa.array(["2020-01-02"]),
        pa.array([20200102]),
        pa.array(["2020-01-02"]).dictionary_encode(),
    ],
    ids=lambda dates: str(dates.type),
)
def test_dates_of_parquet_may_have_any_usual_type(dates: pa.Array) -> None:
    columns = {"date": dates, "product": ["CL"], "contract": [202612], "settlement": [60.44]}
    assert rows(parquet_table(columns)) == [(1, "CL", date(2020, 1, 2), 202612, 0, "60.44")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, "all", "the file is empty")),
        (HEADER, (0, "all", "the file holds no rows")),
        (
            "product,position,settlement\nCL,1,1\n",
            (0, "date", "the column is missing; found product, position, settlement"),
        ),
        (
            "date,product,settlement\n2020-01-02,CL,1\n",
            (
                0,
                "position",
                "a column position or contract is missing; found date, product, settlement",
            ),
        ),
        (
            "date,date,product,position,settlement\n2020-01-02,2020-01-02,CL,1,1\n",
            (0, "date", "the column appears twice"),
        ),
        (HEADER + "2020-01-02,CL,1,1\n2020-01-02,CL\n", (2, "all", "expected 4 columns, was 2")),
        (
            HEADER + "2020-01-02,CL,1,1\n2020-01-02,XX,1,1\n",
            (2, "product", f"product 'XX' is unknown; known are {', '.join(sorted(PRODUCTS))}"),
        ),
        (
            HEADER + "2020-02-30,CL,1,1\n",
            (1, "date", "expected a date YYYY-MM-DD, was '2020-02-30'"),
        ),
        (
            HEADER + "2020-01-02,CL,1,nan\n",
            (1, "settlement", "expected a finite number, was 'nan'"),
        ),
        (
            HEADER + "2020-01-02,CL,1,inf\n",
            (1, "settlement", "expected a finite number, was 'inf'"),
        ),
        (
            HEADER + "2020-01-02,CL,1,n/a\n",
            (1, "settlement", "expected a finite number, was 'n/a'"),
        ),
        (HEADER + "2020-01-02,CL,1,\n", (1, "settlement", "the cell is empty")),
        (HEADER + "2020-01-02,CL,0,1\n", (1, "position", "expected 1 to 120, was '0'")),
        (HEADER + "2020-01-02,CL,121,1\n", (1, "position", "expected 1 to 120, was '121'")),
        (HEADER + "2020-01-02,CL,,1\n", (1, "position", "the cell is empty")),
        (
            "date,product,contract,settlement\n2020-01-02,CL,202613,1\n",
            (1, "contract", "expected a month YYYYMM, was '202613'"),
        ),
        (
            "date,product,position,contract,settlement\n2020-01-02,CL,1,202612,1\n",
            (1, "position", "give a position or a contract, not both"),
        ),
        (
            HEADER + "2020-01-02,CL,1,1\n2020-01-03,CL,1,1\n2020-01-02,CL,1,2\n",
            (3, "settlement", "2 differs from 1 in row 1 for the same key"),
        ),
        (
            HEADER + "2020-01-02,CL,1,1\n2020-01-02,CL,1,nan\nbad,CL,1,1\n",
            (2, "settlement", "expected a finite number, was 'nan'"),
        ),
    ],
)
def test_the_first_bad_cell_is_named(text: str, expected: tuple[int, str, str]) -> None:
    assert rejection(text) == expected


def test_missing_values_of_parquet_are_bad_cells() -> None:
    columns = {"date": ["2020-01-02"], "product": ["CL"], "position": [1]}
    for price in (float("nan"), float("inf"), None):
        with pytest.raises(SettlementFileRejected, match="row 1, column settlement"):
            parquet_table({**columns, "settlement": pa.array([price], pa.float64())})


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("file.parquet", b"PAR1 and then nonsense PAR1", "not a readable Parquet file"),
        ("file.xlsx", b"PK", "expected a .csv or .parquet file, was .xlsx"),
        ("file.csv", HEADER.encode() + b"2020-01-02,C\xff,1,1\n", "invalid UTF8"),
        ("file.csv", b"\xff\xfe\x00", "the column is missing"),
    ],
)
def test_unreadable_files_are_refused(name: str, data: bytes, complaint: str) -> None:
    with pytest.raises(SettlementFileRejected, match=complaint):
        read_table(name, data, PRODUCTS)


def test_values_of_a_nested_type_are_refused() -> None:
    with pytest.raises(SettlementFileRejected, match="row 0, column product"):
        parquet_table(
            {"date": ["2020-01-02"], "product": [["CL"]], "position": [1], "settlement": [1.0]}
        )


prices = st.decimals(-1000, 1000, places=4)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(sorted(PRODUCTS)),
            st.dates(date(1900, 1, 1), date(2199, 12, 31)),
            st.integers(1, 120),
        ),
        prices,
        min_size=1,
        max_size=30,
    )
)
def test_any_sensible_file_is_read_exactly(
    written: dict[tuple[str, date, int], Decimal],
) -> None:
    text = HEADER + "".join(
        f"{day},{product},{position},{price}\n"
        for (product, day, position), price in written.items()
    )
    read = rows(csv_table(text))
    assert [row[1:3] + row[4:5] for row in read] == sorted(written)
    assert {(row[1], row[2], row[4]): row[5] for row in read} == {
        key: str(price) for key, price in written.items()
    }
    in_file_order = list(written)
    assert all(in_file_order[row[0] - 1] == (row[1], row[2], row[4]) for row in read)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e6, 1e6, allow_nan=False).map(lambda price: round(price, 9)))
def test_floats_of_parquet_keep_their_value(price: float) -> None:
    columns = {"date": ["2020-01-02"], "product": ["CL"], "position": [1], "settlement": [price]}
    assert float(rows(parquet_table(columns))[0][5]) == price
