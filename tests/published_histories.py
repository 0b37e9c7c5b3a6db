"""Own the reading of published settlements, volume and open interest for tests."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from quant.continuous import SettlementHistory
from quant.contract_history import ContractHistory
from quant.symbology import contract_named


def load_settlements(path: Path, product: str, columns: int) -> SettlementHistory:
    """Read positions 1…`columns` of one product from `futures_settlements.parquet`."""
    table = pq.read_table(path, filters=[("product", "=", product)])
    days = np.array([moment.date() for moment in table["date"].to_pylist()])
    positions = table["position"].to_numpy()
    dates, rows = np.unique(days, return_inverse=True)
    matrix = np.full((len(dates), columns), np.nan)
    kept = positions <= columns
    matrix[rows[kept], positions[kept] - 1] = table["settlement"].to_numpy()[kept]
    return SettlementHistory(product=product, dates=tuple(dates), settlements=matrix)


def load_heating_oil(path: Path) -> tuple[ContractHistory, dict[str, str]]:
    """Read `heating_oil_volume_oi.parquet`, and each contract's last trade date as printed there.

    Sixteen rows, of 1999-11-04 and 2001-09-11, name no contract and are left out.
    """
    rows = [row for row in pq.read_table(path).to_pylist() if row["ticker"] != "None"]
    named = [
        (on, contract_named(row["ticker"].split()[0], on), row)
        for row in rows
        for on in (date.fromisoformat(row["date"]),)
    ]
    dates = sorted({on for on, _, _ in named})
    months = sorted({contract.contract_month for _, contract, _ in named})
    row_of = {day: n for n, day in enumerate(dates)}
    column_of = {month: n for n, month in enumerate(months)}
    matrices = {
        name: np.full((len(dates), len(months)), np.nan)
        for name in ("settlement", "volume", "open_interest")
    }
    for on, contract, row in named:
        for name, matrix in matrices.items():
            if row[name] is not None:
                matrix[row_of[on], column_of[contract.contract_month]] = row[name]
    history = ContractHistory(
        product="HO",
        dates=tuple(dates),
        contract_months=tuple(months),
        settlements=matrices["settlement"],
        volume=matrices["volume"],
        open_interest=matrices["open_interest"],
    )
    return history, {str(contract): row["last_trade"] for _, contract, row in named}
