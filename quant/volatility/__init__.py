"""Own volatility: EWMA, GARCH(1,1), HAR, and its term structure by maturity.

Every function takes price changes in price units (dollars a barrel), not log returns, because
prices may be zero or negative. Of positive prices a caller may pass log returns, and gets relative
volatility back: no formula knows the difference.
"""
