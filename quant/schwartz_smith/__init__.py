"""Own the two-factor model of Schwartz and Smith (2000): filter, estimates, curve forecasts."""
