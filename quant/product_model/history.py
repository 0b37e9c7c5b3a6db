"""Own how a past from one source and a present from another become one history."""

import numpy as np

from quant.contract_history import ContractHistory


def joined(past: ContractHistory | None, present: ContractHistory) -> ContractHistory:
    """Put the dates of `past` before the first of `present` ahead of it; both are of one product.

    Volume and open interest are left out.
    """
    if past is None:
        return present
    earlier = sum(day < present.dates[0] for day in past.dates)
    if not earlier:
        return present
    months = tuple(sorted({*past.contract_months, *present.contract_months}))
    place = {month: column for column, month in enumerate(months)}
    rows = []
    for part, count in ((past, earlier), (present, len(present.dates))):
        prices = np.full((count, len(months)), np.nan)
        columns = [place[month] for month in part.contract_months]
        prices[:, columns] = part.settlements[:count]
        rows.append(prices)
    return ContractHistory(
        product=present.product,
        dates=(*past.dates[:earlier], *present.dates),
        contract_months=months,
        settlements=np.concatenate(rows),
    )
