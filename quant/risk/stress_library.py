"""Own the library of stresses that happened, each with its days and the source of its figures.

"Settlements" are NYMEX and ICE daily settlements by position on the curve, of the same position on
both days. "EIA spot" is the daily Cushing WTI, Europe Brent or Henry Hub spot price of the US
Energy Information Administration. A product that a stress does not name was not observed, and is
reported as untouched by a test; BZ, which is settled on B, moves as B does.
"""

from dataclasses import replace
from datetime import date

from core.errors import InvalidInput
from quant.risk.stress import CurveShock, ShockUnit, Stress

_PERCENT, _POINTS = ShockUnit.PERCENT, ShockUnit.POINTS
_LONG = (1, 2, 3, 6, 12, 24, 36)
_SHORT = (1, 2, 3, 6, 12, 18)
_WEEKLY = (1, 5, 9, 13, 17)


def _curve(product: str, unit: ShockUnit, positions: tuple[int, ...], *values: float) -> CurveShock:
    return CurveShock(product=product, unit=unit, positions=positions, values=values)


GULF_WAR_1990 = Stress(
    name="gulf-war-1990",
    title="Iraq invades Kuwait",
    first=date(1990, 7, 31),
    last=date(1990, 10, 9),
    curves=(
        _curve("CL", _PERCENT, _WEEKLY, 95.3, 57.8, 37.9, 26.8, 21.4),
        _curve("B", _PERCENT, _WEEKLY, 112.7, 57.8, 37.9, 26.8, 21.4),
    ),
    origin="WTI futures 1, 5, 9, 13 and 17 months ahead on two Tuesdays, from the weekly data of "
    "Schwartz and Smith (2000). Brent: EIA spot at the front, as WTI further out.",
)
"""Hold the rise from two days before the invasion to the autumn's peak, most of it at the front."""

DESERT_STORM_1991 = Stress(
    name="desert-storm-1991",
    title="The air war begins, and stocks are released",
    first=date(1991, 1, 16),
    last=date(1991, 1, 17),
    curves=(
        _curve("CL", _PERCENT, _WEEKLY, -33.4, -20.2, -14.0, -10.3, -8.3),
        _curve("B", _PERCENT, _WEEKLY, -30.3, -20.2, -14.0, -10.3, -8.3),
    ),
    origin="EIA spot of the two days at the front; further out WTI futures from Tuesday 15 to 22 "
    "January, from the weekly data of Schwartz and Smith (2000).",
)
"""Hold the largest fall of crude in a day until 2020."""

COLLAPSE_2008 = Stress(
    name="collapse-2008",
    title="The financial crisis",
    first=date(2008, 7, 3),
    last=date(2008, 12, 24),
    curves=(
        _curve("CL", _PERCENT, _LONG, -75.7, -73.8, -72.6, -70.0, -66.0, -60.3, -57.0),
        _curve("B", _PERCENT, _LONG, -74.9, -73.3, -72.0, -69.2, -65.7, -60.2, -57.4),
        _curve("NG", _PERCENT, _LONG, -56.5, -56.6, -56.7, -57.8, -39.5, -27.2, -24.3),
        _curve("HO", _PERCENT, _SHORT, -70.8, -70.5, -70.2, -69.4, -64.2, -63.5),
        _curve("RB", _PERCENT, _SHORT, -77.8, -76.7, -74.9, -69.4, -71.5, -62.3),
    ),
    origin="Settlements, from the peak of all five products to the low of Brent and gasoline.",
)
"""Hold half a year's fall: WTI from 145.29 to 35.35, and its curve into a steep contango."""

NEGATIVE_WTI_2020 = Stress(
    name="negative-wti-2020",
    title="The May contract of WTI settles at −37.63",
    first=date(2020, 4, 17),
    last=date(2020, 4, 20),
    curves=(
        _curve("CL", _POINTS, _LONG, -55.90, -4.60, -3.14, -1.90, -0.91, -0.46, -0.32),
        _curve("B", _POINTS, _LONG, -2.51, -2.37, -1.96, -0.96, -0.32, -0.05, 0.10),
        _curve("NG", _POINTS, _LONG, 0.171, 0.146, 0.157, 0.164, 0.076, 0.025, 0.018),
        _curve("HO", _POINTS, _SHORT, -0.0685, -0.0648, -0.0601, -0.0406, -0.0212, -0.0193),
        _curve("RB", _POINTS, _SHORT, -0.0424, -0.0391, -0.0381, -0.0257, -0.0163, -0.0301),
    ),
    origin="Settlements, in points: percent of a price that changes its sign mean nothing.",
)
"""Hold one day: 18.27 to −37.63 at the front, and 25.03 to 20.43 a month behind it."""

URI_2021 = Stress(
    name="uri-2021",
    title="Winter storm Uri, futures",
    first=date(2021, 2, 10),
    last=date(2021, 2, 17),
    curves=(
        _curve("CL", _POINTS, _LONG, 2.46, 2.59, 2.45, 1.97, 1.53, 1.08, 0.90),
        _curve("B", _POINTS, _LONG, 2.87, 2.53, 2.31, 1.89, 1.54, 1.12, 0.91),
        _curve("NG", _POINTS, _LONG, 0.308, 0.153, 0.130, 0.098, 0.087, -0.004, 0.005),
        _curve("HO", _POINTS, _SHORT, 0.0767, 0.0713, 0.0668, 0.0600, 0.0517, 0.0394),
        _curve("RB", _POINTS, _SHORT, 0.1571, 0.1097, 0.0972, 0.0759, 0.0587, 0.0602),
    ),
    origin="Settlements.",
)
"""Hold a week in which futures hardly saw what happened to gas for the next day."""

URI_CASH_2021 = Stress(
    name="uri-cash-2021",
    title="Winter storm Uri, gas in delivery",
    first=date(2021, 2, 10),
    last=date(2021, 2, 17),
    curves=(
        _curve("CL", _POINTS, _LONG, 2.46, 2.59, 2.45, 1.97, 1.53, 1.08, 0.90),
        _curve("B", _POINTS, _LONG, 2.87, 2.53, 2.31, 1.89, 1.54, 1.12, 0.91),
        _curve("NG", _POINTS, _LONG, 20.10, 0.153, 0.130, 0.098, 0.087, -0.004, 0.005),
        _curve("HO", _POINTS, _SHORT, 0.0767, 0.0713, 0.0668, 0.0600, 0.0517, 0.0394),
        _curve("RB", _POINTS, _SHORT, 0.1571, 0.1097, 0.0972, 0.0759, 0.0587, 0.0602),
    ),
    origin="Settlements, but gas at the front moves as EIA's Henry Hub spot did, 3.76 to 23.86.",
)
"""Hold the same week for who has to deliver gas: the front moves with the price of the day."""

TTF_2022 = Stress(
    name="ttf-2022",
    title="Russia cuts, then stops gas to Germany",
    first=date(2022, 6, 13),
    last=date(2022, 8, 26),
    curves=(
        _curve("TTF", _PERCENT, (1,), 324.0),
        _curve("NG", _PERCENT, _LONG, 8.0, 7.5, 8.6, 3.9, -2.5, 0.6, 0.8),
        _curve("CL", _PERCENT, _LONG, -23.0, -21.9, -20.6, -18.3, -15.8, -12.8, -10.1),
        _curve("B", _PERCENT, _LONG, -17.4, -16.8, -16.3, -15.4, -13.5, -10.0, -7.1),
        _curve("HO", _PERCENT, _SHORT, -6.4, -5.8, -5.9, -7.2, -7.5, -3.1),
        _curve("RB", _PERCENT, _SHORT, -29.3, -31.2, -30.4, -21.8, -16.1, -12.7),
    ),
    origin="TTF, public knowledge and not checked against data: ICE Endex settled the front month "
    "at 339.196 EUR/MWh on 26 August 2022; 80 in June is The Economist's figure of 15 September "
    "2022. Its whole curve moves like the front, which is an assumption. The others: settlements.",
)
"""Hold a summer: TTF to more than four times its price, while oil fell."""


def _with_financial_brent(stress: Stress) -> Stress:
    """Let BZ move as B does, on whose expiry day it is settled."""
    brent = next(shock for shock in stress.curves if shock.product == "B")
    return replace(stress, curves=(*stress.curves, replace(brent, product="BZ")))


LIBRARY: dict[str, Stress] = {
    stress.name: _with_financial_brent(stress)
    for stress in (
        GULF_WAR_1990,
        DESERT_STORM_1991,
        COLLAPSE_2008,
        NEGATIVE_WTI_2020,
        URI_2021,
        URI_CASH_2021,
        TTF_2022,
    )
}


def stress_named(name: str) -> Stress:
    """Return a stress of the library.

    Raises:
        InvalidInput: there is none of this name.
    """
    if name not in LIBRARY:
        reason = f"expected one of {', '.join(LIBRARY)}, was {name!r}"
        raise InvalidInput(field="stress", reason=reason)
    return LIBRARY[name]
