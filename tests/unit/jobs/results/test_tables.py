"""Check tables of results: bit strings, one row for each outcome or value, names kept apart."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.results.tables import bit_counts, bit_string, counts_table, table_of, values_table


def test_bit_zero_stands_rightmost() -> None:
    assert bit_string("0x1", 4) == "0001"
    assert bit_string("0x8", 4) == "1000"


@given(st.integers(1, 80), st.data())
def test_a_bit_string_is_the_outcome_in_as_many_bits_as_were_read(
    width: int, data: st.DataObject
) -> None:
    outcome = data.draw(st.integers(0, 2**width - 1))
    written = bit_string(hex(outcome), width)
    assert len(written) == width
    assert int(written, 2) == outcome


def test_counts_come_in_the_order_of_outcomes_not_of_their_names() -> None:
    assert list(bit_counts({"0x10": 1, "0x9": 2, "0x2": 3}, 5)) == ["00010", "01001", "10000"]


def test_each_outcome_of_a_point_is_a_row_with_its_share() -> None:
    table = counts_table([(0, (0.5,), {"0x3": 3, "0x0": 1}), (7, (1.5,), {"0x1": 4})], ["a"], 2)
    assert table.to_pydict() == {
        "point": [0, 0, 7],
        "a": [0.5, 0.5, 1.5],
        "outcome": ["00", "11", "01"],
        "count": [1, 3, 4],
        "probability": [0.25, 0.75, 1.0],
    }


def test_types_do_not_depend_on_whether_there_are_rows() -> None:
    full = counts_table([(0, (0.5,), {"0x0": 1})], ["a"], 1)
    assert counts_table([], ["a"], 1).schema == full.schema


def test_a_parameter_hides_no_column() -> None:
    table = counts_table([(0, (0.5, 2.0), {"0x0": 1})], ["count", "b"], 1)
    assert table.column_names == [
        "point", "parameter_count", "b", "outcome", "count", "probability",
    ]  # fmt: skip
    assert table["parameter_count"].to_pylist() == [0.5]


@pytest.mark.parametrize("errors", [[0.1, 0.2], None])
def test_each_observable_of_a_point_is_a_row(errors: list[float] | None) -> None:
    table = values_table([(3, (0.5,), [1.0, -1.0], errors)], ["a"], has_errors=True)
    assert table.to_pydict() == {
        "point": [3, 3],
        "a": [0.5, 0.5],
        "observable": [0, 1],
        "value": [1.0, -1.0],
        "standard_error": errors or [None, None],
    }
    assert table.schema.field("standard_error").type == pa.float64()


def test_exact_values_have_no_column_of_errors() -> None:
    table = values_table([(0, (), [1.0], None)], [], has_errors=False)
    assert table.column_names == ["point", "observable", "value"]


def test_columns_make_a_table_by_name() -> None:
    assert table_of({"a": [1, 2], "b": ["x", "y"]}).to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
