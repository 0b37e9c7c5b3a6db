"""Own what either client asks about options: prices, volatilities, smiles, Greeks of books."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from heliostat.book_flows import GivenPosition
from heliostat.option_flows import (
    GreekOptions,
    ImpliedModel,
    OptionInputs,
    OptionModel,
    SmileModel,
)
from heliostat.options import AnyOptionValue, BookGreeks, Smile

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Pricing:
    """Be the part of a client that values options."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def price_option(self, model: OptionModel, **inputs: Unpack[OptionInputs]) -> AnyOptionValue:
        """Return what one option is worth, with its Greeks; inputs as for `heliostat price`.

        Raises:
            ModelNotApplicable: the model cannot take a price, such as one below 0.
            InvalidInput: an input is missing, or breaks a rule.
        """
        return self._transport.run(self._flows.price_option(model, inputs))

    def implied_volatility(
        self,
        *,
        forward: float,
        strike: float,
        rate: float,
        expiry: float,
        price: float,
        put: bool = False,
        model: ImpliedModel = "black76",
    ) -> float:
        """Return the volatility per year at which an option on a future is worth its price.

        Raises:
            InvalidInput: no volatility gives the price.
        """
        inputs = _implied(forward, strike, rate, expiry, price, put)
        return self._transport.run(self._flows.implied_volatility(model, inputs))

    def smiles(
        self,
        expiries: Sequence[Mapping[str, Any]],
        *,
        strikes: Sequence[float] = (),
        model: SmileModel = "lognormal",
        rate: float = 0.0,
    ) -> tuple[Smile, ...]:
        """Return the smile of each expiry, its check for arbitrage, its values at `strikes`.

        An expiry is a mapping of `forward`, `expiry` in years and `quotes`, each with a `strike`
        and a `vol`, or a `price` and whether it is of a `put`.
        """
        return self._transport.run(self._flows.smiles(expiries, strikes, model, rate))

    def greeks(
        self, of: str | Sequence[GivenPosition], **asked: Unpack[GreekOptions]
    ) -> BookGreeks:
        """Return the Greeks of a book, by its name, or of positions, by contract month.

        Raises:
            BookNotFound: there is no book of this name.
            UnknownInstrument: a contract has no price of the last five business days.
        """
        return self._transport.run(self._flows.greeks(of, asked))


class AsyncPricing:
    """Be the part of an asynchronous client that values options."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    async def price_option(
        self, model: OptionModel, **inputs: Unpack[OptionInputs]
    ) -> AnyOptionValue:
        """Return what one option is worth, with its Greeks; inputs as for `heliostat price`.

        Raises:
            ModelNotApplicable: the model cannot take a price, such as one below 0.
            InvalidInput: an input is missing, or breaks a rule.
        """
        return await self._transport.run(self._flows.price_option(model, inputs))

    async def implied_volatility(
        self,
        *,
        forward: float,
        strike: float,
        rate: float,
        expiry: float,
        price: float,
        put: bool = False,
        model: ImpliedModel = "black76",
    ) -> float:
        """Return the volatility per year at which an option on a future is worth its price.

        Raises:
            InvalidInput: no volatility gives the price.
        """
        inputs = _implied(forward, strike, rate, expiry, price, put)
        return await self._transport.run(self._flows.implied_volatility(model, inputs))

    async def smiles(
        self,
        expiries: Sequence[Mapping[str, Any]],
        *,
        strikes: Sequence[float] = (),
        model: SmileModel = "lognormal",
        rate: float = 0.0,
    ) -> tuple[Smile, ...]:
        """Return the smile of each expiry, its check for arbitrage, its values at `strikes`.

        An expiry is a mapping of `forward`, `expiry` in years and `quotes`, each with a `strike`
        and a `vol`, or a `price` and whether it is of a `put`.
        """
        return await self._transport.run(self._flows.smiles(expiries, strikes, model, rate))

    async def greeks(
        self, of: str | Sequence[GivenPosition], **asked: Unpack[GreekOptions]
    ) -> BookGreeks:
        """Return the Greeks of a book, by its name, or of positions, by contract month.

        Raises:
            BookNotFound: there is no book of this name.
            UnknownInstrument: a contract has no price of the last five business days.
        """
        return await self._transport.run(self._flows.greeks(of, asked))


def _implied(
    forward: float, strike: float, rate: float, expiry: float, price: float, put: bool
) -> dict[str, Any]:
    return {
        "forward": forward,
        "strike": strike,
        "rate": rate,
        "expiry": expiry,
        "price": price,
        "put": put,
    }
