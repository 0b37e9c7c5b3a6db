"""Own the names under which the actors of a stack are found."""

MARKET = "market"
RUNS = "runs"
SUPERVISOR = "feed-supervisor"
KEEPER = "keeper"
WEATHER = "weather"
PARSER = "circuit-parser"
QPU = "qpu"
COURIER = "courier"


def feed(venue: str) -> str:
    """Name the feed actor of a venue."""
    return f"feed-{venue}"


def model(product: str) -> str:
    """Name the model actor of a product."""
    return f"model-{product}"
