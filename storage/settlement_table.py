"""Own the column form of settlements on their way to COPY: validated, sorted by key, no repeats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.arrow import arrow_array, string_array

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementTable:
    """Hold settlements, one row a key, ascending by product, date, month and position.

    `columns` is an arrow table of `row_number` (int32, data rows of the file from 1), `product`
    (string), `trade_date` (date32), `contract_month` (int32, YYYYMM or 0), `position` (int16, or
    0) and `price` (string, every decimal as it was written), and, where the file tells them,
    `volume` and `open_interest` (int64, null where unknown). `rows` counts what was read, exact
    repeats included.
    """

    file: str
    rows: int
    columns: pa.Table


def sorted_table(
    *,
    file: str,
    products: Sequence[str],
    product_index: Integers,
    epoch_days: Integers,
    contract_months: Integers,
    positions: Integers,
    prices: pa.Array,
    figures: Mapping[str, pa.Array] | None = None,
) -> tuple[SettlementTable, "Repeats"]:
    """Sort by key and keep the first row of each; tell which rows repeated which.

    `product_index` points into `products`, which ascend. All arrays hold one entry a file row;
    `prices` are strings, `figures` further columns by name.
    """
    # 8 bits of product, 20 of days, 18 of month, 7 of position: one integer compares as the key
    keys = (
        (((product_index << 20) | (epoch_days + _DAYS_BEFORE_EPOCH)) << 18 | contract_months) << 7
    ) | positions
    order = np.argsort(keys, kind="stable")
    ordered_keys = keys[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = ordered_keys[1:] != ordered_keys[:-1]
    firsts = order[is_first]
    first_of_each = firsts[np.cumsum(is_first) - 1]
    repeats = Repeats(rows=order[~is_first], first_rows=first_of_each[~is_first])
    columns = pa.table(
        {
            "row_number": arrow_array(firsts + 1, np.int32),
            "product": pa.DictionaryArray.from_arrays(
                arrow_array(product_index[firsts], np.int32), string_array(products)
            ).cast(pa.string()),
            "trade_date": arrow_array(epoch_days[firsts], np.int32).cast(pa.date32()),
            "contract_month": arrow_array(contract_months[firsts], np.int32),
            "position": arrow_array(positions[firsts], np.int16),
            "price": prices.take(arrow_array(firsts, np.int64)),
            **{
                name: values.take(arrow_array(firsts, np.int64))
                for name, values in (figures or {}).items()
            },
        }
    )
    return SettlementTable(file=file, rows=len(order), columns=columns), repeats


_DAYS_BEFORE_EPOCH = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Point from each further row of a key to the first one; both count from 0 in file order."""

    rows: Integers
    first_rows: Integers


def from_contract_months(
    name: str,
    products: Sequence[str],
    trade_dates: npt.NDArray[np.datetime64],
    contract_months: npt.NDArray[np.integer],
    prices: Sequence[Decimal] | npt.NDArray[np.float64],
) -> SettlementTable:
    """Build a table from settlements of delivery months (YYYYMM), one entry each in all four.

    Of a repeated key the first entry counts. Prices given as floats keep their shortest decimal
    form.
    """
    codes = sorted(set(products))
    index_of = {code: index for index, code in enumerate(codes)}
    if isinstance(prices, np.ndarray):
        texts = arrow_array(prices, np.float64).cast(pa.string())
    else:
        texts = string_array([str(price) for price in prices])
    table, _ = sorted_table(
        file=name,
        products=codes,
        product_index=np.array([index_of[code] for code in products], dtype=np.int64),
        epoch_days=trade_dates.astype("datetime64[D]").astype(np.int64),
        contract_months=contract_months.astype(np.int64),
        positions=np.zeros(len(products), dtype=np.int64),
        prices=texts,
    )
    return table
