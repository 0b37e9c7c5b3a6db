"""Own what is read for a risk run before it is posed: its positions, and their settlements."""

from core.identity import Principal
from core.specifications.risk import RiskSpecification
from jobs.plans.risk_books import LoadedBook
from quant.risk.trading_positions import with_expiries
from serve.book_desk import held_in, settled_for
from serve.risk_requests import OfBook, added
from serve.services import Services


async def load_book(
    specification: RiskSpecification, caller: Principal, services: Services
) -> LoadedBook:
    """Read the book of a risk run and the settlements that value it.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        NotFound: the book has no such version.
        CurveNotFound: there is no live source, or the source holds nothing of a product by then.
        UnknownInstrument, InvalidInput, HistoryTooShort: nothing can be made of a position.
    """
    version = None
    if specification.book is None:
        positions = with_expiries(specification.positions)
    else:
        asked = OfBook.checked({"version": specification.version})
        held = await held_in(services, caller, specification.book, asked)
        positions, version = held.positions, held.version
    everything = positions + added(specification.add)
    settled = await settled_for(
        services, caller, everything, specification, window_days=specification.window_days
    )
    return LoadedBook(positions=everything, held=len(positions), version=version, settled=settled)
