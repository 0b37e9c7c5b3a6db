"""Own the product registry: contract sizes, units, ticks and venues, one row a product."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.errors import UnknownProduct


class Venue(StrEnum):
    """Name the venues of the registry's products; a venue elsewhere is named by its code alone."""

    CME = "cme"
    ICE = "ice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Describe one futures product.

    `contract_size` is in `size_unit`; a price is `currency` per `price_unit`. `contract_size` is
    None where it depends on the delivery month. `minor_per_major` is 100 where prices are quoted
    in a hundredth of the currency (pence), else 1. No feed brings what is `imported_only`.
    """

    code: str
    name: str
    venue: Venue
    currency: str
    price_unit: str
    contract_size: Decimal | None
    tick: Decimal
    minor_per_major: int = 1
    imported_only: bool = False


def _row(
    code: str,
    name: str,
    venue: Venue,
    currency: str,
    unit: str,
    size: str | None,
    tick: str,
    *,
    imported_only: bool = False,
) -> Product:
    return Product(
        code=code,
        name=name,
        venue=venue,
        currency=currency,
        price_unit=unit,
        contract_size=None if size is None else Decimal(size),
        tick=Decimal(tick),
        minor_per_major=100 if code == "NBP" else 1,
        imported_only=imported_only,
    )


def _imported(
    code: str, name: str, currency: str, unit: str, size: str | None, tick: str
) -> Product:
    return _row(code, name, Venue.ICE, currency, unit, size, tick, imported_only=True)


PRODUCTS: dict[str, Product] = {
    product.code: product
    for product in (
        _row("CL", "WTI crude oil", Venue.CME, "USD", "bbl", "1000", "0.01"),
        _row("NG", "Henry Hub natural gas", Venue.CME, "USD", "MMBtu", "10000", "0.001"),
        _row("HO", "NY Harbor ULSD", Venue.CME, "USD", "gal", "42000", "0.0001"),
        _row("RB", "RBOB gasoline", Venue.CME, "USD", "gal", "42000", "0.0001"),
        _row("BZ", "Brent last day", Venue.CME, "USD", "bbl", "1000", "0.01"),
        _row("B", "Brent crude oil", Venue.ICE, "USD", "bbl", "1000", "0.01"),
        _row("G", "Low sulphur gasoil", Venue.ICE, "USD", "t", "100", "0.25"),
        _row("NBP", "UK NBP natural gas", Venue.ICE, "GBP", "therm", None, "0.01"),
        _row("TTF", "Dutch TTF natural gas", Venue.ICE, "EUR", "MWh", None, "0.005"),
        _imported("PJM", "PJM Western Hub peak power", "USD", "MWh", None, "0.01"),
        _imported("DEB", "German base-load power", "EUR", "MWh", None, "0.01"),
        _imported("EUA", "EU carbon allowance", "EUR", "t", "1000", "0.01"),
    )
}

FED_PRODUCTS = tuple(code for code, row in PRODUCTS.items() if not row.imported_only)
"""List the products that a feed brings; the others are known from imports alone."""

MONTH_CODES = "FGHJKMNQUVXZ"


def product(code: str) -> Product:
    """Return the product of this code.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    try:
        return PRODUCTS[code]
    except KeyError:
        raise UnknownProduct(product=code, known=", ".join(PRODUCTS)) from None
