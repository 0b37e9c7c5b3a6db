"""Own how a book and its market are posed as JSON, and how these become a simulation again."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.books import FuturePosition, OptionPosition, Position, SpreadLeg, SpreadPosition
from core.forecasts import ModelNote
from core.market import Instrument
from core.specifications.risk import RiskSpecification

if TYPE_CHECKING:
    from quant.risk.aggregation import Aggregate
    from quant.risk.book_market import BookMarket
    from quant.risk.exposures import Exposures
    from quant.risk.factor_history import FactorHistory
    from quant.risk.monte_carlo import Simulation
    from storage.book_markets import LoadedSettlements


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedBook:
    """Hold what a risk run is posed from: the positions, those to be added behind, and prices.

    `held` counts the former; `version` is None where no stored book was named.
    """

    positions: tuple[Position, ...]
    held: int
    version: int | None
    settled: "LoadedSettlements"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskWork:
    """Hold what all chunks of a risk run share: what was asked, and the book as posed."""

    specification: RiskSpecification
    problem: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedBooks:
    """Hold a simulation of a book, and of the same with what might be added if there is any."""

    aggregate: "Aggregate"
    simulation: "Simulation"
    notes: tuple[ModelNote, ...]


def market_of(specification: RiskSpecification, loaded: LoadedBook) -> "BookMarket":
    """Assemble the market of a book.

    Raises:
        UnknownInstrument, InvalidInput, HistoryTooShort, ModelNotApplicable: as `book_market`.
    """
    from quant.risk.book_market import MarketRules, book_market

    rules = MarketRules(
        rate=specification.rate, dollars=specification.dollars, strict=specification.strict
    )
    settled = loaded.settled
    return book_market(
        loaded.positions, settled.histories, settled.as_of, specification.window_days, rules
    )


def to_json(loaded: LoadedBook, market: "BookMarket") -> dict[str, Any]:
    """Return the book and its market as JSON-ready values, all that a simulation is made from."""
    priced, changes = market.priced, market.changes
    trading, values = priced.trading, priced.market
    return {
        "held": len(trading.before(loaded.held).positions),
        "version": loaded.version,
        "as_of": values.as_of.isoformat(),
        "sources": loaded.settled.sources,
        "numbers": list(trading.numbers),
        "positions": [position.to_json() for position in trading.positions],
        "expired": len(trading.expired),
        "stale": [str(one.contract) for one in priced.stale],
        "estimated_volatilities": len(priced.estimated),
        "prices": {str(contract): price for contract, price in values.prices.items()},
        "volatilities": [
            {
                "underlying": str(key.underlying),
                "expiry": key.expiry.isoformat(),
                "strike": key.strike,
                "volatility": quote.volatility,
                "model": quote.model.value,
            }
            for key, quote in values.volatilities.items()
        ],
        "rate": values.rate,
        "dollars": dict(values.dollars),
        "factors": [str(factor) for factor in changes.factors],
        "dates": [day.isoformat() for day in changes.dates],
        "changes": changes.changes.tolist(),
    }


def vintage_of(loaded: LoadedBook, problem: dict[str, Any]) -> str:
    """Return `sources@moment#digest`, the digest of everything that the answer is made from."""
    sources = ",".join(f"{code}={name}" for code, name in sorted(problem["sources"].items()))
    digest = sha256(msgspec.json.encode(problem, order="sorted")).hexdigest()[:16]
    return f"{sources}@{loaded.settled.recorded_until.isoformat()}#{digest}"


def simulated(specification: RiskSpecification, problem: dict[str, Any]) -> SimulatedBooks:
    """Build the simulation of a posed book.

    Raises:
        HistoryTooShort, ModelNotApplicable, InvalidInput: as `quant.risk.measures.measured`.
    """
    from quant.risk.aggregation import Revaluation, aggregate
    from quant.risk.measures import simulation_of

    books = exposures_of(problem)
    together = aggregate(books, Revaluation(specification.revaluation))
    simulation, notes = simulation_of(together, _history(problem), specification)
    return SimulatedBooks(aggregate=together, simulation=simulation, notes=notes)


def require_paths(specification: RiskSpecification) -> None:
    """Refuse fewer paths than the highest level needs.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level).
    """
    from quant.risk.tails import tail_depth

    for level in specification.levels:
        tail_depth(specification.paths, level)


def exposures_of(problem: dict[str, Any]) -> list["Exposures"]:
    """Return the exposures of the book, and of it with what might be added if there is any."""
    from quant.risk.exposures import exposures
    from quant.risk.market import Market, OptionKey, OptionModel, OptionQuote

    market = Market(
        as_of=date.fromisoformat(problem["as_of"]),
        prices={Instrument.parse(name): price for name, price in problem["prices"].items()},
        volatilities={
            OptionKey(
                underlying=Instrument.parse(one["underlying"]),
                expiry=date.fromisoformat(one["expiry"]),
                strike=one["strike"],
            ): OptionQuote(volatility=one["volatility"], model=OptionModel(one["model"]))
            for one in problem["volatilities"]
        },
        rate=problem["rate"],
        dollars=problem["dollars"],
    )
    positions = [_position(values) for values in problem["positions"]]
    factors = tuple(Instrument.parse(name) for name in problem["factors"])
    counts = dict.fromkeys((problem["held"], len(positions)))
    return [exposures(positions[:count], market, factors) for count in counts]


def _position(values: dict[str, Any]) -> Position:
    if values["kind"] != "spread":
        model = FuturePosition if values["kind"] == "future" else OptionPosition
        return model.checked(values)
    legs = tuple(SpreadLeg.checked(leg) for leg in values["legs"])
    # of a spread whose other legs have expired one may be left, fewer than could be asked for
    return SpreadPosition.model_construct(
        kind="spread", legs=legs, contracts=values["contracts"], label=values["label"]
    )


def _history(problem: dict[str, Any]) -> "FactorHistory":
    from quant.risk.factor_history import FactorHistory

    factors = tuple(Instrument.parse(name) for name in problem["factors"])
    dates = tuple(date.fromisoformat(day) for day in problem["dates"])
    return FactorHistory(
        factors=factors,
        dates=dates,
        changes=np.array(problem["changes"], dtype=np.float64).reshape(len(dates), len(factors)),
        left_out=0,
        missing=(0,) * len(factors),
        uncommon=(),
    )
