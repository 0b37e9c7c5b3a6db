"""Own what an estimate is asked for: a history, and what is known of where it came from."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from quant.contract_history import ContractHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Vintage:
    """Name the data that an estimate has seen, and the code that made it.

    `sources` are where the history was read from, the live one last; `recorded_until` is when the
    newest of its prices was stored.
    """

    source: str
    sources: tuple[str, ...]
    first_day: date
    recorded_until: datetime
    fitted_at: datetime
    code_version: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitRequest:
    """Hold what a product's model is estimated on, and what its card is to tell of that."""

    fit_id: UUID
    history: ContractHistory
    vintage: Vintage
