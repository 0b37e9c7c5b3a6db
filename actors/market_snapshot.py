"""Own the hot copy of a live curve: what a restarted MarketActor begins from."""

from dataclasses import dataclass

import msgspec

from core.market import ContractMonth
from quant.curves import ContractState


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSnapshot:
    """Hold the state of every contract of a product, by month as YYYYMM."""

    source: str
    latest_ns: int
    states: dict[str, ContractState]


def snapshot_name(product: str) -> str:
    """Return the name under which the cache keeps a product's curve."""
    return f"curve:{product}"


def encode(snapshot: CurveSnapshot) -> bytes:
    """Encode a snapshot; decimals stay exact."""
    return msgspec.json.encode(snapshot)


def decode(payload: bytes, source: str) -> CurveSnapshot | None:
    """Read a snapshot; None if it is of another source or another version of this program."""
    try:
        snapshot = msgspec.json.decode(payload, type=CurveSnapshot)
    except msgspec.DecodeError:
        return None
    return snapshot if snapshot.source == source else None


def contract_states(snapshot: CurveSnapshot) -> dict[ContractMonth, ContractState]:
    """Return the states by contract month."""
    return {ContractMonth.parse(month): state for month, state in snapshot.states.items()}
