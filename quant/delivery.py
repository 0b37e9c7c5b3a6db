"""Own what follows the last trade date: first notice, and the days on which contracts deliver."""

from dataclasses import dataclass
from datetime import date

from core.market import ContractMonth, Instrument
from core.products import product
from quant.calendars import add_business_days, last_trade_date
from quant.holidays import ONE_DAY, Calendar

_NOTICE_DAYS_AFTER_LAST_TRADE = {"CL": 2, "NG": 1, "HO": 2, "RB": 2, "G": 0}
_BRENTS = frozenset({"B", "BZ"})
_POWER = frozenset({"PJM", "DEB"})
_CARBON_DELIVERY_DAYS = 3
_GASOIL_FIRST_DAY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPeriod:
    """Hold the first and the last day on which a contract delivers, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def is_cash_settled(code: str) -> bool:
    """Tell whether contracts of a product end in cash: power, and both Brents, if not delivered.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    return product(code).code in _BRENTS | _POWER


def first_notice_date(instrument: Instrument) -> date | None:
    """Return the first day on which a holder may be told to deliver or receive.

    CL, HO and RB: the second business day after the last trade date; NG: the first; gasoil: the
    last trade date itself. None where no notice is given: power and both Brents are settled in
    cash, and NBP, TTF and EUA deliver whatever is open when trading ends.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    days = _NOTICE_DAYS_AFTER_LAST_TRADE.get(product(instrument.product).code)
    if days is None:
        return None
    return add_business_days(last_trade_date(instrument), days, Calendar.NYMEX)


def delivery_period(instrument: Instrument) -> DeliveryPeriod | None:
    """Return the days on which a contract delivers; None for Brent, which is settled in cash.

    CL, NG, NBP, TTF, and power, whose cash is of that month's prices: the whole delivery month. HO
    and RB: from the day after the fifth business day of the month to the day before its last
    business day. Gasoil: from the 16th on. EUA: the three business days after the last trade date.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    code, month = product(instrument.product).code, instrument.contract_month
    if code in _BRENTS:
        return None
    if code == "EUA":
        traded = last_trade_date(instrument)
        days = [add_business_days(traded, n, Calendar.UK) for n in (1, _CARBON_DELIVERY_DAYS)]
        return DeliveryPeriod(first=days[0], last=days[1])
    last_day = month.plus(1).first_day - ONE_DAY
    if code in {"HO", "RB"}:
        return _refined_products(month)
    first = month.first_day.replace(day=_GASOIL_FIRST_DAY) if code == "G" else month.first_day
    return DeliveryPeriod(first=first, last=last_day)


def _refined_products(month: ContractMonth) -> DeliveryPeriod:
    fifth = add_business_days(month.first_day - ONE_DAY, 5, Calendar.NYMEX)
    last = add_business_days(month.plus(1).first_day, -1, Calendar.NYMEX)
    return DeliveryPeriod(first=fifth + ONE_DAY, last=last - ONE_DAY)
