"""Own density forecasts of price changes, and the scores that tell how good they were.

A forecast is of the change, in price units, of a position that is held and rolled: the sum of
`quant.continuous.held_changes` over the horizon, in business days. It has no drift. Prices may be
zero or negative, as nothing here takes their logarithm.
"""
