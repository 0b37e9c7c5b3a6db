"""Own where benchmarks find market data: beside the checkout, never inside it."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
SETTLEMENTS = FOLDER / "futures_settlements.parquet"
