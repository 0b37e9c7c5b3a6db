"""Own the sandbox's reference data: products, instruments in HAL pages, trading schedules."""

from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from core.market import Instrument
from integrations.cme.sandbox.messages import globex_symbol
from quant.calendars import calendar_of, is_business_day, last_trade_date, next_business_day

_DAYS_SCHEDULED = 365


def product_guid(code: str) -> str:
    """Return the stable id of a product."""
    return str(uuid5(NAMESPACE_URL, f"sandbox:{code}"))


def products_page(codes: tuple[str, ...], base_url: str) -> dict[str, Any]:
    """Return the HAL document that lists products."""
    rows = [
        {
            "productGuid": product_guid(code),
            "globexProductCode": code,
            "exchangeGlobex": "XNYM",
            "securityType": "FUT",
            "_links": {
                "instruments": {"href": f"{base_url}/instruments?productGuid={product_guid(code)}"}
            },
        }
        for code in codes
    ]
    return {"_embedded": {"products": rows}, "page": {"totalElements": len(rows)}}


def instruments_page(
    listed: tuple[Instrument, ...], on: date, base_url: str, number: int, size: int
) -> dict[str, Any]:
    """Return one HAL page of instruments; the first row of all is a placeholder."""
    code = listed[0].product
    rows = [
        {"globexSymbol": f"{code}XXX", "contractMonth": "", "lastTradeDate": ""},
        *(_row(contract, on) for contract in listed),
    ]
    pages = -(-len(rows) // size)

    def link(page: int) -> dict[str, str]:
        guid = product_guid(code)
        return {"href": f"{base_url}/instruments?productGuid={guid}&page={page}&size={size}"}

    links = {"self": link(number)}
    if number + 1 < pages:
        links["next"] = link(number + 1)
    return {
        "_embedded": {"instruments": rows[number * size : (number + 1) * size]},
        "_links": links,
        "page": {
            "size": size,
            "totalElements": len(rows),
            "totalPages": pages,
            "number": number,
        },
    }


def _row(contract: Instrument, on: date) -> dict[str, str]:
    last = last_trade_date(contract)
    return {
        "globexSymbol": globex_symbol(contract, on.year),
        "contractMonth": str(contract.contract_month),
        "firstTradeDate": contract.contract_month.plus(-37).first_day.isoformat(),
        "lastTradeDate": last.isoformat(),
        "firstNoticeDate": next_business_day(last, calendar_of(contract.product)).isoformat(),
        "firstDeliveryDate": contract.contract_month.first_day.isoformat(),
        "finalSettlementDate": last.isoformat(),
    }


def schedules_page(codes: tuple[str, ...]) -> dict[str, Any]:
    """Return the HAL document that lists trading schedules; a product's id is its code."""
    rows = [{"tradingScheduleId": code, "globexGroupCode": code} for code in codes]
    return {"_embedded": {"tradingSchedules": rows}, "page": {"totalElements": len(rows)}}


def schedule(code: str, on: date) -> dict[str, Any]:
    """Return one year of trading days of a product; a holiday is an absent date."""
    days = (on + timedelta(days=n) for n in range(_DAYS_SCHEDULED))
    return {
        "tradingScheduleId": code,
        "marketEventsByDate": [
            {"tradingDate": day.strftime("%m-%d-%y")}
            for day in days
            if is_business_day(day, calendar_of(code))
        ],
    }
