"""Own the stored bars: merging what new trades add."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.market import Trade
from storage import sql
from storage.bar_parts import BarPart, bar_parts

if TYPE_CHECKING:
    from storage.pool import WriteConn

_SQL = sql.load("bars")


async def merge(conn: "WriteConn", trades: Iterable[Trade]) -> None:
    """Add trades that no bar counts yet to their bars of a minute and of a trade date.

    Needs the system role, in the transaction that stores the trades.

    Raises:
        UnknownProduct: a product is not in the registry.
    """
    parts = bar_parts(trades)
    if parts:
        columns = ([getattr(part, name) for part in parts] for name in BarPart.__struct_fields__)
        await conn.execute(_SQL["merge_bars"], *columns)
