"""Own what every request passes on its way to a route and back, in one order (order.py)."""
