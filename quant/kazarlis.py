"""Own the ten-unit day of Kazarlis, Bakirtzis and Petridis, IEEE Trans. Power Syst. 11(1), 1996.

The test system every unit commitment method is compared on; reserve is a tenth of the load.
"""

import numpy as np

from quant.dispatch import Unit
from quant.unit_schedule import Cycling

RESERVE = 0.1

UNITS = tuple(
    Unit(maximum_mw=most, minimum_mw=least, a_per_h=a, b_per_mwh=b, c_per_mw2h=c)
    for most, least, a, b, c in (
        (455.0, 150.0, 1000.0, 16.19, 0.00048),
        (455.0, 150.0, 970.0, 17.26, 0.00031),
        (130.0, 20.0, 700.0, 16.60, 0.002),
        (130.0, 20.0, 680.0, 16.50, 0.00211),
        (162.0, 25.0, 450.0, 19.70, 0.00398),
        (80.0, 20.0, 370.0, 22.26, 0.00712),
        (85.0, 25.0, 480.0, 27.74, 0.00079),
        (55.0, 10.0, 660.0, 25.92, 0.00413),
        (55.0, 10.0, 665.0, 27.27, 0.00222),
        (55.0, 10.0, 670.0, 27.79, 0.00173),
    )
)

CYCLING = tuple(
    Cycling(
        minimum_h=minimum,
        hot_start=hot,
        cold_start=cold,
        cold_after_h=cold_after,
        initial_h=initial,
    )
    for minimum, hot, cold, cold_after, initial in (
        (8, 4500.0, 9000.0, 5, 8),
        (8, 5000.0, 10000.0, 5, 8),
        (5, 550.0, 1100.0, 4, -5),
        (5, 560.0, 1120.0, 4, -5),
        (6, 900.0, 1800.0, 4, -6),
        (3, 170.0, 340.0, 2, -3),
        (3, 260.0, 520.0, 2, -3),
        (1, 30.0, 60.0, 0, -1),
        (1, 30.0, 60.0, 0, -1),
        (1, 30.0, 60.0, 0, -1),
    )
)

LOADS_MW = np.array(
    [
        *(700.0, 750.0, 850.0, 950.0, 1000.0, 1100.0, 1150.0, 1200.0),
        *(1300.0, 1400.0, 1450.0, 1500.0, 1400.0, 1300.0, 1200.0, 1050.0),
        *(1000.0, 1100.0, 1200.0, 1400.0, 1300.0, 1100.0, 900.0, 800.0),
    ]
)
LOADS_MW.flags.writeable = False
