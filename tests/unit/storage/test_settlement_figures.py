"""Check the reading of volume and open interest: counts or nothing, the first bad cell by row."""

import io
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettlementFileRejected
from core.products import PRODUCTS
from storage.settlement_files import read_table

HEADER = "date,product,contract,settlement,Volume,open_interest\n"


def figures(body: bytes, name: str = "file.csv") -> list[tuple[Any, Any]]:
    rows = read_table(name, body, PRODUCTS).columns.to_pylist()
    return [(row["volume"], row["open_interest"]) for row in rows]


def csv_row(volume: str, interest: str, day: int = 2) -> str:
    return f"2020-01-0{day},CL,202012,60,{volume},{interest}\n"


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (("12345", "67"), (12345, 67)),
        (("0", ""), (0, None)),
        ((" 12. ", "12.00"), (12, 12)),
        (("nan", "NaN"), (None, None)),
        (("007", "100000000000000"), (7, 10**14)),
    ],
)
def test_cells_are_counts_or_nothing(cells: tuple[str, str], read: tuple[Any, Any]) -> None:
    assert figures((HEADER + csv_row(*cells)).encode()) == [read]


@pytest.mark.parametrize("cell", ["-1", "1.5", "many", "1e3", "1" * 16, "inf", "1,0"])
def test_what_is_no_count_is_named(cell: str) -> None:
    body = HEADER + csv_row("5", "6") + csv_row("5", f'"{cell}"', day=3)
    with pytest.raises(SettlementFileRejected) as caught:
        figures(body.encode())
    context = caught.value.context
    assert (context["row"], context["column"]) == (2, "open_interest")
    assert cell in context["reason"]


def test_the_first_bad_row_counts_whatever_its_column() -> None:
    body = HEADER + csv_row("x", "1") + "2020-01-03,CL,202012,bad,1,1\n"
    with pytest.raises(SettlementFileRejected) as caught:
        figures(body.encode())
    assert (caught.value.context["row"], caught.value.context["column"]) == (1, "volume")


def test_two_figures_of_one_key_are_refused() -> None:
    body = HEADER + csv_row("5", "6") + csv_row("", "6") + csv_row("5", "7") + csv_row("4", "6")
    with pytest.raises(SettlementFileRejected) as caught:
        figures(body.encode())
    assert (caught.value.context["row"], caught.value.context["column"]) == (4, "volume")
    assert caught.value.context["reason"] == "4 differs from 5 in row 1 for the same key"


def test_a_repeat_may_leave_figures_out() -> None:
    assert figures((HEADER + csv_row("5", "6") + csv_row("", "")).encode()) == [(5, 6)]


def test_a_file_without_the_columns_has_none() -> None:
    table = read_table("file.csv", b"date,product,position,settlement\n2020-01-02,CL,1,5", PRODUCTS)
    assert "volume" not in table.columns.column_names


counts = st.none() | st.integers(0, 10**12)


@given(
    st.lists(st.tuples(counts, counts), min_size=1, max_size=12),
    st.sampled_from([pa.int64(), pa.float64(), pa.string(), pa.uint64()]),
)
def test_parquet_of_any_usual_type_reads_back(
    pairs: list[tuple[int | None, int | None]], kind: pa.DataType
) -> None:
    def column(place: int) -> pa.Array:
        return pa.array([pair[place] for pair in pairs], pa.int64()).cast(kind)

    sink = io.BytesIO()
    table = pa.table(
        {
            "date": [date(2020, 1, 1 + n) for n in range(len(pairs))],
            "product": ["CL"] * len(pairs),
            "position": [1] * len(pairs),
            "settlement": [60.0] * len(pairs),
            "volume": column(0),
            "open_interest": column(1),
        }
    )
    pa_parquet.write_table(table, sink)
    assert figures(sink.getvalue(), "file.parquet") == pairs
