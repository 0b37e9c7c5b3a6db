"""Check books as CSV: what is written is read back, and a bad cell is named."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.books import MAX_POSITIONS, BookDraft, OptionPosition, Position, SpreadPosition
from core.errors import HeliostatError, InvalidInput, UnknownInstrument
from storage.book_files import COLUMNS, read_positions, write_positions

HEADER = ",".join(COLUMNS)

instruments = st.builds(
    lambda code, year, month: f"{code}-{year}{month:02d}",
    st.sampled_from(["CL", "NG", "B", "TTF"]),
    st.integers(1978, 2150),
    st.integers(1, 12),
)
quantities = st.floats(-1e6, 1e6, allow_nan=False).filter(bool)
prices = st.decimals(-1_000_000, 1_000_000, places=8, allow_nan=False).map(Decimal.normalize)
labels = st.none() | st.text(
    st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80
).filter(str.strip)
futures = st.fixed_dictionaries(
    {
        "kind": st.just("future"),
        "instrument": instruments,
        "contracts": quantities,
        "price": st.none() | prices,
        "label": labels,
    }
)
options = st.fixed_dictionaries(
    {
        "kind": st.just("option"),
        "instrument": instruments,
        "contracts": quantities,
        "right": st.sampled_from(["call", "put"]),
        "strike": prices,
        "expiry": st.none() | st.dates(),
        "style": st.sampled_from(["european", "american", "average"]),
        "volatility": st.none() | st.floats(0, 10, exclude_min=True),
        "label": labels,
    }
)
legs = st.fixed_dictionaries({"instrument": instruments, "ratio": quantities})
spreads = st.fixed_dictionaries(
    {
        "kind": st.just("spread"),
        "legs": st.lists(legs, min_size=2, max_size=8, unique_by=lambda leg: leg["instrument"]),
        "contracts": quantities,
        "label": labels,
    }
)


@given(st.lists(futures | options | spreads, max_size=6))
def test_what_is_written_is_read_back(values: list[dict[str, Any]]) -> None:
    positions = BookDraft.checked({"positions": values}).positions
    found = read_positions(write_positions(positions))
    assert found.positions == positions
    assert found.rows == tuple(range(1, len(positions) + 1))


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode())
)
def test_whatever_comes_is_read_or_refused_by_name(data: bytes) -> None:
    try:
        found = read_positions(data)
    except HeliostatError as error:
        assert isinstance(error, InvalidInput | UnknownInstrument)  # noqa: PT017 - any input
    else:
        assert len(found.positions) == len(found.rows)


def test_the_columns_may_stand_in_any_order_and_rows_may_be_empty() -> None:
    text = (
        "\ufeffcontracts, kind ,instrument,strike,right,legs\r\n"
        "-5,option,CL-202612,-37.63,put,\r\n"
        ",,,,,\r\n"
        "\r\n"
        "2,spread,,,,CL-202612:1; HO-202612 : -0.5\r\n"
    )
    found = read_positions(text.encode())
    option, spread = found.positions
    assert isinstance(option, OptionPosition)
    assert (option.contracts, option.strike, option.expiry) == (-5.0, Decimal("-37.63"), None)
    assert isinstance(spread, SpreadPosition)
    assert [(leg.instrument, leg.ratio) for leg in spread.legs] == [
        ("CL-202612", 1.0),
        ("HO-202612", -0.5),
    ]
    assert found.rows == (1, 4)
    assert found.where(1, "spread", "legs") == "row 4, column legs"


def test_a_book_is_written_for_people() -> None:
    values = [
        {"kind": "future", "instrument": "CL-202612", "contracts": -12, "price": "75.10"},
        {
            "kind": "option",
            "instrument": "CL-202612",
            "contracts": 2.5,
            "right": "put",
            "strike": "1e2",
            "expiry": "2026-11-16",
            "volatility": 0.35,
            "label": 'say "hi", twice',
        },
    ]
    written = write_positions(BookDraft.checked({"positions": values}).positions).decode()
    assert list(csv.reader(io.StringIO(written)))[1:] == [
        ["future", "CL-202612", "-12", "75.10", "", "", "", "", "", "", ""],
        [
            *("option", "CL-202612", "2.5", "", "put", "100", "2026-11-16", "european", "0.35"),
            *("", 'say "hi", twice'),
        ],
    ]
    assert write_positions(()) == f"{HEADER}\n".encode()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "row 0, column all"),
        ("\n , \n", "row 0, column all"),
        ("kind,instrument\n", "row 0, column contracts"),
        ("instrument,contracts\n", "row 0, column kind"),
        ("kind,contracts,prise\n", "row 0, column prise"),
        ("kind,contracts,kind\n", "row 0, column kind"),
        ("kind,contracts\nfuture,1,2\n", "row 1, column all"),
        ("kind,contracts\nfuture\n", "row 1, column all"),
        ('kind,contracts\nfuture,"1\n', "row 1, column all"),
        ('kind,contracts\n"future"s,1\n', "row 1, column all"),
        ("kind,contracts\n,1\n", "row 1, column kind"),
        ("kind,contracts\nswap,1\n", "row 1, column kind"),
        ("kind,contracts\nfuture,1\n", "row 1, column instrument"),
        ("kind,instrument,contracts\nfuture,CLZ26,1\n", "row 1, column instrument"),
        ("kind,instrument,contracts\nfuture,CL-202612,\n", "row 1, column contracts"),
        ("kind,instrument,contracts\nfuture,CL-202612,nan\n", "row 1, column contracts"),
        ("kind,instrument,contracts\nfuture,CL-202612,1\nfuture,CL-202612,0\n", "row 2, "),
        ('kind,instrument,contracts,price\nfuture,CL-202612,1,"75,1"\n', "row 1, column price"),
        ("kind,instrument,contracts,strike\nfuture,CL-202612,1,75\n", "row 1, column strike"),
        ("kind,instrument,contracts,right\noption,CL-202612,1,Call\n", "row 1, column right"),
        ("kind,instrument,contracts,expiry\noption,CL-202612,1,16.11.26\n", "row 1, column right"),
        ("kind,contracts,legs\nspread,1,CL-202612:1\n", "row 1, column legs"),
        ("kind,contracts,legs\nspread,1,CL-202612:1;HO-202612\n", "row 1, column legs"),
        ("kind,contracts,legs\nspread,1,CL-202612:1;HO-202612:0\n", "row 1, column legs"),
        ("kind,contracts,legs\nspread,1,CL-202612:1;HO-202612:inf\n", "row 1, column legs"),
        ("kind,contracts,label\nfuture,1,\x00a\n", "row 1, column instrument"),
    ],
)
def test_a_bad_cell_is_named(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_positions(text.encode())
    assert caught.value.context["field"].startswith(field)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("kind;contracts\nfuture;1\n", "row 0, column all: expected commas between columns"),
        ("kind\tcontracts\nfuture\t1\n", "row 0, column all: expected commas between columns"),
        ("sep=;\nkind;contracts\n", "row 0, column all: expected commas between columns"),
        (
            'kind,instrument,contracts\nfuture,CL-202612,"1,000"\n',
            "row 1, column contracts: expected a number such as -12.5, was '1,000'",
        ),
        (
            'kind,instrument,contracts,price\nfuture,CL-202612,1,"75,1"\n',
            "row 1, column price: expected a number such as -12.5, was '75,1'",
        ),
        (
            "kind,contracts,legs\nspread,1,CL-202612:1;HO-202612:half\n",
            "row 1, column legs: expected a number such as -12.5, was 'half'",
        ),
    ],
)
def test_what_a_spreadsheet_wrote_otherwise_is_told(text: str, refusal: str) -> None:
    with pytest.raises(InvalidInput, match=refusal):
        read_positions(text.encode())


def test_a_bad_byte_is_named_by_its_row() -> None:
    with pytest.raises(InvalidInput, match="row 2, column all: expected UTF-8"):
        read_positions(f"{HEADER}\n\n".encode() + b"\xff")


def test_an_unknown_product_is_named_by_its_cell() -> None:
    text = "kind,contracts,instrument\nfuture,1,CL-202612\n\nfuture,1,XX-202612\n"
    with pytest.raises(UnknownInstrument, match="XX-202612: row 3, column instrument: product XX"):
        read_positions(text.encode())


def test_a_file_holds_no_more_than_a_book() -> None:
    row = "future,1,CL-202612\n"
    text = "kind,contracts,instrument\n" + row * MAX_POSITIONS
    assert len(read_positions(text.encode()).positions) == MAX_POSITIONS
    with pytest.raises(InvalidInput) as caught:
        read_positions((text + row).encode())
    assert caught.value.context["field"] == "positions"


def test_a_date_is_written_as_it_is_read() -> None:
    text = "kind,contracts,instrument,right,strike,expiry\noption,1,CL-202612,call,75,2026-11-16\n"
    (option,) = read_positions(text.encode()).positions
    assert isinstance(option, OptionPosition)
    assert option.expiry == date(2026, 11, 16)


def test_the_documented_example_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "books.md").read_text()
    text = page.partition("```csv\n")[2].partition("```")[0]
    found = read_positions(text.encode())
    assert [one.kind for one in found.positions] == ["future", "option", "option", "spread"]
    assert text.partition("\n")[0] == HEADER


def test_every_field_of_a_position_has_a_column() -> None:
    kinds: tuple[type[Position], ...] = Position.__origin__.__args__
    assert {field for kind in kinds for field in kind.model_fields} == set(COLUMNS)
