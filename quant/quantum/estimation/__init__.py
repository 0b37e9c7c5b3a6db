"""Own amplitude estimation: random registers, estimators, option values and risk measures."""
