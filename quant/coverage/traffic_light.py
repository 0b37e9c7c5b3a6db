"""Own the traffic light: zones of exceptions, and the multiplication factor of each."""

from dataclasses import dataclass
from enum import StrEnum

from quant.coverage.unconditional import binomial_lower_tail

_YELLOW_FROM = 0.95
_RED_FROM = 0.9999
_BASE_FACTOR = 3.0
_STANDARD = (250, 0.01)
_INCREMENTS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85)
_RED_INCREMENT = 1.0


class Zone(StrEnum):
    """Name the zones in which a number of exceptions may fall."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLight:
    """Hold a zone, the probability of so many exceptions or fewer, and the factor.

    `factor` multiplies the capital; it is stated for 250 days at 99 % only, and None elsewhere.
    """

    exceptions: int
    zone: Zone
    cumulative_probability: float
    factor: float | None


def traffic_light(
    exceptions: int, observations: int = 250, probability: float = 0.01
) -> TrafficLight:
    """Return the zone of a number of exceptions.

    Yellow begins where so many or fewer have a probability of 95 %, red where it is 99.99 %
    (Basel Committee 1996, Supervisory framework for the use of backtesting, table 2).

    Raises:
        InvalidInput: there are no observations, more exceptions than these or fewer than none,
            or `probability` is not between 0 and 1.
    """
    cumulative = binomial_lower_tail(exceptions, observations, probability)
    if cumulative < _YELLOW_FROM:
        zone = Zone.GREEN
    else:
        zone = Zone.YELLOW if cumulative < _RED_FROM else Zone.RED
    is_standard = (observations, probability) == _STANDARD
    return TrafficLight(
        exceptions=exceptions,
        zone=zone,
        cumulative_probability=cumulative,
        factor=_factor(exceptions) if is_standard else None,
    )


def _factor(exceptions: int) -> float:
    added = _INCREMENTS[exceptions] if exceptions < len(_INCREMENTS) else _RED_INCREMENT
    return _BASE_FACTOR + added
