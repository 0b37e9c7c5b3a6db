"""Own what one futures contract holds, and what it is worth: some sizes depend on the month."""

from datetime import UTC, datetime, time
from decimal import Decimal

from core.market import ContractMonth, Instrument
from core.products import product
from quant.calendars import AMSTERDAM, business_days
from quant.holidays import ONE_DAY, Calendar

_NBP_THERMS_PER_DAY = Decimal(1000)
_BASE_MW = Decimal(1)
_PJM_MW = Decimal(1)
_PEAK_HOURS_PER_DAY = 16
_SECONDS_PER_HOUR = 3600


def contract_size(instrument: Instrument) -> Decimal:
    """Return what one contract holds, in the price unit of its product.

    NBP: 1,000 therms a day of the delivery month. TTF and DEB: 1 MW in every hour of the calendar
    month in Amsterdam, so that the month in which clocks go forward (back) has an hour less
    (more). PJM: 1 MW in the sixteen peak hours of every weekday that is no holiday of NERC.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    row = product(instrument.product)
    if row.contract_size is not None:
        return row.contract_size
    return _SIZES_BY_MONTH[row.code](instrument.contract_month)


def contract_value(instrument: Instrument, price: Decimal) -> Decimal:
    """Return what one contract is worth at a price as quoted, in its currency (GBP, not pence).

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    row = product(instrument.product)
    return price * contract_size(instrument) / row.minor_per_major


def _days(month: ContractMonth) -> int:
    return (month.plus(1).first_day - month.first_day).days


def _hours(month: ContractMonth) -> int:
    first, end = (
        datetime.combine(one.first_day, time(), AMSTERDAM).astimezone(UTC)
        for one in (month, month.plus(1))
    )
    return int((end - first).total_seconds()) // _SECONDS_PER_HOUR


def _nbp(month: ContractMonth) -> Decimal:
    return _NBP_THERMS_PER_DAY * _days(month)


def _base(month: ContractMonth) -> Decimal:
    return _BASE_MW * _hours(month)


def _peak(month: ContractMonth) -> Decimal:
    last = month.plus(1).first_day - ONE_DAY
    return _PJM_MW * _PEAK_HOURS_PER_DAY * len(business_days(month.first_day, last, Calendar.NERC))


_SIZES_BY_MONTH = {"NBP": _nbp, "TTF": _base, "DEB": _base, "PJM": _peak}
