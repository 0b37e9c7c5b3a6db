"""Own what a product's model is told, and whom it tells; imports no mathematics."""

from dataclasses import dataclass
from typing import Protocol

from storage.pool import DatabaseUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Describe the model of one product.

    It follows the settlements of `source`; the past before these is read from `history_source`.
    It is estimated anew every `refit_days` calendar days, and looks every `look_every_s` for what
    it was not told and, without an estimate, for a history that is long enough.
    """

    product: str
    source: str
    database: DatabaseUrls
    cache_url: str
    code_version: str
    history_source: str | None = None
    refit_days: int = 28
    look_every_s: float = 30.0
    retry_s: float = 1.0


class NextModel(Protocol):
    """Start the model that comes after this one; safe to repeat."""

    def start(self) -> None: ...
