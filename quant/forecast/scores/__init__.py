"""Own how good forecasts were: scores, and how sure one can be of their difference."""
